#pragma once

#include "wasi/bridge/adapter.hpp"
#include "wasi/bridge/provided_sockets.hpp"

#include <vector>

namespace wisp::wasi::bridge {

/// The udp-socket of wasi:sockets/types of 0.3 over the interfaces of 0.2: its functions, and its class.
[[nodiscard]] std::vector<Adapted> new_udp_functions();
[[nodiscard]] component::HostTypeTag new_udp_tag();

}  // namespace wisp::wasi::bridge
