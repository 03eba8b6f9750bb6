#pragma once

#include "component/abi/value.hpp"
#include "component/types/type.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace wisp::component {

/// The error of an interface that stands for a crash of whoever provides it (design.md §6, "Traps"), so that
/// a caller outlives its callees. An immutable value, made when a function is linked.
class CrashError {
 public:
  /// How the error says what happened.
  enum class Text : std::uint8_t { none, plain, optional };

  /// Without a case the error is the text itself.
  CrashError(std::optional<std::uint32_t> error_case, Text text) : case_(error_case), text_(text) {}

  /// The function's result: `err` of that error. `text` is UTF-8; what is longer than 1,000 bytes is cut off.
  [[nodiscard]] Value value(std::string_view text) const;

 private:
  std::optional<std::uint32_t> case_;
  Text text_;
};

/// The crash error of a function of `interface` ("wasi:http/handler@0.3.0") with this result:
/// `internal-error` of any interface's error (a label, or a case with a string, an optional one, or nothing),
/// else what is known of the interface. Nothing if its errors have no room for one: then a crash traps the
/// caller.
[[nodiscard]] std::optional<CrashError> find_crash_error(std::string_view interface, const Type* result);

}  // namespace wisp::component
