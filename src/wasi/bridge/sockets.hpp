#pragma once

#include "component/link/linker.hpp"

#include <vector>

namespace wisp::wasi::bridge {

/// wasi:sockets of each version over providers of the other.
[[nodiscard]] std::vector<component::Bridge> sockets();
/// The resources that those providers define.
[[nodiscard]] std::vector<component::KnownResource> known_sockets();

}  // namespace wisp::wasi::bridge
