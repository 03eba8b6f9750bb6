#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace wisp::engine {

/// A native stack of ours on which guest code and the host functions it calls run, and which can be left in
/// the middle (RATIONALE.md, "own stacks"). The engine is told of every switch, so several fibers of one
/// store may be parked.
///
/// Owned by a FiberPool; stays on the thread that made it. Must be finished before its store is deleted.
class Fiber {
 public:
  using Entry = void (*)(void* argument);

  /// The fiber this thread runs on; null on the thread's own stack.
  [[nodiscard]] static Fiber* current() noexcept;

  /// Runs entry(argument) on this idle fiber until it returns or parks. Legal from another fiber (nesting).
  void start(Entry entry, void* argument) noexcept;

  /// Continues a parked fiber until it returns or parks again. Legal from a parent other than the one before.
  void resume() noexcept;

  /// Leaves the current fiber; returns when somebody resumes it. The caller must be on a fiber.
  static void park() noexcept;

  [[nodiscard]] bool parked() const noexcept { return state_ == State::parked; }
  [[nodiscard]] bool idle() const noexcept { return state_ == State::idle; }

  /// Bytes between the caller's frame and the limit at which wasm traps (host reserve not counted). On a
  /// thread's own stack this is what is left of it. Host recursion into guests checks it.
  [[nodiscard]] static std::size_t stack_left() noexcept;

  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber();

  /// Implementation detail of the pool and the switch; see fiber.cpp.
  struct Impl;

 private:
  friend class FiberPool;
  explicit Fiber(std::unique_ptr<Impl> impl);
  enum class State : std::uint8_t { idle, running, parked };

  std::unique_ptr<Impl> impl_;
  State state_ = State::idle;
};

struct FiberOptions {
  std::size_t stack_size = 512 << 10;   ///< bytes of address space per stack, guard page included
  std::size_t host_reserve = 96 << 10;  ///< bytes below wasm's limit that host and collector frames may use
  std::uint32_t max_fibers = 100'000;   ///< fibers alive at once
  std::uint32_t max_idle = 1'000;       ///< idle ones kept; others are unmapped
};

/// The fibers of one thread. Not thread-safe: one pool a shard.
class FiberPool {
 public:
  explicit FiberPool(FiberOptions options = {});
  ~FiberPool();
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  /// An idle fiber. Fails with Errc::no_capacity at max_fibers, Errc::out_of_mappings when the kernel
  /// refuses.
  [[nodiscard]] Result<Fiber*> take();

  /// Takes back an idle fiber.
  void give(Fiber* fiber) noexcept;

  [[nodiscard]] std::uint32_t in_use() const noexcept { return in_use_; }

 private:
  struct Idle;
  FiberOptions options_;
  std::unique_ptr<Idle> idle_;
  std::uint32_t in_use_ = 0;
};

}  // namespace wisp::engine
