#include "component/instance/call_side.hpp"
#include "component/instance/linked.hpp"
#include "component/instance/site.hpp"

namespace wisp::component {

namespace {

using trampoline::callback;
using trampoline::may_leave;
using trampoline::Site;

/// Lower of a sync function of the host.
Result<> call_host(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  CallSide side(at.instance, at.plan().options, nullptr);
  Caller caller(at.instance);
  return at.bound.function->call(caller, side, values);
}

/// Lower of a lift of the same tree that can neither block nor wait to enter.
Result<> call_lift(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  return at.tree.call_inside(at.bound, values);
}

/// Hands a call to who carries it out.
Result<> begin(const Site& at, Subtask& subtask) {
  if (at.bound.function != nullptr) return at.bound.function->begin(subtask);
  subtask.marshalling = &at.bound;
  return at.tree.call_task(subtask, at.tree.plan().lifts[at.plan().callee.index], at.bound.entering);
}

/// canon lower without `async` of everything else: the caller waits for the result.
Result<> call_waiting(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  Subtask subtask(at.instance, at.plan(), values);
  TRY(begin(at, subtask));
  if (!subtask.resolved()) TRY(TRY(at.thread())->wait_for(subtask));
  if (subtask.failure()) return std::unexpected(*subtask.failure());
  subtask.deliver_resolve();
  return {};
}

/// canon lower with `async`: the caller gets a subtask unless the call has resolved at once.
Result<> call_async(const Site& at, FlatSpan values) {
  TRY(may_leave(at));
  auto subtask = std::make_unique<Subtask>(at.instance, at.plan(), values);
  TRY(begin(at, *subtask));
  if (subtask->failure()) return std::unexpected(*subtask->failure());
  if (subtask->resolved()) {
    subtask->deliver_resolve();
    trampoline::answer(values, static_cast<std::uint32_t>(subtask->state()));
    return {};
  }
  subtask->keep_arguments();
  const auto handle =
      TRY(at.instance.handles().add(Handle::owning<Waitable>(Handle::Kind::waitable, subtask.get())));
  subtask->index = handle;
  trampoline::answer(values, static_cast<std::uint32_t>(subtask.release()->state()) | handle << 4);
  return {};
}

wasm_valtype_t* value_type(Flat flat) {
  switch (flat) {
    case Flat::i32:
      return wasm_valtype_new(WASM_I32);
    case Flat::i64:
      return wasm_valtype_new(WASM_I64);
    case Flat::f32:
      return wasm_valtype_new(WASM_F32);
    case Flat::f64:
      return wasm_valtype_new(WASM_F64);
  }
  return nullptr;
}

wasm_functype_t* function_type(const Signature& signature) {
  const auto list = [](const std::vector<Flat>& flats) {
    wasm_valtype_vec_t out;
    wasm_valtype_vec_new_uninitialized(&out, flats.size());
    for (std::size_t i = 0; i < flats.size(); ++i) out.data[i] = value_type(flats[i]);
    return out;
  };
  auto params = list(signature.params), results = list(signature.results);
  return wasm_functype_new(&params, &results);
}

std::vector<std::uint32_t> self_and_ancestors(const Plan& plan, std::uint32_t instance) {
  std::vector<std::uint32_t> out;
  for (std::optional<std::uint32_t> i = instance; i; i = plan.instances[*i].parent) out.push_back(*i);
  return out;
}

Place params_place(const Signature& signature) {
  return signature.indirect_params ? Place::memory : Place::flat;
}
Place results_place(const Signature& signature) {
  return signature.indirect_results ? Place::memory : Place::flat;
}

/// A call of it needs no thread of its own: its code cannot block, and it waits for nothing to start.
bool runs_on_callers_stack(const Plan& plan, const Lift& lift) {
  return !lift.type->async && !plan.instances[lift.instance].blocks;
}

/// Of every destructor; the parameter is the representation.
const FuncType kDestructor{};

Result<> bind_lift(const Plan& plan, BoundTrampoline& bound) {
  const Trampoline& lower = *bound.plan;
  const Lift& lift = plan.lifts[lower.callee.index];
  std::vector<const Type*> params;
  params.reserve(lift.type->params.size());
  for (const auto& param : lift.type->params) params.push_back(param.type);
  std::vector<const Type*> results;
  if (lift.type->result != nullptr) results.push_back(lift.type->result);
  bound.params_plan.emplace(TRY(TransferPlan::compile(
      params, params_place(lower.signature), lower.options.pointer, lower.options.encoding, params,
      params_place(lift.signature), lift.options.pointer, lift.options.encoding)));
  bound.results_plan.emplace(TRY(TransferPlan::compile(
      results, results_place(lift.signature), lift.options.pointer, lift.options.encoding, results,
      results_place(lower.signature), lower.options.pointer, lower.options.encoding)));
  const auto caller = self_and_ancestors(plan, lower.instance);
  for (const auto index : self_and_ancestors(plan, lift.instance))
    if (std::ranges::find(caller, index) == caller.end()) bound.entering.push_back(index);
  return {};
}

Result<> bind_lower(const Linked& linked, BoundTrampoline& bound) {
  const FuncRef& callee = bound.plan->callee;
  bool at_once = !callee.type->async;
  if (callee.from == FuncRef::From::import) {
    bound.function = linked.functions[callee.index].get();
  } else {
    TRY(bind_lift(*linked.plan, bound));
    at_once = runs_on_callers_stack(*linked.plan, linked.plan->lifts[callee.index]);
  }
  if (bound.plan->options.async) {
    bound.callback = &callback<call_async>;
  } else if (!at_once) {
    bound.callback = &callback<call_waiting>;
  } else {
    bound.callback = bound.function != nullptr ? &callback<call_host> : &callback<call_lift>;
  }
  return {};
}

/// Destructors as lifts, for those that need a thread.
void bind_destructors(Linked& linked) {
  for (const auto& resource : linked.plan->resources) {
    Lift& lift = linked.destructors.emplace_back();
    if (!resource.dtor) continue;
    lift.func = *resource.dtor;
    lift.instance = resource.instance;
    lift.type = &kDestructor;
    lift.signature.params = {Flat::i32};
  }
}

/// Makes the trampolines that modules import ready to be bound by any store.
Result<> share_with_stores(Linked& linked) {
  for (const auto& step : linked.plan->steps) {
    const auto* instantiation = std::get_if<InstantiateStep>(&step);
    if (instantiation == nullptr || instantiation->module.index >= linked.modules.size()) continue;
    for (std::size_t i = 0; i < instantiation->imports.size(); ++i) {
      const CoreRef& import = instantiation->imports[i];
      if (import.from != CoreRef::From::trampoline || linked.trampolines[import.index].shared) continue;
      BoundTrampoline& bound = linked.trampolines[import.index];
      bound.shared.emplace(TRY(engine::HostFunction::create(*linked.modules[instantiation->module.index], i,
                                                            bound.callback, &bound)));
    }
  }
  return {};
}

/// Looks up every export that a step takes once, by name, in its module.
Result<> find_core_items(Linked& linked) {
  const Plan& plan = *linked.plan;
  std::vector<std::uint32_t> module_of(plan.core_instances);
  std::map<CoreRef, const wisp_module_export_t*> known;
  const auto find = [&](const CoreRef& ref) -> Result<CoreItemRef> {
    if (ref.from == CoreRef::From::trampoline) return CoreItemRef{.ref = ref, .exported = nullptr};
    auto& exported = known[ref];
    if (exported == nullptr) {
      const std::uint32_t module = module_of[ref.index];
      const std::string_view name = plan.modules[module]->exports[ref.ordinal].name;
      auto& owned = linked.module_exports.emplace_back(
          wisp_module_export(linked.modules[module]->raw(), name.data(), name.size()));
      if (owned == nullptr) return fail(Errc::instantiation, "a core module does not export {}", name);
      exported = owned.get();
    }
    return CoreItemRef{.ref = ref, .exported = exported};
  };
  for (const auto& step : plan.steps) {
    auto& items = linked.step_items.emplace_back();
    if (const auto* instantiation = std::get_if<InstantiateStep>(&step)) {
      for (const auto& import : instantiation->imports) items.push_back(TRY(find(import)));
      module_of[instantiation->core_instance] = instantiation->module.index;
    } else if (const auto* memory = std::get_if<MemoryStep>(&step)) {
      items.push_back(TRY(find(memory->memory)));
    } else if (const auto* table = std::get_if<TableStep>(&step)) {
      items.push_back(TRY(find(table->table)));
    } else {
      items.push_back(TRY(find(std::get<FuncStep>(step).func)));
    }
  }
  return {};
}

}  // namespace

Linked::~Linked() {
  for (auto& bound : trampolines)
    if (bound.type != nullptr) wasm_functype_delete(bound.type);
}

Result<> BoundTrampoline::params(CallSide& caller, FlatSpan from, CallSide& callee, FlatSpan to) const {
  return params_plan->run(caller, from, callee, to, TransferPlan::Target::allocate);
}

Result<> BoundTrampoline::results(CallSide& callee, FlatSpan from, CallSide& caller, FlatSpan to) const {
  return results_plan->run(callee, from, caller, to, TransferPlan::Target::given);
}

Result<> bind_trampolines(Linked& linked) {
  const Plan& plan = *linked.plan;
  linked.trampolines.resize(plan.trampolines.size());
  for (std::size_t i = 0; i < plan.trampolines.size(); ++i) {
    BoundTrampoline& bound = linked.trampolines[i];
    bound.plan = &plan.trampolines[i];
    if (bound.plan->kind == Trampoline::Kind::lower) {
      TRY(bind_lower(linked, bound));
    } else {
      bound.callback = trampoline::builtin(bound.plan->builtin);
    }
    if (bound.callback == nullptr)
      return fail(Errc::unsupported_feature, "the component uses {}, which is not supported",
                  ast::text(bound.plan->builtin));
    bound.type = function_type(bound.plan->signature);
  }
  TRY(share_with_stores(linked));
  TRY(find_core_items(linked));
  for (std::uint32_t i = 0; i < plan.instances.size(); ++i)
    linked.paths.push_back(self_and_ancestors(plan, i));
  bind_destructors(linked);
  return {};
}

}  // namespace wisp::component
