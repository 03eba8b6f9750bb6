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

/// One stretch of guest work on a fiber. The host starts one and it is carried through every tree that it
/// calls on the same stack; a thread of a guest that needs a stack of its own has one too, which is started
/// from the frame that calls it.
///
/// It leaves its fiber in two ways (design.md §5). *Block*: whoever started or resumed it goes on. *Pause*:
/// the frame that runs it is paused with it, and so on down to the loop, which resumes them all together.
///
/// Owned by whoever started it; lives on the shard; must be done before it is destroyed.
class GuestRun final : private Runnable {
 public:
  /// Told that a run which had paused down to the loop is back there: done, or blocked. May destroy the run.
  class Owner {
   public:
    virtual void left(GuestRun& run) noexcept = 0;

   protected:
    ~Owner() = default;
  };

  explicit GuestRun(Shard& shard, Owner* owner = nullptr) : shard_(&shard), owner_(owner) {}
  ~GuestRun();
  GuestRun(const GuestRun&) = delete;
  GuestRun& operator=(const GuestRun&) = delete;

  /// Runs `work` on a fiber until it ends, blocks, or (from the loop) pauses for the first time. From another
  /// run's fiber it returns only when this one has ended or blocked. Errc::no_capacity without a fiber: then
  /// `work` has not run and done() is true.
  [[nodiscard]] Result<> start(std::move_only_function<void()> work);
  /// As above without a closure; for threads, which start often.
  [[nodiscard]] Result<> start(engine::Fiber::Entry entry, void* argument);

  /// Goes on with a run that blocked; returns as start() does.
  void resume();

  [[nodiscard]] bool done() const noexcept { return done_; }
  [[nodiscard]] bool paused() const noexcept { return paused_; }
  [[nodiscard]] bool blocked() const noexcept { return blocked_; }

  /// Completes once the work is done; one waiter at a time. Not cancellable: cancel() the run.
  [[nodiscard]] boost::asio::awaitable<void> finished();

  /// Makes the guest trap with `reason` at its next pause, wait or tick, and the runs that it waits for. Any
  /// number of times, on the shard's thread. A blocked run notices when it is resumed.
  void cancel(Error reason);

  [[nodiscard]] Shard& shard() const noexcept { return *shard_; }
  /// Set once cancelled.
  [[nodiscard]] const std::optional<Error>& cancelled() const noexcept { return cancelled_; }

  /// How often it has paused so far.
  [[nodiscard]] std::uint64_t pauses() const noexcept { return pauses_; }

  // On its own fiber:
  /// Leaves it at a blocking point of the specification; returns when resume()d.
  void block();
  /// Pauses it behind ready work (Shard::overrun).
  void yield();
  /// Pauses it, with everything that runs it, until the loop resumes top() (Shard::resume_later).
  void pause();

  /// The outermost run of the chain that this one was started or resumed in.
  [[nodiscard]] GuestRun& top() noexcept;

 private:
  friend class GuestWaiter;
  friend class Shard;
  static void entry(void* self);
  void enter(engine::Fiber::Entry entry, void* argument);
  void run() noexcept override { resume_paused(); }
  void resume_paused();
  void came_back();

  Shard* shard_;
  Owner* owner_;
  engine::Fiber* fiber_ = nullptr;
  std::move_only_function<void()> work_;
  std::move_only_function<void()> continuation_;
  std::optional<Error> cancelled_;
  GuestWaiter* waiter_ = nullptr;  // parked in it
  GuestRun* caller_ = nullptr;     // whose frame runs this one
  GuestRun* callee_ = nullptr;     // which this one's frame runs
  std::uint64_t pauses_ = 0;
  bool paused_ = false;
  bool blocked_ = false;
  bool done_ = true;
};

}  // namespace wisp::component
