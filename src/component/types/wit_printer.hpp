#pragma once

#include "component/types/type.hpp"

#include <string>
#include <utility>
#include <vector>

namespace wisp::component {

/// Imports or exports by name, in order.
using Externs = std::vector<std::pair<std::string, ExternDesc>>;

/// The world of a component as WIT text: `world root` with its imports and exports, then the interfaces it
/// names, by package. Types are named as the interface that exports them names them; a type that an earlier
/// interface exports under the same name is a `use` of that one. What WIT has no words for (exported types of
/// a world, core modules, components) is printed in its spirit. Text stops with "…" after about a megabyte.
[[nodiscard]] std::string print_wit(const Externs& imports, const Externs& exports);

}  // namespace wisp::component
