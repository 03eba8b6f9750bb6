#pragma once

#include "component/instance/tree.hpp"

namespace wisp::component {

/// Work from the loop that waits for its turn in a tree, then runs on a fiber of its own. Owned by the tree.
class Tree::Entry final : public Runnable, public Waiter, private GuestRun::Owner {
 public:
  Entry(Tree& tree, std::move_only_function<Result<>()> work)
      : tree_(&tree), run_(*tree.shard_, this), work_(std::move(work)) {}

  void wake() noexcept override { tree_->shard_->enqueue(*this); }

  void run() noexcept override {
    if (tree_->poisoned()) return;
    if (tree_->busy()) {
      link_.unlink();
      link_.link(tree_->idle_, *this);
      return;
    }
    tree_->begin(nullptr);
    tree_->occupy(run_);
    if (auto started = run_.start(&Entry::entry, this); !started) tree_->trap(std::move(started).error());
    if (!run_.paused()) left(run_);
  }

 private:
  static void entry(void* self) {
    auto& entry = *static_cast<Entry*>(self);
    if (auto outcome = entry.work_(); !outcome) entry.tree_->trap(std::move(outcome).error());
  }
  void left(GuestRun&) noexcept override {
    Tree& tree = *tree_;
    std::erase_if(tree.waiting_entries_, [this](const auto& own) { return own.get() == this; });
    tree.end();
  }

  Tree* tree_;
  GuestRun run_;
  std::move_only_function<Result<>()> work_;
  SignalLink link_;
};

}  // namespace wisp::component
