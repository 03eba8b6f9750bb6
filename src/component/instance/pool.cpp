#include "component/instance/pool.hpp"

#include <algorithm>

namespace wisp::component {

/// A tree of the pool. Owned by it while idle, else by the leases together. When it is to end while a guest
/// is inside it, it waits until that has left.
struct TreePool::Member final : Runnable, Waiter {
  Member(TreePool& of, std::unique_ptr<Tree> instance) : pool(&of), tree(std::move(instance)) {}

  void wake() noexcept override { tree->shard().enqueue(*this); }
  void run() noexcept override { pool->destroy(*this); }

  TreePool* pool;
  std::unique_ptr<Tree> tree;
  std::uint32_t invocations = 0;  // so far
  std::uint32_t calls = 0;        // now
  std::uint32_t stuck = 0;        // of those
  bool warm = false;
  std::optional<Error> reason;  // why it ends with its stuck calls
  std::chrono::steady_clock::time_point since{};
  SignalLink idle;
};

TreePool::Lease::~Lease() {
  if (member_ == nullptr) return;
  if (stuck_) --member_->stuck;
  member_->pool->give(*member_);
}

Tree& TreePool::Lease::tree() const noexcept { return *member_->tree; }

bool TreePool::Lease::returns() const noexcept { return member_->warm && !member_->tree->poisoned(); }

void TreePool::Lease::give_up(const Error& reason) {
  if (std::exchange(stuck_, true)) return;
  ++member_->stuck;
  member_->pool->retire(*member_);
  if (!member_->reason) member_->reason = reason;
  if (member_->stuck == member_->calls) member_->tree->kill(*member_->reason);
}

TreePool::TreePool(std::shared_ptr<const Linked> linked, const TreeLimits& trees, const PoolLimits& limits,
                   MakeContext make_context)
    : linked_(std::move(linked)), trees_(trees), limits_(limits), make_context_(std::move(make_context)) {
  // give() must not allocate.
  warm_.reserve(limits_.pool_size);
  idle_.reserve(limits_.pool_size);
}

TreePool::~TreePool() {
  for (auto* member : idle_) delete member;
}

TreePool::Member* TreePool::take_idle() {
  while (!idle_.empty()) {
    Member* const member = idle_.back();
    idle_.pop_back();
    if (!member->tree->poisoned()) return member;
    retire(*member);
    destroy(*member);
  }
  return nullptr;
}

/// Counts a call in.
void TreePool::lend(Member& member) {
  ++member.calls;
  ++member.invocations;
  if (limits_.max_invocations != 0 && member.invocations >= limits_.max_invocations) retire(member);
}

/// Of those with room.
TreePool::Member* TreePool::least_busy(const Lift& lift) const {
  Member* best = nullptr;
  for (Member* const member : warm_) {
    if (member->calls < limits_.max_concurrency && (best == nullptr || member->calls < best->calls) &&
        member->tree->admits(lift))
      best = member;
  }
  return best;
}

bool TreePool::has_room(const Lift& lift) const {
  if (live_ < limits_.max_live) [[likely]]
    return true;
  return lift.type->async ? least_busy(lift) != nullptr : !idle_.empty();
}

std::optional<TreePool::Lease> TreePool::find(const Lift& lift) {
  Member* best = nullptr;
  if (!idle_.empty() && idle_.back()->tree->admits(lift)) {
    best = idle_.back();
    idle_.pop_back();
  } else {
    best = least_busy(lift);
    if (best == nullptr) return std::nullopt;
    if (best->calls == 0) std::erase(idle_, best);
  }
  lend(*best);
  return Lease(*best);
}

Result<TreePool::Lease> TreePool::take(GuestRun& run) {
  Member* const member = take_idle();
  if (member == nullptr) return create(run);
  lend(*member);
  return Lease(*member);
}

Result<TreePool::Lease> TreePool::create(GuestRun& run) {
  auto tree = TRY(make(run));
  auto* const member = new Member(*this, std::move(tree));
  if (warm_.size() < limits_.pool_size && limits_.max_invocations != 1) {
    member->warm = true;
    warm_.push_back(member);
  }
  lend(*member);
  return Lease(*member);
}

Result<std::unique_ptr<Tree>> TreePool::make(GuestRun& run) {
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
  return tree;
}

void TreePool::retire(Member& member) noexcept {
  if (!std::exchange(member.warm, false)) return;
  std::erase(warm_, &member);
}

void TreePool::give(Member& member) noexcept {
  --member.calls;
  if (member.tree->poisoned()) retire(member);
  if (member.calls != 0) {
    if (member.stuck == member.calls) member.tree->kill(*member.reason);
    if (room_.has_waiters()) room_.fire();
    return;
  }
  if (!member.warm) return destroy(member);
  member.since = std::chrono::steady_clock::now();
  idle_.push_back(&member);
  if (room_.has_waiters()) room_.fire();
}

void TreePool::destroy(Member& member) noexcept {
  if (member.tree->busy()) {
    member.idle.link(member.tree->idle(), member);
    return;
  }
  --live_;
  delete &member;
  if (room_.has_waiters()) room_.fire();
}

void TreePool::trim(std::chrono::steady_clock::time_point time) {
  // One whose guest still does something does not count as idle.
  for (std::size_t i = 0; i < idle_.size() && idle_[i]->since < time;) {
    Member* const member = idle_[i];
    if (member->tree->busy()) {
      ++i;
      continue;
    }
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    retire(*member);
    destroy(*member);
  }
}

}  // namespace wisp::component
