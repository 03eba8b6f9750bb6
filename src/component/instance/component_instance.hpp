#pragma once

#include "base/signal.hpp"
#include "component/async/waitable.hpp"
#include "component/instance/handle_table.hpp"
#include "component/instance/numbered.hpp"

#include <deque>

namespace wisp::component {

class Task;
class Thread;
class Tree;

/// One component instance of a tree: its handle table and flags (Canonical ABI, ComponentInstance).
class ComponentInstance {
 public:
  ComponentInstance(Tree& tree, std::uint32_t index, std::uint32_t handle_limit, bool blocks)
      : tree_(&tree), index_(index), handles_(handle_limit), blocks_(blocks) {}

  [[nodiscard]] Tree& tree() const noexcept { return *tree_; }
  [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
  [[nodiscard]] HandleTable& handles() noexcept { return handles_; }
  /// Its threads may block inside core code (InstancePlan::blocks).
  [[nodiscard]] bool blocks() const noexcept { return blocks_; }
  [[nodiscard]] Numbered<Thread>& threads() noexcept { return threads_; }

  /// The waitable or set behind a handle; Errc::trap_handle for anything else.
  [[nodiscard]] Result<Waitable*> waitable(std::uint32_t handle);
  [[nodiscard]] Result<WaitableSet*> waitable_set(std::uint32_t handle);

  // Admission of async tasks.
  /// Nothing keeps `task` from starting but those that came before.
  [[nodiscard]] bool has_room(const Task& task) const noexcept;
  [[nodiscard]] std::size_t entering() const noexcept { return entering_.size(); }
  void start_entering(Thread& thread) { entering_.push_back(&thread); }
  void stop_entering(Thread& thread) { std::erase(entering_, &thread); }
  /// Wakes the first of those who wait to enter that there is room for.
  void wake_entering() noexcept;
  /// Nobody is exclusive any more; wakes who wants to be.
  void release_exclusive() noexcept;
  /// Fires when the exclusive thread lets go.
  [[nodiscard]] Signal& gate() noexcept { return gate_; }

  bool may_enter = true;
  bool may_leave = true;
  std::uint32_t backpressure = 0;
  Thread* exclusive = nullptr;

 private:
  Tree* tree_;
  std::uint32_t index_;
  HandleTable handles_;
  Numbered<Thread> threads_;
  std::deque<Thread*> entering_;
  Signal gate_;
  bool blocks_;
};

}  // namespace wisp::component
