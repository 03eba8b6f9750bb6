#pragma once

#include "component/link/twins.hpp"

#include <vector>

namespace wisp::wasi::bridge {

/// Resources of 0.2 and 0.3 that are faces of one core object: descriptor, tcp-socket, udp-socket, fields,
/// request-options. One that has children, or a call in two steps under way, cannot be given away; fields
/// that can still be changed cannot be lent.
[[nodiscard]] std::vector<component::Twin> twins();

}  // namespace wisp::wasi::bridge
