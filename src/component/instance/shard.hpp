#pragma once

#include "engine/engine.hpp"
#include "engine/fiber.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace wisp::component {

class GuestRun;

/// Something that is ready to go on from the loop. Leaves its queue when it is destroyed.
class Runnable
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  /// On the loop's own stack. May destroy the runnable.
  virtual void run() noexcept = 0;

 protected:
  ~Runnable() = default;
};

/// One thread's share of the system: its loop, its fibers, and the queues of guests that are ready or overran
/// their slice. Everything pinned to a shard is touched on its thread only.
class Shard {
 public:
  Shard(std::shared_ptr<engine::Engine> engine, engine::FiberOptions fibers = {});
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  [[nodiscard]] boost::asio::io_context& loop() noexcept { return loop_; }
  [[nodiscard]] engine::FiberPool& fibers() noexcept { return fibers_; }
  [[nodiscard]] engine::Engine& engine() const noexcept { return *engine_; }

  /// Runs it from the loop, in the order of the calls; once, when it is queued already.
  void enqueue(Runnable& runnable);

  /// Pauses the current run behind everything that is ready, because its guest overran its slice.
  /// Overrunning guests share one slice a turn of the loop: one of them runs, then the loop turns.
  void overrun(GuestRun& run);

  /// A guest overran its slice for the first time, or ended after that: while there are such guests the epoch
  /// ticks faster, and their slices are one tick.
  void overrun_begins();
  void overrun_ends();

  /// Resumes a paused run from the loop, with everything that paused with it.
  void resume_later(GuestRun& run);

  /// The run on whose fiber the thread is; null on the loop's own stack.
  [[nodiscard]] GuestRun* current_run() const noexcept { return current_; }

  /// Runs that are paused down to the loop now, each with the instance that serves nobody else meanwhile.
  [[nodiscard]] std::uint32_t paused() const noexcept { return paused_; }
  /// The time that runs were paused so far, of all together; each pause counts to a tick of the kernel (4
  /// ms).
  [[nodiscard]] std::chrono::nanoseconds paused_time() const noexcept;

  /// sleeps() will say when the shard runs no guests. Before the first guest of any shard of the engine, and
  /// for all of them: an engine does not tick for one that has not joined, once the others sleep.
  void tells_when_it_sleeps() { presence_.emplace(*engine_); }

  /// The loop is about to wait in the kernel: until it runs a guest again nothing has to tick for it.
  void sleeps() noexcept { presence_->leave(); }

  /// How long guest code may run before the loop turns.
  static constexpr std::chrono::microseconds kSlice{1000};

 private:
  friend class GuestRun;
  using Queue = boost::intrusive::list<Runnable, boost::intrusive::constant_time_size<false>>;

  /// Runnables after which the loop turns.
  static constexpr std::uint32_t kReadyTurns = 64;

  void run_one_overrun();
  void run_ready();
  void pause_begins() noexcept;
  void pause_ends() noexcept;
  /// Before a guest runs from the loop.
  void guest_begins() noexcept {
    if (presence_) presence_->come_back();
  }

  std::shared_ptr<engine::Engine> engine_;
  std::optional<engine::Presence> presence_;
  // Other threads only post: what it waits for is begun on its own.
  boost::asio::io_context loop_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  engine::FiberPool fibers_;
  Queue ready_;
  std::deque<GuestRun*> overrunning_;
  GuestRun* current_ = nullptr;
  bool overrun_posted_ = false;
  bool ready_posted_ = false;
  std::uint32_t overrunners_ = 0;
  std::uint32_t paused_ = 0;
  std::chrono::nanoseconds paused_time_{};   // up to paused_since_
  std::chrono::nanoseconds paused_since_{};  // when paused_ changed last
};

}  // namespace wisp::component
