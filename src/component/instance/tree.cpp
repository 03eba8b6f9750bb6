#include "component/instance/call_side.hpp"
#include "component/instance/copy_end.hpp"
#include "component/instance/error_context.hpp"
#include "component/instance/frame_source.hpp"
#include "component/instance/host_resource.hpp"
#include "component/instance/tree_entry.hpp"

#include <algorithm>

namespace wisp::component {

using Clock = std::chrono::steady_clock;

/// The engine's epoch moves once in this time.
constexpr std::chrono::milliseconds kTick{1};

Tree::Tree(std::shared_ptr<const Linked> linked, GuestRun& run, const TreeLimits& limits,
           std::shared_ptr<HostContext> context)
    : linked_(std::move(linked)),
      context_(std::move(context)),
      limits_(limits),
      shard_(&run.shard()),
      store_(run.shard().engine(), this,
             engine::StoreLimits{.memory_bytes = limits.memory_bytes,
                                 .table_elements = limits.table_elements,
                                 .instances = 20'000,
                                 .memories = 10'000,
                                 .tables = 20'000},
             this) {}

Tree::~Tree() {
  if (!poisoned_) {
    poisoned_ = true;
    reason_.emplace(Errc::trap_poisoned, "the instance has ended");
  }
  collapse();
  // Guest destructors do not run when a tree ends; host objects end with the handles that own them, or with
  // the host functions that still use them.
  for (auto& instance : instances_) {
    instance.handles().each([&](Handle& handle) {
      if (handle.kind == Handle::Kind::error_context) delete handle.object<ErrorContext>();
      if (handle.kind != Handle::Kind::own) return;
      if (linked_->resources[handle.resource].kind != ResourceBinding::Kind::host) return;
      if (lifeline_ != nullptr && lifeline_.use_count() > 1) {
        lifeline_->emplace_back(to_object(handle.rep));
      } else {
        delete to_object(handle.rep);
      }
    });
    instance.handles().each([&](Handle& handle) {
      if (handle.kind == Handle::Kind::waitable_set) delete handle.object<WaitableSet>();
    });
  }
}

Result<std::unique_ptr<Tree>> Tree::instantiate(std::shared_ptr<const Linked> linked, GuestRun& run,
                                                const TreeLimits& limits,
                                                std::shared_ptr<HostContext> context) {
  auto tree = std::unique_ptr<Tree>(new Tree(std::move(linked), run, limits, std::move(context)));
  TRY(tree->inside([&] { return tree->execute_plan(); }));
  return tree;
}

Result<> Tree::execute_plan() {
  const Plan& steps = plan();
  for (std::uint32_t i = 0; i < steps.instances.size(); ++i)
    instances_.emplace_back(*this, i, limits_.handles, steps.instances[i].blocks);
  core_instances_.resize(steps.core_instances);
  funcs_.resize(steps.func_slots);
  memories_.resize(steps.memory_slots);
  tables_.resize(steps.table_slots);
  trampolines_.resize(linked_->trampolines.size());
  for (std::size_t i = 0; i < trampolines_.size(); ++i) {
    const BoundTrampoline& bound = linked_->trampolines[i];
    if (bound.shared) {
      trampolines_[i] = bound.shared->in(store_);
    } else {
      wasmtime_func_new_unchecked(store_.context(), bound.type, bound.callback,
                                  const_cast<BoundTrampoline*>(&bound), nullptr, &trampolines_[i]);
    }
  }
  for (std::size_t i = 0; i < steps.steps.size(); ++i) {
    const std::span<const CoreItemRef> items = linked_->step_items[i];
    if (const auto* core = std::get_if<InstantiateStep>(&steps.steps[i])) {
      TRY(instantiate_core(*core, items));
    } else if (const auto* memory = std::get_if<MemoryStep>(&steps.steps[i])) {
      memories_[memory->slot] = core_item(items[0]).of.memory;
    } else if (const auto* table = std::get_if<TableStep>(&steps.steps[i])) {
      tables_[table->slot] = core_item(items[0]).of.table;
    } else {
      funcs_[std::get<FuncStep>(steps.steps[i]).slot] = core_item(items[0]).of.func;
    }
  }
  return {};
}

Result<> Tree::instantiate_core(const InstantiateStep& step, std::span<const CoreItemRef> items) {
  boost::container::small_vector<wasmtime_extern_t, 48> imports;
  for (const auto& item : items) imports.push_back(core_item(item));
  // A start function may call out; nobody may enter the instance that is still being made.
  return entered(path(instances_[step.instance]), [&]() -> Result<> {
    Activation activation;
    Activation* const outer = exchange_activation(&activation);
    core_instances_[step.core_instance] = TRY(
        store_.instantiate(*linked_->modules[step.module.index], std::span(imports.data(), imports.size())));
    (void)exchange_activation(outer);
    return {};
  });
}

wasmtime_extern_t Tree::core_item(const CoreItemRef& from) const {
  wasmtime_extern_t item{};
  if (from.ref.from == CoreRef::From::trampoline) {
    item.kind = WASMTIME_EXTERN_FUNC;
    item.of.func = trampolines_[from.ref.index];
  } else {
    wisp_instance_export(store_.context(), &core_instances_[from.ref.index], from.exported, &item);
  }
  return item;
}

GuestMemory Tree::memory(std::uint32_t slot) const {
  const wasmtime_memory_t* memory = &memories_[slot];
  return {reinterpret_cast<std::byte*>(wasmtime_memory_data(store_.context(), memory)),
          wasmtime_memory_data_size(store_.context(), memory)};
}

Result<> Tree::call_core(std::uint32_t func_slot, wasmtime_val_raw_t* values, std::size_t count) {
  return store_.call(funcs_[func_slot], values, count);
}

void Tree::begin(std::chrono::nanoseconds* used) {
  if (depth_++ > 0) return;
  GuestRun* const run = shard_->current_run();
  occupant_ = run != nullptr ? &run->top() : nullptr;
  used_ = used;
  ticked_ = false;
  store_.begin_slice();
}

void Tree::end() {
  if (--depth_ > 0) return;
  if (ticked_ && used_ != nullptr) *used_ += measured_;
  if (overran_) {
    overran_ = false;
    shard_->overrun_ends();
  }
  if (poisoned_ && !collapsed_) shard_->enqueue(collapse_);
  if (idle_.has_waiters()) idle_.fire();
}

Result<> Tree::await_turn(GuestRun& run) {
  while (busy() && occupant_ != &run.top()) {
    GuestWaiter waiter(run);
    SignalLink link;
    link.link(idle_, waiter);
    TRY(waiter.wait());
  }
  if (poisoned_) return fail(Errc::trap_poisoned, "the component has trapped before and cannot be entered");
  return {};
}

Result<> Tree::inside(FunctionRef<Result<>()> body) {
  begin(nullptr);
  Activation* const outer = activation_;
  Result<> outcome = body();
  activation_ = outer;
  if (!outcome) trap(outcome.error());
  end();
  return outcome;
}

void Tree::trap(Error reason) {
  if (std::exchange(poisoned_, true)) return;
  reason_.emplace(std::move(reason));
  if (depth_ == 0) shard_->enqueue(collapse_);
}

void Tree::kill(Error reason) {
  GuestRun* const occupant = busy() ? occupant_ : nullptr;
  if (occupant != nullptr) occupant->cancel(reason);
  trap(std::move(reason));
}

/// Once nothing is inside a poisoned tree: stacks are unwound, callers told, calls given up; streams and
/// futures end, whoever keeps the tree.
void Tree::collapse() {
  if (busy() || std::exchange(collapsed_, true)) return;
  ++depth_;
  while (!tasks_.empty()) {
    const TaskRef task(&tasks_.front());
    task->fail(*reason_);
    release(*task);
  }
  waiting_entries_.clear();
  for (auto& instance : instances_) {
    instance.handles().each([](Handle& handle) {
      if (handle.kind != Handle::Kind::waitable) return;
      // Nobody uses the table any more.
      handle.kind = Handle::Kind::free;
      delete handle.object<Waitable>();
    });
  }
  --depth_;
}

/// Takes may_enter of the instances for the time of `body`; on failure they stay taken, the tree being
/// poisoned.
template <class Body>
Result<> Tree::entered(std::span<const std::uint32_t> entering, Body body) {
  if (!may_enter(entering)) [[unlikely]]
    return fail(Errc::trap_reentrance, "cannot enter component instance");
  close(entering);
  TRY(body());
  open(entering);
  return {};
}

namespace {

/// canon lift, sync: parameters, the call, results, post-return. `call` runs a core function slot.
constexpr std::size_t kMaxValues = kMaxFlatParams + 1;

}  // namespace

template <class Params, class Results>
Result<> Tree::lifted_call(const Lift& lift, Params params, Results results) {
  ComponentInstance& callee = instances_[lift.instance];
  Activation activation;
  Activation* const outer = exchange_activation(&activation);
  BorrowScope scope;
  CallSide side(callee, lift.options, &scope);
  std::array<wasmtime_val_raw_t, kMaxValues> values;
  const std::size_t count = std::max(lift.signature.params.size(), lift.signature.results.size());
  TRY(params(side, FlatSpan(values.data(), lift.signature.params.size())));
  TRY(call_core(lift.func, values.data(), count));
  if (scope.borrows != 0)
    return fail(Errc::trap_handle, "borrow handles still remain at the end of the call");
  const wasmtime_val_raw_t returned = values[0];
  TRY(results(side, FlatSpan(values.data(), lift.signature.results.size())));
  if (lift.options.post_return) {
    values[0] = returned;
    callee.may_leave = false;
    TRY(call_core(*lift.options.post_return, values.data(), lift.signature.results.size()));
    callee.may_leave = true;
  }
  (void)exchange_activation(outer);
  return {};
}

Result<> Tree::call(GuestRun& run, const Lift& lift, Marshal lower, Marshal take) {
  TRY(await_turn(run));
  if (lift.type->async || instances_[lift.instance].blocks()) return call_waiting(run, lift, lower, take);
  return inside([&] {
    return entered(path(instances_[lift.instance]), [&] { return lifted_call(lift, lower, take); });
  });
}

Result<> Tree::call_inside(const BoundTrampoline& trampoline, FlatSpan values) {
  const Lift& lift = plan().lifts[trampoline.plan->callee.index];
  CallSide from(instances_[trampoline.plan->instance], trampoline.plan->options, nullptr);
  const bool indirect = trampoline.plan->signature.indirect_results;
  return entered(trampoline.entering, [&] {
    return lifted_call(
        lift,
        [&](CallSide& to, FlatSpan callee) {
          return trampoline.params_plan->run(from, values, to, callee, TransferPlan::Target::allocate);
        },
        [&](CallSide& to, FlatSpan callee) {
          // The return pointer is the last parameter of the lowered function.
          FlatSpan target =
              indirect ? values.subspan(trampoline.plan->signature.params.size() - 1, 1) : values;
          return trampoline.results_plan->run(to, callee, from, target, TransferPlan::Target::given);
        });
  });
}

Result<> Tree::run_destructor(ResourceId resource, Rep rep) {
  const ResourcePlan& definition = plan().resources[resource.value];
  if (!definition.dtor) return {};
  const Lift& lift = linked_->destructors[resource.value];
  const auto give = [&](CallSide&, FlatSpan values) -> Result<> {
    values[0].i64 = 0;
    values[0].i32 = static_cast<std::int32_t>(rep.value);
    return {};
  };
  const auto take = [](CallSide&, FlatSpan) -> Result<> { return {}; };
  if (!instances_[lift.instance].blocks()) return lifted_call(lift, give, take);
  FrameSource source(give, take);
  const TaskRef task = TRY(make_task(lift, source));
  auto outcome = run_task(*task, {});
  if (!source.told()) task->abandon();
  return outcome;
}

Result<> Tree::drop_handle(ComponentInstance& instance, ResourceId resource, std::uint32_t handle) {
  const ResourceBinding& bound = binding(resource);
  const Handle entry = *TRY(instance.handles().get(handle));
  if (!entry.is_resource() || entry.resource != bound.canonical)
    return fail(Errc::trap_handle, "handle index {} used with the wrong type", handle);
  if (entry.lends != 0)
    return fail(Errc::trap_handle, "cannot remove owned resource while borrowed (handle index {})", handle);
  auto* host = bound.kind == ResourceBinding::Kind::host && entry.kind == Handle::Kind::own
                   ? to_object(entry.rep)
                   : nullptr;
  if (host != nullptr) TRY(host->may_drop());
  TRY(instance.handles().remove(handle));
  if (entry.kind == Handle::Kind::borrow) {
    --entry.scope->borrows;
    return {};
  }
  if (host != nullptr) {
    const std::unique_ptr<HostResource> object(host);
    return object->dropped(run());
  }
  // The destructor is a call from this instance into the defining one (canon resource.drop).
  const ComponentInstance& definer = instances_[plan().resources[resource.value].instance];
  return entered(entering_set(definer, &instance), [&] { return run_destructor(resource, entry.rep); });
}

Result<> Tree::destroy(GuestRun& run, ResourceId resource, Rep rep) {
  TRY(await_turn(run));
  const ComponentInstance& definer = instances_[plan().resources[resource.value].instance];
  return inside([&] { return entered(path(definer), [&] { return run_destructor(resource, rep); }); });
}

Result<> Tree::tick() {
  GuestRun* const run = shard_->current_run();
  if (run == nullptr) return {};
  if (run->cancelled()) return std::unexpected(*run->cancelled());
  const auto now = Clock::now();
  if (!ticked_) {
    ticked_ = true;
    measured_ = {};
    slice_start_ = now;
  } else {
    // Pauses are not measured, which would cost more than short ones take: a stretch with one in it counts as
    // no more than a tick.
    const auto stretch = now - ticked_at_;
    measured_ += run->pauses() == pauses_ ? stretch : std::min<Clock::duration>(stretch, kTick);
  }
  ticked_at_ = now;
  pauses_ = run->pauses();
  if (limits_.cpu_budget.count() > 0 && used() > limits_.cpu_budget)
    return fail(Errc::trap_cpu_budget, "the call ran for more than its CPU budget of {} ms",
                limits_.cpu_budget.count());
  if (!overran_) {
    // Ticks come faster than slices while others overrun.
    if (now - slice_start_ < Shard::kSlice) return {};
    overran_ = true;
    shard_->overrun_begins();
  }
  run->yield();
  ticked_at_ = slice_start_ = Clock::now();
  pauses_ = run->pauses();
  if (run->cancelled()) return std::unexpected(*run->cancelled());
  return {};
}

}  // namespace wisp::component
