#pragma once

#include "component/instance/shard.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <functional>
#include <optional>

namespace wisp::component {

class GuestWaiter;

/// One stretch of guest work on a fiber: started by the host, carried through every tree that it calls, until
/// it ends or is cancelled. Owned by whoever started it; lives on the shard; must be done before it is
/// destroyed.
class GuestRun {
 public:
  explicit GuestRun(Shard& shard) : shard_(&shard) {}
  ~GuestRun();
  GuestRun(const GuestRun&) = delete;
  GuestRun& operator=(const GuestRun&) = delete;

  /// Runs `work` on a fiber until it ends or pauses for the first time. Errc::no_capacity without a fiber:
  /// then `work` has not run and done() is true.
  [[nodiscard]] Result<> start(std::move_only_function<void()> work);

  [[nodiscard]] bool done() const noexcept { return done_; }

  /// Completes once the work is done; one waiter at a time. Not cancellable: cancel() the run.
  [[nodiscard]] boost::asio::awaitable<void> finished();

  /// Makes the guest trap with `reason` at its next pause, wait or tick. Any number of times, on the shard's
  /// thread.
  void cancel(Error reason);

  [[nodiscard]] Shard& shard() const noexcept { return *shard_; }
  /// Set once cancelled.
  [[nodiscard]] const std::optional<Error>& cancelled() const noexcept { return cancelled_; }

  /// Time spent parked so far.
  [[nodiscard]] std::chrono::steady_clock::duration parked_time() const noexcept { return parked_; }

  /// Parks the run's fiber behind ready work (Shard::overrun).
  void yield();

 private:
  friend class GuestWaiter;
  static void entry(void* self);
  void park(GuestWaiter* waiter);
  void complete();

  Shard* shard_;
  engine::Fiber* fiber_ = nullptr;
  std::move_only_function<void()> work_;
  std::move_only_function<void()> continuation_;
  std::optional<Error> cancelled_;
  GuestWaiter* waiter_ = nullptr;  // parked in it
  std::chrono::steady_clock::duration parked_{};
  bool inline_ = false;  // still inside start()
  bool done_ = true;
};

}  // namespace wisp::component
