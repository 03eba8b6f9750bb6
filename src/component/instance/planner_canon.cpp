#include "component/instance/planner_scope.hpp"

#include <algorithm>

namespace wisp::component::planning {

void Planner::unsupported(std::string what) {
  if (std::ranges::find(plan_.unsupported, what) == plan_.unsupported.end())
    plan_.unsupported.push_back(std::move(what));
}

Result<std::uint32_t> Planner::func_slot(const Scope& scope, ast::Index core_func) {
  const CoreRef ref = *TRY(at(scope.core_funcs, core_func, "core function"));
  const auto [entry, added] = func_slots_.try_emplace(ref, plan_.func_slots);
  if (added) plan_.steps.emplace_back(FuncStep{.func = ref, .slot = plan_.func_slots++});
  return entry->second;
}

Result<std::uint32_t> Planner::memory_slot(const Scope& scope, ast::Index core_memory) {
  const CoreRef ref = *TRY(at(scope.core_memories, core_memory, "core memory"));
  const auto [entry, added] = memory_slots_.try_emplace(ref, plan_.memory_slots);
  if (added) plan_.steps.emplace_back(MemoryStep{.memory = ref, .slot = plan_.memory_slots++});
  return entry->second;
}

Result<Options> Planner::options(const Scope& scope, const ast::CanonOptions& syntax) {
  Options options{.encoding = syntax.encoding, .async = syntax.async};
  if (syntax.memory) options.memory = TRY(memory_slot(scope, *syntax.memory));
  if (syntax.realloc) options.realloc = TRY(func_slot(scope, *syntax.realloc));
  if (syntax.post_return) options.post_return = TRY(func_slot(scope, *syntax.post_return));
  if (syntax.callback) options.callback = TRY(func_slot(scope, *syntax.callback));
  return options;
}

Result<> Planner::canon(Scope& scope, const ast::Canon& canon) {
  if (const auto* l = std::get_if<ast::CanonLift>(&canon)) return lift(scope, *l);
  if (const auto* l = std::get_if<ast::CanonLower>(&canon)) return lower(scope, *l);
  return builtin(scope, std::get<ast::CanonBuiltin>(canon));
}

Result<> Planner::lift(Scope& scope, const ast::CanonLift& syntax) {
  Lift lift;
  lift.func = TRY(func_slot(scope, syntax.func));
  lift.instance = scope.instance;
  lift.options = TRY(options(scope, syntax.options));
  lift.type = TRY(func_type_at(scope, syntax.type));
  if (lift.options.async) {
    unsupported("async lift");
  } else if (lift.type->async) {
    unsupported("lift of an async function type");
  }
  lift.signature = flatten(*lift.type, Direction::lift, lift.options.pointer);
  scope.funcs.push_back({.from = FuncRef::From::lift,
                         .index = static_cast<std::uint32_t>(plan_.lifts.size()),
                         .type = lift.type});
  plan_.lifts.push_back(std::move(lift));
  return {};
}

Result<> Planner::lower(Scope& scope, const ast::CanonLower& syntax) {
  Trampoline trampoline{.kind = Trampoline::Kind::lower, .instance = scope.instance};
  trampoline.callee = *TRY(at(scope.funcs, syntax.func, "function"));
  trampoline.options = TRY(options(scope, syntax.options));
  if (trampoline.options.async) {
    unsupported("async lower");
  } else if (trampoline.callee.type->async) {
    unsupported("lower of an async function type");
  }
  trampoline.signature = flatten(*trampoline.callee.type, Direction::lower, trampoline.options.pointer);
  scope.core_funcs.push_back({.from = CoreRef::From::trampoline,
                              .index = static_cast<std::uint32_t>(plan_.trampolines.size()),
                              .ordinal = 0});
  plan_.trampolines.push_back(std::move(trampoline));
  return {};
}

Result<> Planner::builtin(Scope& scope, const ast::CanonBuiltin& syntax) {
  Trampoline trampoline{.kind = Trampoline::Kind::unsupported, .instance = scope.instance};
  const auto resource = [&](Trampoline::Kind kind, bool returns) -> Result<> {
    trampoline.kind = kind;
    trampoline.resource = TRY(resource_at(scope, syntax.type));
    trampoline.signature.params = {Flat::i32};
    if (returns) trampoline.signature.results = {Flat::i32};
    return {};
  };
  if (syntax.builtin == ast::Builtin::resource_new) {
    TRY(resource(Trampoline::Kind::resource_new, true));
  } else if (syntax.builtin == ast::Builtin::resource_rep) {
    TRY(resource(Trampoline::Kind::resource_rep, true));
  } else if (syntax.builtin == ast::Builtin::resource_drop) {
    TRY(resource(Trampoline::Kind::resource_drop, false));
  } else {
    unsupported(std::string(ast::text(syntax.builtin)));
  }
  scope.core_funcs.push_back({.from = CoreRef::From::trampoline,
                              .index = static_cast<std::uint32_t>(plan_.trampolines.size()),
                              .ordinal = 0});
  plan_.trampolines.push_back(std::move(trampoline));
  return {};
}

}  // namespace wisp::component::planning
