#include "component/instance/frame_source.hpp"
#include "component/instance/tree_entry.hpp"

#include <algorithm>

/// The part of Tree that runs tasks: calls that may wait.
namespace wisp::component {

bool Tree::may_enter(std::span<const std::uint32_t> instances) const {
  return std::ranges::all_of(instances, [&](auto index) { return instances_[index].may_enter; });
}

void Tree::close(std::span<const std::uint32_t> instances) noexcept {
  for (const auto index : instances) instances_[index].may_enter = false;
}

void Tree::open(std::span<const std::uint32_t> instances) noexcept {
  for (const auto index : instances) instances_[index].may_enter = true;
}

Tree::Instances Tree::entering_set(const ComponentInstance& callee, const ComponentInstance* caller) const {
  Instances out;
  const auto from = caller != nullptr ? path(*caller) : std::span<const std::uint32_t>{};
  for (const auto index : path(callee))
    if (std::ranges::find(from, index) == from.end()) out.push_back(index);
  return out;
}

Result<> Tree::enter_thread(Thread& thread, std::span<const std::uint32_t> entering, bool cancelled) {
  const TaskRef keep(&thread.task());
  begin(&keep->cpu_used);
  close(entering);
  if (!thread.resume(cancelled)) return {};
  open(entering);
  end();
  return outcome();
}

void Tree::leave_thread(ComponentInstance& instance) {
  open(path(instance));
  end();
}

Result<TaskRef> Tree::make_task(const Lift& lift, CallSource& source) {
  if (task_count_ >= limits_.tasks)
    return fail(Errc::no_capacity, "{} calls of the component are in flight, which is its limit",
                task_count_);
  ++task_count_;
  const TaskRef task(new Task(instances_[lift.instance], lift, source));
  tasks_.push_back(*task);
  intrusive_ptr_add_ref(task.get());
  return task;
}

void Tree::release(Task& task) {
  if (!task.is_linked()) return;
  task.unlink();
  --task_count_;
  task.ending().fire();
  intrusive_ptr_release(&task);
}

Result<> Tree::take_stack() {
  if (stacks_ >= limits_.stacks)
    return fail(Errc::trap_limit,
                "{} threads of the component are on stacks of their own, which is the limit", stacks_);
  ++stacks_;
  return {};
}

/// Within the frame that calls: canon_lift after the task is made.
Result<> Tree::run_task(Task& task, std::span<const std::uint32_t> entering) {
  if (!may_enter(entering)) [[unlikely]]
    return fail(Errc::trap_reentrance, "cannot enter component instance");
  begin(&task.cpu_used);
  close(entering);
  // A thread that holds the instance and could go on goes first: the call may then start at once.
  Thread* const holder = task.needs_exclusive() ? task.instance().exclusive : nullptr;
  if (holder != nullptr && shard_->current_run() != nullptr && holder->ready()) (void)holder->resume(false);
  if (poisoned_) {
    open(entering);
    end();
    return outcome();
  }
  if (!task.implicit_thread().resume(false)) return {};
  Result<> finished = task.lift().type->async ? Result<>{} : finish_sync(task);
  open(entering);
  if (!finished) trap(std::move(finished).error());
  end();
  return outcome();
}

/// A call of a sync type has to resolve before its caller goes on: when its thread blocks, other threads of
/// the instance may run, and there must be one: none that would run on the linear stack that the call is on
/// (Component Invariant 3).
Result<> Tree::finish_sync(Task& task) {
  ComponentInstance& callee = task.instance();
  while (!poisoned_ && !task.resolved()) {
    Thread* const next = callee.threads().find([&](const Thread& thread) {
      return &thread != callee.exclusive && thread.ready() && !thread.wants_exclusive();
    });
    if (next == nullptr) return fail(Errc::trap_deadlock, "cannot block a synchronous task before returning");
    (void)next->resume(false);
  }
  return {};
}

Result<> Tree::call_task(Subtask& subtask, const Lift& lift, std::span<const std::uint32_t> entering) {
  const TaskRef task = TRY(make_task(lift, subtask));
  subtask.callee = task.get();
  auto outcome = run_task(*task, entering);
  if (!outcome && subtask.callee == task.get()) {
    task->abandon();
    subtask.callee = nullptr;
  }
  return outcome;
}

Result<> Tree::call_from_outside(Subtask& subtask, const Lift& lift) {
  TRY(await_turn(run()));
  return call_task(subtask, lift, path(instances_[lift.instance]));
}

Result<> Tree::call_waiting(GuestRun& run, const Lift& lift, Marshal lower, Marshal take) {
  FrameSource source(lower, take);
  const TaskRef task = TRY(make_task(lift, source));
  if (auto outcome = run_task(*task, path(instances_[lift.instance])); !outcome) {
    task->abandon();
    return outcome;
  }
  while (!source.told()) {
    GuestWaiter waiter(run);
    SignalLink link;
    link.link(source.signal(), waiter);
    if (auto woken = waiter.wait(); !woken) {
      task->abandon();
      trap(woken.error());
      return woken;
    }
  }
  return source.outcome();
}

bool Tree::has_loans() const noexcept {
  return std::ranges::any_of(tasks_, [](const Task& task) { return task.scope().borrows != 0; });
}

bool Tree::admits(const Lift& lift) const noexcept {
  const ComponentInstance& callee = instances_[lift.instance];
  return !poisoned_ && !busy() && yielding_ == 0 && task_count_ < limits_.tasks && callee.backpressure == 0 &&
         callee.entering() == 0 && callee.exclusive == nullptr;
}

Result<TaskRef> Tree::start(const Lift& lift, CallSource& source) {
  TRY(outcome());
  const TaskRef task = TRY(make_task(lift, source));
  GuestRun* const run = shard_->current_run();
  if (busy() && (run == nullptr || occupant_ != &run->top())) {
    task->implicit_thread().wait_for_tree();
    return task;
  }
  if (auto outcome = run_task(*task, path(instances_[lift.instance])); !outcome) {
    task->abandon();
    return std::unexpected(std::move(outcome).error());
  }
  return task;
}

void Tree::enter_later(std::move_only_function<Result<>()> work) {
  if (poisoned_) return;
  waiting_entries_.push_back(std::make_unique<Entry>(*this, std::move(work)));
  waiting_entries_.back()->wake();
}

namespace {

class SameTree final : public TypeMatcher {
 public:
  explicit SameTree(const Linked& linked) : linked_(linked) {}

 private:
  bool same(ResourceId mine, ResourceId other) override {
    return linked_.resources[mine.value].canonical == linked_.resources[other.value].canonical;
  }
  const Linked& linked_;
};

}  // namespace

bool Tree::same_payload(const Type* mine, const Type* other) const {
  return mine == other || SameTree(*linked_).equal(mine, other);
}

bool Tree::stands_for(const Type* type, const HostPayload& payload) const {
  constexpr std::size_t kRemembered = 32;
  const std::pair pair(type, &payload);
  if (std::ranges::find(known_payloads_, pair) != known_payloads_.end()) return true;
  if (!payload.matches(type, resource_tags())) return false;
  if (known_payloads_.size() < kRemembered) known_payloads_.push_back(pair);
  return true;
}

Result<const TransferPlan*> Tree::element_plan(const GuestRegion& from, const GuestRegion& to) {
  const ElementKey key{from.element, from.options->pointer, from.options->encoding,
                       to.element,   to.options->pointer,   to.options->encoding};
  const auto known = std::ranges::find(element_plans_, key, &std::pair<ElementKey, TransferPlan>::first);
  if (known != element_plans_.end()) return &known->second;
  const std::array from_types{from.element};
  const std::array to_types{to.element};
  auto plan =
      TRY(TransferPlan::compile(from_types, Place::memory, from.options->pointer, from.options->encoding,
                                to_types, Place::memory, to.options->pointer, to.options->encoding));
  return &element_plans_.emplace_back(key, std::move(plan)).second;
}

const std::shared_ptr<std::vector<std::unique_ptr<HostResource>>>& Tree::lifeline() {
  if (lifeline_ == nullptr) lifeline_ = std::make_shared<std::vector<std::unique_ptr<HostResource>>>();
  return lifeline_;
}

}  // namespace wisp::component
