#pragma once

#include "component/instance/linked.hpp"
#include "component/instance/tree.hpp"

/// What the callbacks of our core functions share; included by their sources only.
namespace wisp::component::trampoline {

/// The bound trampoline and the tree of a callback.
struct Site {
  const BoundTrampoline& bound;
  Tree& tree;
  ComponentInstance& instance;

  [[nodiscard]] const Trampoline& plan() const noexcept { return *bound.plan; }

  /// The thread that called. Errc::trap_deadlock where none can block: in start functions, realloc,
  /// post-return.
  [[nodiscard]] Result<Thread*> thread() const {
    if (tree.activation().thread == nullptr) [[unlikely]]
      return fail(Errc::trap_deadlock, "cannot block a synchronous task before returning");
    return tree.activation().thread;
  }
  /// Its task. Errc::trap_abi in calls that have none.
  [[nodiscard]] Result<Task*> task() const {
    if (tree.activation().thread == nullptr) [[unlikely]]
      return fail(Errc::trap_abi, "there is no task that could be meant");
    return &tree.activation().thread->task();
  }
};

[[nodiscard]] inline Result<> may_leave(const Site& at) {
  if (!at.instance.may_leave) [[unlikely]]
    return fail(Errc::trap_leave, "cannot leave component instance");
  return {};
}

[[nodiscard]] inline std::uint32_t argument(FlatSpan values, std::size_t index) {
  return static_cast<std::uint32_t>(values[index].i32);
}
inline void answer(FlatSpan values, std::uint32_t result) {
  values[0].i32 = static_cast<std::int32_t>(result);
}

using Body = Result<> (*)(const Site& at, FlatSpan values);

/// The C callback around a body; nothing but a trap leaves it.
template <Body body>
wasm_trap_t* callback(void* environment, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                      std::size_t count) {
  const auto& bound = *static_cast<const BoundTrampoline*>(environment);
  auto& tree = *static_cast<Tree*>(wasmtime_context_get_data(wasmtime_caller_context(caller)));
  Result<> outcome = body({bound, tree, tree.instance(bound.plan->instance)}, FlatSpan(values, count));
  if (outcome) [[likely]]
    return nullptr;
  return engine::make_trap(std::move(outcome).error());
}

/// The callback of a built-in; null for those that are not there.
[[nodiscard]] wasmtime_func_unchecked_callback_t builtin(ast::Builtin builtin);

}  // namespace wisp::component::trampoline
