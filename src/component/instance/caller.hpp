#pragma once

#include "base/result.hpp"
#include "base/signal.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace wisp::engine {
class Fiber;
}  // namespace wisp::engine

namespace wisp::component {

class Tree;
class ComponentInstance;
class GuestRun;

/// What a tree carries for its host functions (the WASI context: arguments, preopens, policy). Owned by the
/// tree.
class HostContext {
 public:
  virtual ~HostContext() = default;
};

/// Given to a host function: which instance called, and how to wait. Lives for the call, on the guest's
/// fiber.
class Caller {
 public:
  explicit Caller(ComponentInstance& instance) : instance_(&instance) {}

  [[nodiscard]] ComponentInstance& instance() const noexcept { return *instance_; }
  [[nodiscard]] Tree& tree() const noexcept;

  /// The tree's host context; the embedder put a T there when it made the tree.
  template <class T>
  [[nodiscard]] T& context() const {
    return static_cast<T&>(host_context());
  }

  /// The shard's loop.
  [[nodiscard]] boost::asio::io_context& loop() const noexcept;

  /// Runs a coroutine on the shard's loop and pauses the guest until it is done (design.md §5, "Pause":
  /// nothing of this instance runs meanwhile, other instances do). Errc::cancelled after the call was
  /// cancelled; the coroutine has then been cancelled through its cancellation slot and has ended.
  template <class T>
  [[nodiscard]] Result<T> await(boost::asio::awaitable<Result<T>> work);

 private:
  [[nodiscard]] HostContext& host_context() const noexcept;
  ComponentInstance* instance_;
};

/// Pauses the calling guest until woken: link() it to signals, look at the state, wait(), look again.
/// Made on the guest's fiber by a host function; lives on its frame.
class GuestWaiter final : public Waiter {
 public:
  explicit GuestWaiter(Caller& caller);
  explicit GuestWaiter(GuestRun& run) : run_(&run) {}
  GuestWaiter(const GuestWaiter&) = delete;
  GuestWaiter& operator=(const GuestWaiter&) = delete;

  /// Remembers the wake and schedules the fiber; any number of times. On the shard's thread.
  void wake() noexcept override;

  /// Returns after at least one wake() since the last wait(); at once if one is pending.
  /// Errc::cancelled when the call is being cancelled (deadline, client gone, shutdown): return the error up.
  [[nodiscard]] Result<> wait();

  /// As wait(), but returns nothing about cancellation: for waits whose subject must have ended before the
  /// frame goes.
  void wait_regardless();

 private:
  GuestRun* run_;
  bool parked_ = false;
  bool woken_ = false;
};

/// Waits until `finished` is set (and `done` woken); a cancellation of the run calls `cancel(argument)` once
/// and waits on. Errc::cancelled or the run's own reason when it was cancelled meanwhile.
[[nodiscard]] Result<> wait_cancellable(Caller& caller, GuestWaiter& done, const bool& finished,
                                        void (*cancel)(void*), void* argument);

template <class T>
Result<T> Caller::await(boost::asio::awaitable<Result<T>> work) {
  GuestWaiter done(*this);
  boost::asio::cancellation_signal signal;
  std::optional<Result<T>> outcome;
  bool finished = false;
  boost::asio::co_spawn(loop(), std::move(work),
                        boost::asio::bind_cancellation_slot(
                            signal.slot(), [&](const std::exception_ptr& failure, Result<T> result) {
                              if (failure) {
                                outcome.emplace(fail(Errc::internal, "a host function threw"));
                              } else {
                                outcome.emplace(std::move(result));
                              }
                              finished = true;
                              done.wake();
                            }));
  const auto cancel = [](void* s) {
    static_cast<boost::asio::cancellation_signal*>(s)->emit(boost::asio::cancellation_type::terminal);
  };
  TRY(wait_cancellable(*this, done, finished, cancel, &signal));
  return std::move(*outcome);
}

}  // namespace wisp::component
