#pragma once

#include "base/function_ref.hpp"
#include "component/instance/caller.hpp"
#include "component/instance/component_instance.hpp"
#include "component/instance/guest_buffer.hpp"
#include "component/instance/guest_run.hpp"
#include "component/instance/linked.hpp"
#include "component/instance/payload.hpp"
#include "component/instance/shard.hpp"
#include "component/instance/task.hpp"
#include "engine/store.hpp"

#include <boost/container/small_vector.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace wisp::component {

/// Limits of one tree of instances (design.md §8).
struct TreeLimits {
  std::uint64_t memory_bytes = 256ull << 20;          ///< linear memories and GC heaps together
  std::uint64_t table_elements = 1'000'000;           ///< core tables together
  std::uint32_t handles = 100'000;                    ///< live handles per component instance
  std::uint32_t tasks = 10'000;                       ///< calls in flight that may wait: into it, and again
                                                      ///< of host functions by it
  std::uint32_t stacks = 256;                         ///< stacks of threads that block inside core code
  std::uint64_t lifted_bytes = Side::kDefaultBudget;  ///< copied out of guest memory per call
  std::chrono::milliseconds cpu_budget{0};            ///< running time per call; 0: unlimited
};

/// A root component with its nested instances in one store: one lifetime, one blast radius (design.md §2). A
/// trap poisons all of it.
///
/// Lives on one shard. Something is inside it from the moment that a call or thread enters it until that ends
/// or blocks; a pause does not leave it, and whoever comes meanwhile waits. Destroyed only while nothing is
/// inside; tasks that are left are told that they failed.
class Tree final : public std::enable_shared_from_this<Tree>, private engine::Preemption {
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

  /// Calls a lifted function from the host on the current fiber, which is `run`'s, and waits until it has
  /// resolved: `lower` writes the flat parameters (or stores the record and writes its address), `take` reads
  /// the results, before post-return. An Error is a trap and poisons the tree.
  [[nodiscard]] Result<> call(GuestRun& run, const Lift& lift, Marshal lower, Marshal take);

  /// Starts a call of an async function from the loop or a fiber; `source` learns how it goes, perhaps within
  /// this call. The task that it returns can be asked to cancel. An Error instead: `source` is told nothing.
  /// Errc::no_capacity at the limit of tasks.
  [[nodiscard]] Result<TaskRef> start(const Lift& lift, CallSource& source);

  /// A call that has not ended holds what its caller lent it.
  [[nodiscard]] bool has_loans() const noexcept;
  /// A call would start at once: nothing is inside, nobody computes and only yields now and then, and the
  /// instance holds nobody back.
  [[nodiscard]] bool admits(const Lift& lift) const noexcept;

  /// Drops an own handle's resource that this tree defines, from outside: runs the destructor.
  [[nodiscard]] Result<> destroy(GuestRun& run, ResourceId resource, Rep rep);

  /// Runs `work` inside the tree from the loop, when nothing else is: at once or later, on a fiber. For
  /// results of host functions that are put into guest memory. Not run when the tree ends before.
  void enter_later(std::move_only_function<Result<>()> work);

  /// Ends all that goes on in it with `reason`, as a trap would. From the loop; it is free again when idle()
  /// fires, or at once.
  void kill(Error reason);

  [[nodiscard]] const Linked& linked() const noexcept { return *linked_; }
  [[nodiscard]] const Plan& plan() const noexcept { return *linked_->plan; }
  [[nodiscard]] HostContext& context() const noexcept { return *context_; }
  [[nodiscard]] const TreeLimits& limits() const noexcept { return limits_; }
  [[nodiscard]] Shard& shard() const noexcept { return *shard_; }
  /// The run on whose fiber this is called.
  [[nodiscard]] GuestRun& run() const noexcept { return *shard_->current_run(); }
  [[nodiscard]] bool poisoned() const noexcept { return poisoned_; }
  /// The trap that has poisoned it, if one has.
  [[nodiscard]] Result<> outcome() const {
    if (poisoned_) [[unlikely]]
      return std::unexpected(*reason_);
    return {};
  }
  /// Something is inside it.
  [[nodiscard]] bool busy() const noexcept { return depth_ > 0; }
  /// Fires when nothing is inside any more.
  [[nodiscard]] Signal& idle() noexcept { return idle_; }
  /// Calls in flight that may wait.
  [[nodiscard]] std::uint32_t tasks() const noexcept { return task_count_; }
  [[nodiscard]] std::uint64_t memory_used() const noexcept { return store_.memory_used(); }

  /// What link/ keeps per tree: the trees of the components that satisfy its imports, by provider.
  [[nodiscard]] std::shared_ptr<void>& attachment(std::uint32_t index) {
    if (index >= attachments_.size()) attachments_.resize(index + 1);
    return attachments_[index];
  }
  [[nodiscard]] const std::shared_ptr<HostContext>& shared_context() const noexcept { return context_; }

  /// Keeps what host functions in flight still use after the tree has ended.
  [[nodiscard]] const std::shared_ptr<std::vector<std::unique_ptr<HostResource>>>& lifeline();

  /// Waits until nothing else is inside. What comes from within the tree's own chain of calls goes on: it is
  /// told about re-entrance.
  [[nodiscard]] Result<> await_turn(GuestRun& run);
  /// Runs host code that calls into the guest; a failure anywhere poisons the tree.
  [[nodiscard]] Result<> inside(FunctionRef<Result<>()> body);

  // For sides, threads and trampolines.
  using Instances = boost::container::small_vector<std::uint32_t, 4>;
  [[nodiscard]] GuestMemory memory(std::uint32_t slot) const;
  [[nodiscard]] Result<> call_core(std::uint32_t func_slot, wasmtime_val_raw_t* values, std::size_t count);
  [[nodiscard]] Result<> call_function(const wasmtime_func_t& function, wasmtime_val_raw_t* values,
                                       std::size_t count) {
    return store_.call(function, values, count);
  }
  [[nodiscard]] const wasmtime_table_t& table(std::uint32_t slot) const { return tables_[slot]; }
  [[nodiscard]] engine::Store& store() noexcept { return store_; }
  [[nodiscard]] ComponentInstance& instance(std::uint32_t index) { return instances_[index]; }
  void trap(Error reason);
  [[nodiscard]] Activation& activation() noexcept { return *activation_; }
  Activation* exchange_activation(Activation* next) noexcept { return std::exchange(activation_, next); }
  /// Calls a lift that this tree's own instance `caller` imports, on the current stack; of a sync type, into
  /// an instance that does not block.
  [[nodiscard]] Result<> call_inside(const BoundTrampoline& trampoline, FlatSpan values);
  /// Starts any other call of a lift of this tree by one of its instances, or by another tree's.
  [[nodiscard]] Result<> call_task(Subtask& subtask, const Lift& lift,
                                   std::span<const std::uint32_t> entering);
  [[nodiscard]] Result<> call_from_outside(Subtask& subtask, const Lift& lift);
  /// canon resource.drop
  [[nodiscard]] Result<> drop_handle(ComponentInstance& instance, ResourceId resource, std::uint32_t handle);
  /// Instances that are entered when `caller` calls `callee` ("entering_set"); null: the host.
  [[nodiscard]] Instances entering_set(const ComponentInstance& callee,
                                       const ComponentInstance* caller) const;
  [[nodiscard]] std::span<const std::uint32_t> path(const ComponentInstance& instance) const {
    return linked_->paths[instance.index()];
  }
  [[nodiscard]] bool may_enter(std::span<const std::uint32_t> instances) const;
  /// Enters and runs a thread until it waits, ends, or pauses down to the loop; then leave_thread() follows.
  [[nodiscard]] Result<> enter_thread(Thread& thread, std::span<const std::uint32_t> entering,
                                      bool cancelled);
  void leave_thread(ComponentInstance& instance);
  /// From the loop: `run` is the outermost of what is inside now.
  void occupy(GuestRun& run) noexcept { occupant_ = &run; }
  /// A thread takes a stack, and gives it back. Errc::trap_limit.
  [[nodiscard]] Result<> take_stack();
  void give_stack() noexcept { --stacks_; }
  void ended(Thread& thread) { thread.task().ended(thread); }
  void release(Task& task);
  void turn_wanted() noexcept { ++yielding_; }
  void turn_given() noexcept { --yielding_; }
  [[nodiscard]] const ResourceTags& resource_tags() const noexcept { return linked_->tags(); }
  /// Whether two payload types of the tree are the same: they may name one host resource twice.
  [[nodiscard]] bool same_payload(const Type* mine, const Type* other) const;
  /// Whether `type` of the tree (null: none) is what a host's C++ type stands for. Comparing costs once.
  [[nodiscard]] bool stands_for(const Type* type, const HostPayload& payload) const;
  /// The plan that copies elements of a stream or future between two guests.
  [[nodiscard]] Result<const TransferPlan*> element_plan(const GuestRegion& from, const GuestRegion& to);
  [[nodiscard]] const ResourceBinding& binding(ResourceId resource) const {
    return linked_->resources[resource.value];
  }

 private:
  struct Collapse final : Runnable {
    explicit Collapse(Tree& of) : tree(&of) {}
    void run() noexcept override { tree->collapse(); }
    Tree* tree;
  };
  class Entry;
  struct ElementKey {
    const Type* from;
    PointerSize from_pointer;
    ast::StringEncoding from_encoding;
    const Type* to;
    PointerSize to_pointer;
    ast::StringEncoding to_encoding;
    friend bool operator==(const ElementKey&, const ElementKey&) = default;
  };

  Tree(std::shared_ptr<const Linked> linked, GuestRun& run, const TreeLimits& limits,
       std::shared_ptr<HostContext> context);
  [[nodiscard]] Result<> tick() override;
  [[nodiscard]] Result<> execute_plan();
  [[nodiscard]] Result<> instantiate_core(const InstantiateStep& step, std::span<const CoreItemRef> items);
  [[nodiscard]] wasmtime_extern_t core_item(const CoreItemRef& from) const;
  [[nodiscard]] Result<> run_destructor(ResourceId resource, Rep rep);
  [[nodiscard]] std::chrono::nanoseconds used() const noexcept {
    return measured_ + (used_ != nullptr ? *used_ : std::chrono::nanoseconds{});
  }
  void begin(std::chrono::nanoseconds* used);
  void end();
  template <class Body>
  [[nodiscard]] Result<> entered(std::span<const std::uint32_t> entering, Body body);
  template <class Params, class Results>
  [[nodiscard]] Result<> lifted_call(const Lift& lift, Params params, Results results);
  [[nodiscard]] Result<> call_waiting(GuestRun& run, const Lift& lift, Marshal lower, Marshal take);
  [[nodiscard]] Result<TaskRef> make_task(const Lift& lift, CallSource& source);
  [[nodiscard]] Result<> run_task(Task& task, std::span<const std::uint32_t> entering);
  [[nodiscard]] Result<> finish_sync(Task& task);
  void collapse();
  /// Takes and gives back may_enter of instances that a call enters.
  void close(std::span<const std::uint32_t> instances) noexcept;
  void open(std::span<const std::uint32_t> instances) noexcept;

  std::shared_ptr<const Linked> linked_;
  std::shared_ptr<HostContext> context_;
  TreeLimits limits_;
  Shard* shard_;
  engine::Store store_;
  std::deque<ComponentInstance> instances_;
  std::vector<wasmtime_instance_t> core_instances_;
  std::vector<wasmtime_func_t> trampolines_;
  std::vector<wasmtime_func_t> funcs_;
  std::vector<wasmtime_memory_t> memories_;
  std::vector<wasmtime_table_t> tables_;
  std::vector<std::shared_ptr<void>> attachments_;
  std::shared_ptr<std::vector<std::unique_ptr<HostResource>>> lifeline_;
  boost::intrusive::list<Task, boost::intrusive::constant_time_size<false>> tasks_;
  std::vector<std::unique_ptr<Entry>> waiting_entries_;
  std::deque<std::pair<ElementKey, TransferPlan>> element_plans_;
  mutable boost::container::small_vector<std::pair<const Type*, const HostPayload*>, 4> known_payloads_;
  Activation* activation_ = nullptr;
  Signal idle_;
  Collapse collapse_{*this};
  std::optional<Error> reason_;
  // Running time of what is inside, from its first tick on. Reading the clock at each entry or pause would
  // cost more than a short call.
  std::chrono::steady_clock::time_point ticked_at_{}, slice_start_{};
  std::chrono::nanoseconds measured_{};
  std::uint64_t pauses_ = 0;                  // of the run, at the last tick
  std::chrono::nanoseconds* used_ = nullptr;  // what the task inside has used before
  GuestRun* occupant_ = nullptr;              // outermost run of what is inside
  std::uint32_t depth_ = 0;
  std::uint32_t task_count_ = 0;
  std::uint32_t stacks_ = 0;
  std::uint32_t yielding_ = 0;  // threads that would go on
  bool ticked_ = false;
  bool overran_ = false;
  bool poisoned_ = false;
  bool collapsed_ = false;
};

}  // namespace wisp::component
