#include "component/binary/core_module.hpp"
#include "component/instance/planner_scope.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

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

Result<std::uint32_t> Planner::table_slot(const Scope& scope, ast::Index core_table) {
  const CoreRef ref = *TRY(at(scope.core_tables, core_table, "core table"));
  const auto [entry, added] = table_slots_.try_emplace(ref, plan_.table_slots);
  if (added) plan_.steps.emplace_back(TableStep{.table = ref, .slot = plan_.table_slots++});
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
  lift.signature = flatten(*lift.type, Direction::lift, lift.options.pointer,
                           !lift.options.async     ? CallStyle::sync
                           : lift.options.callback ? CallStyle::callback
                                                   : CallStyle::async);
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
  if (trampoline.callee.type->async && !trampoline.options.async)
    plan_.instances[scope.instance].blocks = true;
  trampoline.signature = flatten(*trampoline.callee.type, Direction::lower, trampoline.options.pointer,
                                 trampoline.options.async ? CallStyle::async : CallStyle::sync);
  scope.core_funcs.push_back({.from = CoreRef::From::trampoline,
                              .index = static_cast<std::uint32_t>(plan_.trampolines.size()),
                              .ordinal = 0});
  plan_.trampolines.push_back(std::move(trampoline));
  return {};
}

namespace {

using ast::Builtin;

/// Core signatures of the built-ins, by number of 32-bit parameters; stream.new and future.new return 64
/// bits. What differs from that is completed by the planner.
struct Shape {
  Builtin builtin;
  std::uint8_t params;
  std::uint8_t results;
};

constexpr std::array kShapes{
    Shape{Builtin::resource_new, 1, 1},
    Shape{Builtin::resource_drop, 1, 0},
    Shape{Builtin::resource_rep, 1, 1},
    Shape{Builtin::task_cancel, 0, 0},
    Shape{Builtin::subtask_cancel, 1, 1},
    Shape{Builtin::task_return, 0, 0},
    Shape{Builtin::context_get, 0, 1},
    Shape{Builtin::context_set, 1, 0},
    Shape{Builtin::thread_yield, 0, 1},
    Shape{Builtin::subtask_drop, 1, 0},
    Shape{Builtin::stream_new, 0, 1},
    Shape{Builtin::stream_read, 3, 1},
    Shape{Builtin::stream_write, 3, 1},
    Shape{Builtin::stream_cancel_read, 1, 1},
    Shape{Builtin::stream_cancel_write, 1, 1},
    Shape{Builtin::stream_drop_readable, 1, 0},
    Shape{Builtin::stream_drop_writable, 1, 0},
    Shape{Builtin::future_new, 0, 1},
    Shape{Builtin::future_read, 2, 1},
    Shape{Builtin::future_write, 2, 1},
    Shape{Builtin::future_cancel_read, 1, 1},
    Shape{Builtin::future_cancel_write, 1, 1},
    Shape{Builtin::future_drop_readable, 1, 0},
    Shape{Builtin::future_drop_writable, 1, 0},
    Shape{Builtin::error_context_new, 2, 1},
    Shape{Builtin::error_context_debug_message, 2, 0},
    Shape{Builtin::error_context_drop, 1, 0},
    Shape{Builtin::waitable_set_new, 0, 1},
    Shape{Builtin::waitable_set_wait, 2, 1},
    Shape{Builtin::waitable_set_poll, 2, 1},
    Shape{Builtin::waitable_set_drop, 1, 0},
    Shape{Builtin::waitable_join, 2, 0},
    Shape{Builtin::backpressure_inc, 0, 0},
    Shape{Builtin::backpressure_dec, 0, 0},
    Shape{Builtin::thread_index, 0, 1},
    Shape{Builtin::thread_new_indirect, 2, 1},
    Shape{Builtin::thread_resume_later, 1, 0},
    Shape{Builtin::thread_suspend, 0, 1},
    Shape{Builtin::thread_suspend_then_resume, 1, 1},
    Shape{Builtin::thread_yield_then_resume, 1, 1},
    Shape{Builtin::thread_suspend_then_promote, 1, 1},
    Shape{Builtin::thread_yield_then_promote, 1, 1},
};

/// Threads of the instance may block in it, or it makes and switches threads.
bool blocks(const ast::CanonBuiltin& syntax) {
  switch (syntax.builtin) {
    case Builtin::waitable_set_wait:
    case Builtin::thread_yield:
    case Builtin::thread_index:
    case Builtin::thread_new_indirect:
    case Builtin::thread_resume_later:
    case Builtin::thread_suspend:
    case Builtin::thread_suspend_then_resume:
    case Builtin::thread_yield_then_resume:
    case Builtin::thread_suspend_then_promote:
    case Builtin::thread_yield_then_promote:
      return true;
    case Builtin::subtask_cancel:
    case Builtin::stream_cancel_read:
    case Builtin::stream_cancel_write:
    case Builtin::future_cancel_read:
    case Builtin::future_cancel_write:
      return !syntax.async;
    case Builtin::stream_read:
    case Builtin::stream_write:
    case Builtin::future_read:
    case Builtin::future_write:
      return !syntax.options.async;
    default:
      return false;
  }
}

/// The minor version of wit-bindgen 0.x whose bindings for Rust the component has, as it claims itself;
/// nothing without such a claim.
std::optional<unsigned> rust_bindings(const Scope& scope) {
  for (const auto& module : scope.core_modules) {
    if (module.syntax == nullptr) continue;
    const auto version = decoding::version_of_tool(module.syntax->bytes, "wit-bindgen-rust");
    unsigned minor = 0;
    if (version.starts_with("0.") &&
        std::from_chars(version.data() + 2, version.data() + version.size(), minor).ec == std::errc())
      return minor;
  }
  return std::nullopt;
}

/// Streams without payload in components made with Rust's bindings of before June 2026, nearly all of WASI
/// 0.3.0. Their tasks wake each other by such a stream, whose read they cancel synchronously while it is in a
/// waitable set, for which the specification asks for a trap since May 2026; and a vector of nothing has room
/// for 2^32 - 1, which is a longer buffer than there are.
void bear_with_old_bindings(const Scope& scope, Trampoline& trampoline) {
  constexpr unsigned kCancelsOutOfSets = 59, kBoundsBuffers = 58;
  const auto minor = rust_bindings(scope);
  if (!minor) return;
  // A cancellation never waits here, so that an async one differs in that check alone.
  if (trampoline.builtin == Builtin::stream_cancel_read && *minor < kCancelsOutOfSets)
    trampoline.async = true;
  if (trampoline.builtin == Builtin::stream_read && *minor < kBoundsBuffers) trampoline.clamps = true;
}

}  // namespace

Result<> Planner::builtin(Scope& scope, const ast::CanonBuiltin& syntax) {
  Trampoline trampoline{.kind = Trampoline::Kind::builtin,
                        .builtin = syntax.builtin,
                        .instance = scope.instance,
                        .async = syntax.async,
                        .cancellable = syntax.cancellable,
                        .slot64 = syntax.slot64,
                        .slot = syntax.slot};
  const auto shape = std::ranges::find(kShapes, syntax.builtin, &Shape::builtin);
  if (shape == kShapes.end()) {
    unsupported(std::string(ast::text(syntax.builtin)));
  } else {
    trampoline.signature.params.assign(shape->params, Flat::i32);
    trampoline.signature.results.assign(shape->results, Flat::i32);
    TRY(complete(scope, syntax, trampoline));
    if ((syntax.builtin == Builtin::stream_cancel_read || syntax.builtin == Builtin::stream_read) &&
        trampoline.type == nullptr)
      bear_with_old_bindings(scope, trampoline);
  }
  if (blocks(syntax)) plan_.instances[scope.instance].blocks = true;
  scope.core_funcs.push_back({.from = CoreRef::From::trampoline,
                              .index = static_cast<std::uint32_t>(plan_.trampolines.size()),
                              .ordinal = 0});
  plan_.trampolines.push_back(std::move(trampoline));
  return {};
}

Result<> Planner::complete(const Scope& scope, const ast::CanonBuiltin& syntax, Trampoline& trampoline) {
  trampoline.options = TRY(options(scope, syntax.options));
  Signature& signature = trampoline.signature;
  switch (syntax.builtin) {
    case Builtin::resource_new:
    case Builtin::resource_drop:
    case Builtin::resource_rep:
      trampoline.resource = TRY(resource_at(scope, syntax.type));
      return {};
    case Builtin::context_get:
      if (syntax.slot64) signature.results = {Flat::i64};
      return {};
    case Builtin::context_set:
      if (syntax.slot64) signature.params = {Flat::i64};
      return {};
    case Builtin::task_return: {
      if (syntax.result) trampoline.type = TRY(value_type(scope, *syntax.result));
      if (trampoline.type == nullptr) return {};
      signature.indirect_params = trampoline.type->flat_count > kMaxFlatParams;
      if (signature.indirect_params) {
        signature.params = {Flat::i32};
      } else {
        const auto flat = trampoline.type->flat(trampoline.options.pointer);
        signature.params.assign(flat.begin(), flat.end());
      }
      return {};
    }
    case Builtin::stream_new:
    case Builtin::future_new:
      signature.results = {Flat::i64};
      [[fallthrough]];
    case Builtin::stream_read:
    case Builtin::stream_write:
    case Builtin::stream_cancel_read:
    case Builtin::stream_cancel_write:
    case Builtin::stream_drop_readable:
    case Builtin::stream_drop_writable:
    case Builtin::future_read:
    case Builtin::future_write:
    case Builtin::future_cancel_read:
    case Builtin::future_cancel_write:
    case Builtin::future_drop_readable:
    case Builtin::future_drop_writable: {
      const auto& item = *TRY(at(scope.types, syntax.type, "type"));
      const auto* type = std::get_if<const Type*>(&item);
      if (type == nullptr || ((*type)->kind != Kind::stream && (*type)->kind != Kind::future))
        return contradiction("stream or future type");
      trampoline.type = (*type)->element;
      return {};
    }
    case Builtin::waitable_set_wait:
    case Builtin::waitable_set_poll:
      trampoline.options.memory = TRY(memory_slot(scope, syntax.memory));
      return {};
    case Builtin::thread_new_indirect:
      trampoline.slot = TRY(table_slot(scope, syntax.table));
      return {};
    default:
      return {};
  }
}

}  // namespace wisp::component::planning
