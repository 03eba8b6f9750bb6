#pragma once

#include "base/signal.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>

namespace wisp::wasi::http {

/// A bound on how long something may take: wakes `waiter` when it is over. One at a time; lives beside the
/// waiter, on its shard.
class Alarm {
 public:
  Alarm(boost::asio::io_context& loop, Waiter& waiter) : loop_(loop), waiter_(&waiter) {}
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm() { stop(); }

  /// Nothing, or a time beyond 292 years (a guest's number without a sign): never.
  void start(std::optional<std::chrono::nanoseconds> after) {
    stop();
    if (!after || after->count() < 0) return;
    shot_ = std::make_shared<Shot>(loop_, *waiter_);
    shot_->timer.expires_after(std::min<std::chrono::nanoseconds>(*after, std::chrono::hours(24 * 365)));
    shot_->timer.async_wait([shot = shot_](const boost::system::error_code& error) {
      if (error || shot->waiter == nullptr) return;
      shot->over = true;
      shot->waiter->wake();
    });
  }
  void stop() {
    if (!shot_) return;
    shot_->waiter = nullptr;
    shot_->timer.cancel();
    shot_.reset();
  }
  [[nodiscard]] bool over() const noexcept { return shot_ && shot_->over; }

 private:
  struct Shot {
    Shot(boost::asio::io_context& loop, Waiter& who) : timer(loop), waiter(&who) {}
    boost::asio::steady_timer timer;
    Waiter* waiter;
    bool over = false;
  };
  boost::asio::io_context& loop_;
  Waiter* waiter_;
  std::shared_ptr<Shot> shot_;
};

}  // namespace wisp::wasi::http
