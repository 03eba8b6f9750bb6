#pragma once

#include "component/instance/tree.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace wisp::component {

/// How many trees a pool keeps and how often it uses each.
struct PoolLimits {
  std::uint32_t max_invocations =
      1;                           ///< calls that one tree serves, one after the other; then it is discarded
  std::uint32_t max_idle = 64;     ///< trees kept for the next call; more are discarded
  std::uint32_t max_live = 1'000;  ///< trees at once, idle ones included; above it Errc::no_capacity
};

/// The trees of one component on one shard: lends them out, takes them back while they are good for another
/// call.
///
/// A tree serves one call at a time. One that has trapped, or was cancelled, is never lent again. Owned by
/// whoever serves the component; lives on the shard; outlives its leases.
class TreePool {
 public:
  /// Makes what a new tree's host functions need. Called on the fiber of the run that asked.
  using MakeContext = std::function<Result<std::shared_ptr<HostContext>>()>;

  /// A tree for one call. Gives it back, or discards it, when it ends. Movable.
  class Lease {
   public:
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), held_(std::move(other.held_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (pool_ != nullptr) pool_->give(std::move(held_));
    }

    [[nodiscard]] Tree& tree() const noexcept { return *held_.tree; }

   private:
    friend class TreePool;
    struct Held {
      std::unique_ptr<Tree> tree;
      std::uint32_t invocations = 0;
      std::chrono::steady_clock::time_point since{};  // idle since
    };
    Lease(TreePool& pool, Held held) noexcept : pool_(&pool), held_(std::move(held)) {}
    TreePool* pool_;
    Held held_;
  };

  TreePool(std::shared_ptr<const Linked> linked, const TreeLimits& trees, const PoolLimits& limits,
           MakeContext make_context);
  ~TreePool();
  TreePool(const TreePool&) = delete;
  TreePool& operator=(const TreePool&) = delete;

  /// The tree that was idle for the shortest time, or a new one, instantiated on the current fiber as part of
  /// `run`. Errc::no_capacity at max_live, and what Tree::instantiate says.
  [[nodiscard]] Result<Lease> take(GuestRun& run);

  /// Discards trees that have been idle since before `time`.
  void trim(std::chrono::steady_clock::time_point time);

  [[nodiscard]] const Linked& linked() const noexcept { return *linked_; }
  [[nodiscard]] std::uint32_t live() const noexcept { return live_; }
  [[nodiscard]] std::uint32_t idle() const noexcept { return static_cast<std::uint32_t>(idle_.size()); }
  [[nodiscard]] std::uint64_t made() const noexcept { return made_; }

 private:
  void give(Lease::Held held) noexcept;

  std::shared_ptr<const Linked> linked_;
  TreeLimits trees_;
  PoolLimits limits_;
  MakeContext make_context_;
  std::vector<Lease::Held> idle_;  // in the order they became idle
  std::uint32_t live_ = 0;
  std::uint64_t made_ = 0;
};

}  // namespace wisp::component
