#include "component/instance/tree.hpp"

#include "component/instance/call_side.hpp"
#include "component/instance/host_resource.hpp"

#include <algorithm>

namespace wisp::component {

using Clock = std::chrono::steady_clock;

Tree::Tree(std::shared_ptr<const Linked> linked, GuestRun& run, const TreeLimits& limits,
           std::shared_ptr<HostContext> context)
    : linked_(std::move(linked)),
      context_(std::move(context)),
      limits_(limits),
      store_(run.shard().engine(), this,
             engine::StoreLimits{.memory_bytes = limits.memory_bytes,
                                 .table_elements = limits.table_elements,
                                 .instances = 20'000,
                                 .memories = 10'000,
                                 .tables = 20'000},
             this),
      run_(&run) {}

Tree::~Tree() {
  // Guest destructors do not run when a tree ends; host objects end with the handles that own them.
  for (auto& instance : instances_) {
    instance.handles().each([&](Handle& handle) {
      if (handle.kind != Handle::Kind::own) return;
      if (linked_->resources[handle.resource].kind != ResourceBinding::Kind::host) return;
      delete to_object(handle.rep);
    });
  }
}

Result<std::unique_ptr<Tree>> Tree::instantiate(std::shared_ptr<const Linked> linked, GuestRun& run,
                                                const TreeLimits& limits,
                                                std::shared_ptr<HostContext> context) {
  auto tree = std::unique_ptr<Tree>(new Tree(std::move(linked), run, limits, std::move(context)));
  TRY(tree->task(run, [&] { return tree->execute_plan(); }));
  return tree;
}

Result<> Tree::execute_plan() {
  const Plan& steps = plan();
  for (std::uint32_t i = 0; i < steps.instances.size(); ++i)
    instances_.emplace_back(*this, i, limits_.handles);
  core_instances_.resize(steps.core_instances);
  funcs_.resize(steps.func_slots);
  memories_.resize(steps.memory_slots);
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
  boost::container::small_vector<std::uint32_t, 4> entering;
  for (std::optional<std::uint32_t> i = step.instance; i; i = plan().instances[*i].parent)
    entering.push_back(*i);
  return entered(entering, [&]() -> Result<> {
    core_instances_[step.core_instance] = TRY(
        store_.instantiate(*linked_->modules[step.module.index], std::span(imports.data(), imports.size())));
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

/// The outermost entry starts the task's clock; a failure anywhere poisons the tree.
template <class Body>
Result<> Tree::task(GuestRun& run, Body body) {
  if (poisoned_) return fail(Errc::trap_poisoned, "the component has trapped before and cannot be entered");
  GuestRun* const outer = std::exchange(run_, &run);
  if (depth_++ == 0) {
    ticked_ = false;
    store_.begin_slice();
  }
  Result<> outcome = body();
  if (!outcome) poisoned_ = true;
  if (--depth_ == 0 && overran_) {
    overran_ = false;
    run.shard().overrun_ends();
  }
  run_ = outer;
  return outcome;
}

/// Takes may_enter of the instances for the time of `body`; on failure they stay taken, the tree being
/// poisoned.
template <class Body>
Result<> Tree::entered(std::span<const std::uint32_t> entering, Body body) {
  for (const auto index : entering) {
    if (!instances_[index].may_enter) [[unlikely]]
      return fail(Errc::trap_reentrance, "cannot enter component instance");
  }
  for (const auto index : entering) instances_[index].may_enter = false;
  TRY(body());
  for (const auto index : entering) instances_[index].may_enter = true;
  return {};
}

namespace {

/// canon lift, sync: parameters, the call, results, post-return. `call` runs a core function slot.
constexpr std::size_t kMaxValues = kMaxFlatParams + 1;

}  // namespace

template <class Params, class Results>
Result<> Tree::lifted_call(const Lift& lift, Params params, Results results) {
  ComponentInstance& callee = instances_[lift.instance];
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
  return {};
}

Result<> Tree::call(GuestRun& run, const Lift& lift, Marshal lower, Marshal take) {
  const std::span<const std::uint32_t> entering =
      linked_->lift_entering[static_cast<std::size_t>(&lift - plan().lifts.data())];
  return task(run, [&] { return entered(entering, [&] { return lifted_call(lift, lower, take); }); });
}

Result<> Tree::call_inside(const BoundTrampoline& trampoline, FlatSpan values) {
  const Lift& lift = plan().lifts[trampoline.plan->callee.index];
  CallSide from(instances_[trampoline.plan->instance], trampoline.plan->options, nullptr);
  const bool indirect = trampoline.plan->signature.indirect_results;
  return entered(trampoline.entering, [&] {
    return lifted_call(
        lift,
        [&](CallSide& to, FlatSpan callee) {
          return trampoline.params->run(from, values, to, callee, TransferPlan::Target::allocate);
        },
        [&](CallSide& to, FlatSpan callee) {
          // The return pointer is the last parameter of the lowered function.
          FlatSpan target =
              indirect ? values.subspan(trampoline.plan->signature.params.size() - 1, 1) : values;
          return trampoline.results->run(to, callee, from, target, TransferPlan::Target::given);
        });
  });
}

Result<> Tree::run_destructor(ResourceId resource, Rep rep) {
  const ResourcePlan& definition = plan().resources[resource.value];
  if (!definition.dtor) return {};
  std::array<wasmtime_val_raw_t, 1> values{};
  values[0].i32 = static_cast<std::int32_t>(rep.value);
  return call_core(*definition.dtor, values.data(), values.size());
}

Result<> Tree::drop_handle(ComponentInstance& instance, ResourceId resource, std::uint32_t handle) {
  const ResourceBinding& bound = binding(resource);
  const Handle entry = *TRY(instance.handles().get(handle));
  if (entry.resource != bound.canonical)
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
    return object->dropped(*run_);
  }
  // The destructor is a call from this instance into the defining one (canon resource.drop).
  const std::uint32_t definer = plan().resources[resource.value].instance;
  boost::container::small_vector<std::uint32_t, 4> entering;
  for (std::optional<std::uint32_t> i = definer; i; i = plan().instances[*i].parent) {
    bool shared = false;
    for (std::optional<std::uint32_t> c = instance.index(); c; c = plan().instances[*c].parent)
      shared |= *c == *i;
    if (!shared) entering.push_back(*i);
  }
  return entered(entering, [&] { return run_destructor(resource, entry.rep); });
}

Result<> Tree::destroy(GuestRun& run, ResourceId resource, Rep rep) {
  boost::container::small_vector<std::uint32_t, 4> entering;
  for (std::optional<std::uint32_t> i = plan().resources[resource.value].instance; i;
       i = plan().instances[*i].parent)
    entering.push_back(*i);
  return task(run, [&] { return entered(entering, [&] { return run_destructor(resource, rep); }); });
}

Result<> Tree::tick() {
  if (run_->cancelled()) return std::unexpected(*run_->cancelled());
  const auto now = Clock::now();
  if (!ticked_) {
    ticked_ = true;
    task_start_ = slice_start_ = now;
    parked_before_ = run_->parked_time();
  }
  if (limits_.cpu_budget.count() > 0) {
    const auto used = now - task_start_ - (run_->parked_time() - parked_before_);
    if (used > limits_.cpu_budget)
      return fail(Errc::trap_cpu_budget, "the call ran for more than its CPU budget of {} ms",
                  limits_.cpu_budget.count());
  }
  if (engine::Fiber::current() == nullptr) return {};
  if (!overran_) {
    // Ticks come faster than slices while others overrun.
    if (now - slice_start_ < Shard::kSlice) return {};
    overran_ = true;
    run_->shard().overrun_begins();
  }
  run_->yield();
  slice_start_ = Clock::now();
  if (run_->cancelled()) return std::unexpected(*run_->cancelled());
  return {};
}

}  // namespace wisp::component
