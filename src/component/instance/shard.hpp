#pragma once

#include "engine/engine.hpp"
#include "engine/fiber.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <deque>

namespace wisp::component {

/// One thread's share of the system: its loop, its fibers, and the queue of guests that overran their slice.
/// Everything pinned to a shard is touched on its thread only.
class Shard {
 public:
  Shard(std::shared_ptr<engine::Engine> engine, engine::FiberOptions fibers = {});
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  [[nodiscard]] boost::asio::io_context& loop() noexcept { return loop_; }
  [[nodiscard]] engine::FiberPool& fibers() noexcept { return fibers_; }
  [[nodiscard]] engine::Engine& engine() const noexcept { return *engine_; }

  /// Parks the current fiber behind everything that is ready, because its guest overran its slice.
  /// Overrunning guests share one slice a turn of the loop: one of them runs, then the loop turns.
  void overrun();

  /// A guest overran its slice for the first time, or ended after that: while there are such guests the epoch
  /// ticks faster, and their slices are one tick.
  void overrun_begins();
  void overrun_ends();

  /// Resumes a parked fiber from the loop.
  void resume_later(engine::Fiber* fiber);

  /// How long guest code may run before the loop turns.
  static constexpr std::chrono::microseconds kSlice{1000};

 private:
  void run_one_overrun();

  std::shared_ptr<engine::Engine> engine_;
  boost::asio::io_context loop_{1};
  engine::FiberPool fibers_;
  std::deque<engine::Fiber*> overrunning_;
  bool overrun_posted_ = false;
  std::uint32_t overrunners_ = 0;
};

}  // namespace wisp::component
