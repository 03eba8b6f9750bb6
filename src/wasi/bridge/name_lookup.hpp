#pragma once

#include "component/link/linker.hpp"

#include <vector>

namespace wisp::wasi::bridge {

/// wasi:sockets/ip-name-lookup of each version over that of the other.
[[nodiscard]] std::vector<component::Bridge> name_lookup();

}  // namespace wisp::wasi::bridge
