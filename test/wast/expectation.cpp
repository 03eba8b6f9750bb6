#include "expectation.hpp"

#include <array>

namespace wisp::wast {
namespace {

/// An expected message that contains `theirs` is met by the code `code` with a message that contains `ours`.
struct Row {
  std::string_view theirs;
  Errc code;
  std::string_view ours = {};
};

// Rows with the same `theirs` are alternatives.
constexpr std::array kRows{
    Row{"cannot leave component instance", Errc::trap_leave},
    Row{"cannot enter component instance", Errc::trap_reentrance},
    Row{"cannot enter component instance", Errc::trap_poisoned},
    Row{"unreachable", Errc::trap_unreachable},
    Row{"call stack exhausted", Errc::trap_stack},
    Row{"realloc return: beyond end of memory", Errc::trap_memory, "realloc return"},
    Row{"realloc return: result not aligned", Errc::trap_abi, "realloc return"},
    Row{"string content out-of-bounds", Errc::trap_memory, "out-of-bounds"},
    Row{"string pointer/length out of bounds of memory", Errc::trap_memory, "out-of-bounds"},
    Row{"list content out-of-bounds", Errc::trap_memory},
    Row{"out of bounds memory access", Errc::trap_memory},
    Row{"unaligned pointer", Errc::trap_abi, "unaligned pointer"},
    Row{"invalid variant discriminant", Errc::trap_abi, "invalid variant discriminant"},
    Row{"invalid `char` bit pattern", Errc::trap_abi, "char"},
    Row{"invalid utf-8", Errc::trap_abi, "utf-8"},
    Row{"incomplete utf-8 byte sequence", Errc::trap_abi, "utf-8"},
    Row{"used with the wrong type", Errc::trap_handle, "used with the wrong type"},
    Row{"deadlock detected", Errc::trap_deadlock},
    Row{"cannot block a synchronous task before returning", Errc::trap_deadlock},
    // Both trap; the specification looks at the handle before it comes to block.
    Row{"cannot block a synchronous task before returning", Errc::trap_handle, "unknown handle index"},
    Row{"cannot have concurrent operations active on a future/stream", Errc::trap_handle,
        "cannot have concurrent operations active"},
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// "unknown handle index 1" is not met by "unknown handle index 12".
bool contains_whole(std::string_view text, std::string_view part) {
  const auto at = text.find(part);
  if (at == text.npos) return false;
  const auto end = at + part.size();
  const auto is_digit = [](char each) { return each >= '0' && each <= '9'; };
  return end == text.size() || part.empty() || !is_digit(part.back()) || !is_digit(text[end]);
}

}  // namespace

bool meets(std::string_view expected, const Error& error) {
  constexpr std::string_view kPrefix = "wasm trap: ";
  if (expected.starts_with(kPrefix)) expected.remove_prefix(kPrefix.size());
  if (contains_whole(error.message(), expected)) return true;
  for (const auto& row : kRows)
    if (contains(expected, row.theirs) && error.code() == row.code && contains(error.message(), row.ours))
      return true;
  return false;
}

}  // namespace wisp::wast
