#pragma once

#include "component/link/linker.hpp"

#include <vector>

namespace wisp::wasi::bridge {

/// wasi:sockets/tcp and tcp-create-socket of 0.2 over wasi:sockets/types of 0.3.
[[nodiscard]] std::vector<component::Bridge> old_tcp();

}  // namespace wisp::wasi::bridge
