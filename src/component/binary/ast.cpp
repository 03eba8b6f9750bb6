#include "component/binary/ast.hpp"

#include <array>

namespace wisp::component::ast {
namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, 44> kBuiltins{
    "resource.new",
    "resource.drop",
    "resource.rep",
    "task.cancel",
    "subtask.cancel",
    "task.return",
    "context.get",
    "context.set",
    "thread.yield",
    "subtask.drop",
    "stream.new",
    "stream.read",
    "stream.write",
    "stream.cancel-read",
    "stream.cancel-write",
    "stream.drop-readable",
    "stream.drop-writable",
    "future.new",
    "future.read",
    "future.write",
    "future.cancel-read",
    "future.cancel-write",
    "future.drop-readable",
    "future.drop-writable",
    "error-context.new",
    "error-context.debug-message",
    "error-context.drop",
    "waitable-set.new",
    "waitable-set.wait",
    "waitable-set.poll",
    "waitable-set.drop",
    "waitable.join",
    "backpressure.inc",
    "backpressure.dec",
    "thread.index",
    "thread.new-indirect",
    "thread.resume-later",
    "thread.suspend",
    "thread.suspend-then-resume",
    "thread.yield-then-resume",
    "thread.suspend-then-promote",
    "thread.yield-then-promote",
    "thread.spawn-ref",
    "thread.spawn-indirect",
};
static_assert(kBuiltins.size() == static_cast<std::size_t>(Builtin::thread_available_parallelism));

}  // namespace

std::string_view text(Builtin builtin) {
  const auto index = static_cast<std::size_t>(builtin);
  return index < kBuiltins.size() ? kBuiltins[index] : "thread.available-parallelism";
}

}  // namespace wisp::component::ast
