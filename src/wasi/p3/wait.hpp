#pragma once

#include "base/signal.hpp"
#include "net/event.hpp"
#include "wasi/io/readiness.hpp"

#include <boost/asio/awaitable.hpp>

/// How coroutines of the host wait for core objects.
namespace wisp::wasi::p3 {

/// Turns signals into something that one coroutine waits for. Latched: what fires between two waits ends the
/// second one at once. Lives in the coroutine's frame or in an object that it owns.
class Alarm final : public Waiter {
 public:
  void wake() noexcept override {
    woken_ = true;
    event_.fire();
  }
  /// Returns after at least one wake() since the last wait. False: the coroutine was cancelled.
  [[nodiscard]] boost::asio::awaitable<bool> wait() {
    while (!woken_) {
      if (!co_await event_.wait()) co_return false;
    }
    woken_ = false;
    co_return true;
  }

 private:
  net::Event event_;
  bool woken_ = false;
};

/// Returns once `readiness` is ready. False: the coroutine was cancelled. The caller keeps it alive.
[[nodiscard]] boost::asio::awaitable<bool> until_ready(Readiness& readiness);

}  // namespace wisp::wasi::p3
