#pragma once

#include "base/function_ref.hpp"
#include "component/instance/caller.hpp"
#include "component/instance/guest_run.hpp"
#include "component/instance/handle_table.hpp"
#include "component/instance/linked.hpp"
#include "component/instance/shard.hpp"
#include "engine/store.hpp"

#include <chrono>
#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace wisp::component {

/// Limits of one tree of instances (design.md §8).
struct TreeLimits {
  std::uint64_t memory_bytes = 256ull << 20;          ///< linear memories and GC heaps together
  std::uint64_t table_elements = 1'000'000;           ///< core tables together
  std::uint32_t handles = 100'000;                    ///< live handles per component instance
  std::uint64_t lifted_bytes = Side::kDefaultBudget;  ///< copied out of guest memory per call
  std::chrono::milliseconds cpu_budget{0};            ///< running time per call; 0: unlimited
};

/// One component instance of a tree: its handle table and flags (Canonical ABI, ComponentInstance).
class ComponentInstance {
 public:
  ComponentInstance(Tree& tree, std::uint32_t index, std::uint32_t handle_limit)
      : tree_(&tree), index_(index), handles_(handle_limit) {}

  [[nodiscard]] Tree& tree() const noexcept { return *tree_; }
  [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
  [[nodiscard]] HandleTable& handles() noexcept { return handles_; }

  bool may_enter = true;
  bool may_leave = true;

 private:
  Tree* tree_;
  std::uint32_t index_;
  HandleTable handles_;
};

/// A root component with its nested instances in one store: one lifetime, one blast radius (design.md §2). A
/// trap poisons all of it.
///
/// Lives on one shard. Calls run on the fiber of a GuestRun; in this release one call at a time. Destroyed
/// only while no call is in flight.
class Tree final : private engine::Preemption {
 public:
  /// Instantiates on the current fiber: core start functions run here and may pause. `run` is the work this
  /// belongs to.
  [[nodiscard]] static Result<std::unique_ptr<Tree>> instantiate(std::shared_ptr<const Linked> linked,
                                                                 GuestRun& run, const TreeLimits& limits,
                                                                 std::shared_ptr<HostContext> context);
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  /// Writes parameters or reads results of a call from the host.
  using Marshal = FunctionRef<Result<>(CallSide& side, FlatSpan values)>;

  /// Calls a lifted function from the host on the current fiber: `lower` writes the flat parameters (or
  /// stores the record and writes its address), `take` reads the results, before post-return. An Error is a
  /// trap and poisons the tree.
  [[nodiscard]] Result<> call(GuestRun& run, const Lift& lift, Marshal lower, Marshal take);

  /// Drops an own handle's resource that this tree defines, from outside: runs the destructor.
  [[nodiscard]] Result<> destroy(GuestRun& run, ResourceId resource, Rep rep);

  [[nodiscard]] const Linked& linked() const noexcept { return *linked_; }
  [[nodiscard]] const Plan& plan() const noexcept { return *linked_->plan; }
  [[nodiscard]] HostContext& context() const noexcept { return *context_; }
  [[nodiscard]] const TreeLimits& limits() const noexcept { return limits_; }
  /// The run whose call is inside the tree now.
  [[nodiscard]] GuestRun& run() const noexcept { return *run_; }
  [[nodiscard]] bool poisoned() const noexcept { return poisoned_; }
  [[nodiscard]] std::uint64_t memory_used() const noexcept { return store_.memory_used(); }

  /// What link/ keeps per tree: the trees of the components that satisfy its imports, by provider.
  [[nodiscard]] std::shared_ptr<void>& attachment(std::uint32_t index) {
    if (index >= attachments_.size()) attachments_.resize(index + 1);
    return attachments_[index];
  }
  [[nodiscard]] const std::shared_ptr<HostContext>& shared_context() const noexcept { return context_; }

  // For sides and trampolines.
  [[nodiscard]] GuestMemory memory(std::uint32_t slot) const;
  [[nodiscard]] Result<> call_core(std::uint32_t func_slot, wasmtime_val_raw_t* values, std::size_t count);
  [[nodiscard]] ComponentInstance& instance(std::uint32_t index) { return instances_[index]; }
  void poison() noexcept { poisoned_ = true; }
  /// Calls a lift that this tree's own instance `caller` imports, on the current stack.
  [[nodiscard]] Result<> call_inside(const BoundTrampoline& trampoline, FlatSpan values);
  /// canon resource.drop
  [[nodiscard]] Result<> drop_handle(ComponentInstance& instance, ResourceId resource, std::uint32_t handle);
  [[nodiscard]] const ResourceBinding& binding(ResourceId resource) const {
    return linked_->resources[resource.value];
  }

 private:
  Tree(std::shared_ptr<const Linked> linked, GuestRun& run, const TreeLimits& limits,
       std::shared_ptr<HostContext> context);
  [[nodiscard]] Result<> tick() override;
  [[nodiscard]] Result<> execute_plan();
  [[nodiscard]] Result<> instantiate_core(const InstantiateStep& step, std::span<const CoreItemRef> items);
  [[nodiscard]] wasmtime_extern_t core_item(const CoreItemRef& from) const;
  [[nodiscard]] Result<> run_destructor(ResourceId resource, Rep rep);
  template <class Body>
  [[nodiscard]] Result<> entered(std::span<const std::uint32_t> entering, Body body);
  template <class Body>
  [[nodiscard]] Result<> task(GuestRun& run, Body body);
  template <class Params, class Results>
  [[nodiscard]] Result<> lifted_call(const Lift& lift, Params params, Results results);

  std::shared_ptr<const Linked> linked_;
  std::shared_ptr<HostContext> context_;
  TreeLimits limits_;
  engine::Store store_;
  GuestRun* run_;
  std::deque<ComponentInstance> instances_;
  std::vector<wasmtime_instance_t> core_instances_;
  std::vector<wasmtime_func_t> trampolines_;
  std::vector<wasmtime_func_t> funcs_;
  std::vector<wasmtime_memory_t> memories_;
  std::vector<std::shared_ptr<void>> attachments_;
  // Running time of the current task: since its first tick, less what its run was parked. Reading the clock
  // at each entry would cost more than a short call.
  std::chrono::steady_clock::time_point task_start_{}, slice_start_{};
  std::chrono::steady_clock::duration parked_before_{};
  std::uint32_t depth_ = 0;
  bool ticked_ = false;
  bool overran_ = false;
  bool poisoned_ = false;
};

}  // namespace wisp::component
