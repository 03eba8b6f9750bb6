#pragma once

#include "base/error.hpp"

#include <string_view>

namespace wisp::wast {

/// Whether `error` is what a script means by the trap message `expected`, which is Wasmtime's wording. A
/// message that the table does not know is met by an error that contains it.
[[nodiscard]] bool meets(std::string_view expected, const Error& error);

}  // namespace wisp::wast
