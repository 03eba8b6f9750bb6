#pragma once

#include "component/link/linker.hpp"

#include <vector>

namespace wisp::wasi::bridge {

/// wasi:sockets/udp and udp-create-socket of 0.2 over wasi:sockets/types of 0.3.
[[nodiscard]] std::vector<component::Bridge> old_udp();

}  // namespace wisp::wasi::bridge
