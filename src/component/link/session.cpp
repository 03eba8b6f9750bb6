#include "component/link/session.hpp"

#include "component/link/late_drops.hpp"

#include <algorithm>

namespace wisp::component {

Session& Session::of(Tree& caller, const ProviderRef& from) {
  auto& slot = caller.attachment(from.index);
  if (slot == nullptr) slot = std::make_shared<Session>();
  return *static_cast<Session*>(slot.get());
}

Result<Tree*> Session::next(const Provider& provider, Tree& caller, GuestRun& run, std::size_t most) {
  bool worn = invocations_ >= provider.max_invocations && !keeps_state_;
  if (worn && worn_.size() >= most) {
    forget_ended();
    worn = worn_.size() < most;
  }
  if (tree_ == nullptr || tree_->poisoned() || worn) {
    retire();
    tree_ = TRY(Tree::instantiate(provider.linked, run, caller.limits(), caller.shared_context()));
    keeps_state_ = std::ranges::any_of(provider.linked->plan->resources,
                                       [](const ResourcePlan& resource) { return !resource.imported; });
  }
  ++invocations_;
  return tree_.get();
}

void Session::forget_ended() {
  std::erase_if(worn_, [](const auto& old) { return old.tree->tasks() == 0; });
}

void Session::retire() {
  forget_ended();
  if (tree_ != nullptr && tree_->tasks() > 0)
    worn_.push_back({.tree = std::move(tree_), .watch = std::move(watch_)});
  watch_ = nullptr;
  tree_ = nullptr;
  invocations_ = 0;
}

void Session::watch(const Tree& tree, const std::shared_ptr<const Provider>& provider) {
  if (!watch_ && tree_.get() == &tree && provider->on_crash)
    watch_ = std::make_shared<CrashWatch>(tree_, provider);
}

bool Session::claim() {
  bool found = false, fresh = false;
  const auto look = [&](const std::shared_ptr<CrashWatch>& watch) {
    if (watch == nullptr || !watch->crashed()) return;
    found = true;
    fresh |= watch->claim();
  };
  look(watch_);
  for (const auto& old : worn_) look(old.watch);
  return fresh || !found;
}

Session::~Session() {
  retire();
  for (auto& [old, watch] : worn_) {
    auto& shard = old->shard();
    // Nothing goes on in one that has trapped.
    if (old->poisoned() && !old->busy()) continue;
    // What was lent to it ends with the caller.
    if (old->has_loans()) old->kill(Error(Errc::cancelled, "the caller of the component has ended"));
    linger(shard, std::move(old), std::move(watch));
  }
}

}  // namespace wisp::component
