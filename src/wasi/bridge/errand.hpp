#pragma once

#include "wasi/io/stream.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace wisp::wasi::bridge {

/// One coroutine at a time on behalf of an object that does not wait for it: cancelled, and answering nobody,
/// when this ends. On the shard's thread.
class Errand {
 public:
  Errand() = default;
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;
  ~Errand() { stop(); }

  [[nodiscard]] bool running() const noexcept { return state_ != nullptr && state_->running; }

  /// Begins `work`, which owns what it uses; `then` gets its StreamResult, perhaps within this call. Only
  /// while none is running.
  template <class T, class Then>
  void start(boost::asio::io_context& loop, boost::asio::awaitable<T> work, Then then) {
    state_ = std::make_shared<State>();
    boost::asio::co_spawn(
        loop, std::move(work),
        boost::asio::bind_cancellation_slot(
            state_->signal.slot(),
            [state = state_, then = std::move(then)](const std::exception_ptr& failure, T result) mutable {
              state->running = false;
              if (failure) result = ended();
              if (state->wanted) then(std::move(result));
            }));
  }

  void stop() noexcept {
    if (!running()) return;
    const auto state = std::move(state_);
    state->wanted = false;
    state->signal.emit(boost::asio::cancellation_type::terminal);
  }

 private:
  struct State {
    boost::asio::cancellation_signal signal;
    bool running = true;
    bool wanted = true;
  };
  std::shared_ptr<State> state_;
};

}  // namespace wisp::wasi::bridge
