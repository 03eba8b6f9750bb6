#pragma once

#include "component/abi/value.hpp"
#include "component/instance/tree.hpp"

#include <optional>
#include <span>

namespace wisp::component {

/// Calls a lifted function with value trees, on the current fiber: for tests, --invoke and generic tools.
/// Errc::usage when the arguments are not as many as parameters; a trap otherwise.
[[nodiscard]] Result<std::optional<Value>> invoke(Tree& tree, GuestRun& run, const Lift& lift,
                                                  std::span<const Value> arguments);

}  // namespace wisp::component
