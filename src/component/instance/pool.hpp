#pragma once

#include "component/instance/tree.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace wisp::component {

/// How many trees a pool keeps and how it uses each.
struct PoolLimits {
  std::uint32_t pool_size = 64;       ///< trees that may be used again; those beyond serve one call
  std::uint32_t max_invocations = 1;  ///< calls that one tree serves, then it ends; 0: no limit
  std::uint32_t max_concurrency = 1;  ///< calls that one tree serves at a time (async exports only)
  std::uint32_t max_live = 1'000;     ///< trees at once, idle ones included; above it Errc::no_capacity
};

/// The trees of one component on one shard: lends them out for calls, takes them back while they are good for
/// others.
///
/// A tree that has trapped, or holds a call that would not end, gets no new calls. Owned by whoever serves
/// the component; lives on the shard; outlives its leases.
class TreePool {
  struct Member;

 public:
  /// Makes what a new tree's host functions need. Called on the fiber of the run that asked.
  using MakeContext = std::function<Result<std::shared_ptr<HostContext>>()>;

  /// A tree for one call. Gives it back, or discards it, when it ends. Movable.
  class Lease {
   public:
    Lease(Lease&& other) noexcept : member_(std::exchange(other.member_, nullptr)), stuck_(other.stuck_) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    [[nodiscard]] Tree& tree() const noexcept;

    /// The tree stays when the lease ends.
    [[nodiscard]] bool returns() const noexcept;

    /// The call does not end although it should: the tree gets no new ones, and ends with `reason` once all
    /// calls that are left in it are such. From the loop.
    void give_up(const Error& reason);

   private:
    friend class TreePool;
    explicit Lease(Member& member) noexcept : member_(&member) {}
    Member* member_;
    bool stuck_ = false;
  };

  TreePool(std::shared_ptr<const Linked> linked, const TreeLimits& trees, const PoolLimits& limits,
           MakeContext make_context);
  ~TreePool();
  TreePool(const TreePool&) = delete;
  TreePool& operator=(const TreePool&) = delete;

  /// A tree with room for a call of `lift` that would start at once: the one that was idle for the shortest
  /// time, else the one with the fewest calls. A tree in which a guest has paused has no room, nor has one
  /// that holds its callers back.
  [[nodiscard]] std::optional<Lease> find(const Lift& lift);

  /// Whether find() or create() would give a tree now.
  [[nodiscard]] bool has_room(const Lift& lift) const;
  /// Fires when a call or a tree has ended.
  [[nodiscard]] Signal& room() noexcept { return room_; }

  /// A new tree, instantiated on the current fiber as part of `run`. Errc::no_capacity at max_live, and what
  /// Tree::instantiate says.
  [[nodiscard]] Result<Lease> create(GuestRun& run);

  /// The tree that was idle for the shortest time, else a new one.
  [[nodiscard]] Result<Lease> take(GuestRun& run);

  /// Discards trees that have been idle since before `time`.
  void trim(std::chrono::steady_clock::time_point time);

  [[nodiscard]] const Linked& linked() const noexcept { return *linked_; }
  [[nodiscard]] std::uint32_t live() const noexcept { return live_; }
  [[nodiscard]] std::uint32_t idle() const noexcept { return static_cast<std::uint32_t>(idle_.size()); }
  [[nodiscard]] std::uint64_t made() const noexcept { return made_; }

 private:
  [[nodiscard]] Result<std::unique_ptr<Tree>> make(GuestRun& run);
  [[nodiscard]] Member* least_busy(const Lift& lift) const;
  [[nodiscard]] Member* take_idle();
  void lend(Member& member);
  void give(Member& member) noexcept;
  void retire(Member& member) noexcept;
  void destroy(Member& member) noexcept;

  std::shared_ptr<const Linked> linked_;
  TreeLimits trees_;
  PoolLimits limits_;
  MakeContext make_context_;
  std::vector<Member*> warm_;  // those that may be used again, idle ones included
  std::vector<Member*> idle_;  // in the order they became idle
  Signal room_;
  std::uint32_t live_ = 0;
  std::uint64_t made_ = 0;
};

}  // namespace wisp::component
