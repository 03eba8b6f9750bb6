#include "component/instance/call_side.hpp"
#include "component/instance/linked.hpp"

namespace wisp::component {

namespace {

/// The bound trampoline and the tree of a callback.
struct Site {
  const BoundTrampoline& bound;
  Tree& tree;
  ComponentInstance& instance;
};

Site site(void* environment, wasmtime_caller_t* caller) {
  const auto& bound = *static_cast<const BoundTrampoline*>(environment);
  auto& tree = *static_cast<Tree*>(wasmtime_context_get_data(wasmtime_caller_context(caller)));
  return {bound, tree, tree.instance(bound.plan->instance)};
}

wasm_trap_t* finish(Result<>&& outcome) {
  if (outcome) [[likely]]
    return nullptr;
  return engine::make_trap(std::move(outcome).error());
}

Result<> may_leave(const ComponentInstance& instance) {
  if (!instance.may_leave) [[unlikely]]
    return fail(Errc::trap_leave, "cannot leave component instance");
  return {};
}

Result<> run_host(const Site& at, FlatSpan values) {
  TRY(may_leave(at.instance));
  CallSide side(at.instance, at.bound.plan->options, nullptr);
  Caller caller(at.instance);
  return at.bound.function->call(caller, side, values);
}

wasm_trap_t* lower_host(void* environment, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                        std::size_t count) {
  return finish(run_host(site(environment, caller), FlatSpan(values, count)));
}

Result<> run_lift(const Site& at, FlatSpan values) {
  TRY(may_leave(at.instance));
  return at.tree.call_inside(at.bound, values);
}

wasm_trap_t* lower_lift(void* environment, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                        std::size_t count) {
  return finish(run_lift(site(environment, caller), FlatSpan(values, count)));
}

Result<> run_new(const Site& at, FlatSpan values) {
  TRY(may_leave(at.instance));
  const auto handle =
      TRY(at.instance.handles().add({.kind = Handle::Kind::own,
                                     .resource = at.tree.binding(at.bound.plan->resource).canonical,
                                     .lends = 0,
                                     .rep = {static_cast<std::uint32_t>(values[0].i32)},
                                     .scope = nullptr}));
  values[0].i32 = static_cast<std::int32_t>(handle);
  return {};
}

wasm_trap_t* resource_new(void* environment, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                          std::size_t count) {
  return finish(run_new(site(environment, caller), FlatSpan(values, count)));
}

Result<> run_rep(const Site& at, FlatSpan values) {
  const auto handle = static_cast<std::uint32_t>(values[0].i32);
  const Handle* entry = TRY(at.instance.handles().get(handle));
  if (entry->resource != at.tree.binding(at.bound.plan->resource).canonical)
    return fail(Errc::trap_handle, "handle index {} used with the wrong type", handle);
  values[0].i32 = static_cast<std::int32_t>(entry->rep.value);
  return {};
}

wasm_trap_t* resource_rep(void* environment, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                          std::size_t count) {
  return finish(run_rep(site(environment, caller), FlatSpan(values, count)));
}

Result<> run_drop(const Site& at, FlatSpan values) {
  TRY(may_leave(at.instance));
  return at.tree.drop_handle(at.instance, at.bound.plan->resource, static_cast<std::uint32_t>(values[0].i32));
}

wasm_trap_t* resource_drop(void* environment, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                           std::size_t count) {
  return finish(run_drop(site(environment, caller), FlatSpan(values, count)));
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

Result<> bind_lift(const Plan& plan, BoundTrampoline& bound) {
  const Trampoline& lower = *bound.plan;
  const Lift& lift = plan.lifts[lower.callee.index];
  std::vector<const Type*> params;
  params.reserve(lift.type->params.size());
  for (const auto& param : lift.type->params) params.push_back(param.type);
  std::vector<const Type*> results;
  if (lift.type->result != nullptr) results.push_back(lift.type->result);
  bound.params.emplace(TRY(TransferPlan::compile(params, params_place(lower.signature), lower.options.pointer,
                                                 lower.options.encoding, params, params_place(lift.signature),
                                                 lift.options.pointer, lift.options.encoding)));
  bound.results.emplace(TRY(TransferPlan::compile(
      results, results_place(lift.signature), lift.options.pointer, lift.options.encoding, results,
      results_place(lower.signature), lower.options.pointer, lower.options.encoding)));
  const auto caller = self_and_ancestors(plan, lower.instance);
  for (const auto index : self_and_ancestors(plan, lift.instance))
    if (std::ranges::find(caller, index) == caller.end()) bound.entering.push_back(index);
  return {};
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

Result<> bind_trampolines(Linked& linked) {
  const Plan& plan = *linked.plan;
  linked.trampolines.resize(plan.trampolines.size());
  for (std::size_t i = 0; i < plan.trampolines.size(); ++i) {
    BoundTrampoline& bound = linked.trampolines[i];
    bound.plan = &plan.trampolines[i];
    switch (bound.plan->kind) {
      case Trampoline::Kind::lower:
        if (bound.plan->callee.from == FuncRef::From::import) {
          bound.function = linked.functions[bound.plan->callee.index].get();
          bound.callback = &lower_host;
        } else {
          TRY(bind_lift(plan, bound));
          bound.callback = &lower_lift;
        }
        break;
      case Trampoline::Kind::resource_new:
        bound.callback = &resource_new;
        break;
      case Trampoline::Kind::resource_rep:
        bound.callback = &resource_rep;
        break;
      case Trampoline::Kind::resource_drop:
        bound.callback = &resource_drop;
        break;
      case Trampoline::Kind::unsupported:
        return fail(Errc::unsupported_feature, "the component uses a built-in that is not supported");
    }
    bound.type = function_type(bound.plan->signature);
  }
  TRY(share_with_stores(linked));
  TRY(find_core_items(linked));
  for (const auto& lift : plan.lifts) linked.lift_entering.push_back(self_and_ancestors(plan, lift.instance));
  return {};
}

}  // namespace wisp::component
