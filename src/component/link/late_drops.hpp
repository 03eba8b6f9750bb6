#pragma once

#include "component/instance/tree.hpp"

#include <chrono>
#include <cstdint>
#include <memory>

namespace wisp::component {

/// Bounds of what the holders of handles leave behind when they end (design.md §8).
struct LateDropLimits {
  std::uint32_t pending = 10'000;             ///< destructors that wait on one shard; more do not run
  std::chrono::milliseconds patience{1'000};  ///< for all those of one tree, waiting included
  std::chrono::milliseconds linger{300'000};  ///< for calls that outlive their caller
};

/// Other limits for what `shard` is left with from now on.
void limit_late_drops(Shard& shard, const LateDropLimits& limits);

/// Runs the destructor of `resource` in the tree that defines it, because the own handle to it ended with its
/// holder's tree (design.md §6, "Ending a tree"): later, from the shard's loop, on a fiber of its own, one
/// tree after the other, so that nothing enters a tree that is about to end. Keeps `tree` until then. What
/// traps, or takes longer than `patience`, ends with the tree's remaining destructors. On the shard's thread.
void drop_later(Shard& shard, std::shared_ptr<Tree> tree, ResourceId resource, Rep rep);

/// Keeps `tree`, whose caller's tree has ended, while calls go on in it that their caller does not wait for
/// any more: a body that it still writes is on its way to somebody else. `linger` at most. `with` is kept as
/// long. On the shard's thread.
void linger(Shard& shard, std::shared_ptr<Tree> tree, std::shared_ptr<void> with);

/// Ends what lingers, and whatever would from now on. From the loop; pending_drops() tells when that is done.
void end_lingering(Shard& shard, const Error& reason);

/// Destructors that have not ended yet, and trees that linger. Whoever ends a shard's loop runs it until
/// there are none, which the limits bound; what is left when the loop is destroyed is forgotten.
[[nodiscard]] std::uint32_t pending_drops(Shard& shard);

}  // namespace wisp::component
