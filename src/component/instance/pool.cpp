#include "component/instance/pool.hpp"

#include <algorithm>

namespace wisp::component {

TreePool::TreePool(std::shared_ptr<const Linked> linked, const TreeLimits& trees, const PoolLimits& limits,
                   MakeContext make_context)
    : linked_(std::move(linked)), trees_(trees), limits_(limits), make_context_(std::move(make_context)) {
  // give() must not allocate.
  if (limits_.max_invocations > 1) idle_.reserve(limits_.max_idle);
}

TreePool::~TreePool() = default;

Result<TreePool::Lease> TreePool::take(GuestRun& run) {
  if (!idle_.empty()) {
    Lease::Held held = std::move(idle_.back());
    idle_.pop_back();
    ++held.invocations;
    return Lease(*this, std::move(held));
  }
  if (live_ >= limits_.max_live)
    return fail(Errc::no_capacity, "all {} instances of the component are in use", limits_.max_live);
  // Counted before: instantiation may pause, and others ask meanwhile.
  ++live_;
  auto context = make_context_ ? make_context_() : Result<std::shared_ptr<HostContext>>(nullptr);
  if (!context) {
    --live_;
    return std::unexpected(std::move(context).error());
  }
  auto tree = Tree::instantiate(linked_, run, trees_, *std::move(context));
  if (!tree) {
    --live_;
    return std::unexpected(std::move(tree).error());
  }
  ++made_;
  return Lease(*this, {.tree = *std::move(tree), .invocations = 1, .since = {}});
}

void TreePool::give(Lease::Held held) noexcept {
  if (held.tree->poisoned() || held.invocations >= limits_.max_invocations ||
      idle_.size() >= limits_.max_idle) {
    held.tree.reset();
    --live_;
    return;
  }
  held.since = std::chrono::steady_clock::now();
  idle_.push_back(std::move(held));
}

void TreePool::trim(std::chrono::steady_clock::time_point time) {
  const auto end = std::ranges::find_if(idle_, [&](const Lease::Held& held) { return held.since >= time; });
  live_ -= static_cast<std::uint32_t>(end - idle_.begin());
  idle_.erase(idle_.begin(), end);
}

}  // namespace wisp::component
