#include "wasi/bridge/sockets.hpp"

#include "wasi/bridge/name_lookup.hpp"
#include "wasi/bridge/new_tcp.hpp"
#include "wasi/bridge/new_udp.hpp"
#include "wasi/bridge/old_tcp.hpp"
#include "wasi/bridge/old_udp.hpp"
#include "wasi/bridge/provided_sockets.hpp"

#include <algorithm>
#include <iterator>

namespace wisp::wasi::bridge {

namespace {

/// One interface over several: a provider of either kind of sockets is one of its types.
template <component::NamesResource R>
component::Bridge types_over() {
  auto functions = new_tcp_functions();
  std::ranges::move(new_udp_functions(), std::back_inserter(functions));
  auto bridge = adapt("wasi:sockets/types@0.3", std::string(R::kInterface), std::move(functions));
  bridge.defines = R::kName;
  bridge.resources = {{"tcp-socket", new_tcp_tag()}, {"udp-socket", new_udp_tag()}};
  bridge.family = kSockets;
  return bridge;
}

}  // namespace

std::vector<component::Bridge> sockets() {
  std::vector<component::Bridge> all{types_over<OldTcp>(), types_over<OldUdp>()};
  for (auto&& more : {old_tcp(), old_udp(), name_lookup()}) std::ranges::copy(more, std::back_inserter(all));
  return all;
}

std::vector<component::KnownResource> known_sockets() {
  using component::known_resource;
  return {known_resource<OldNetwork>(), known_resource<OldAddresses>(), known_resource<OldTcp>(),
          known_resource<OldUdp>(),     known_resource<OldIncoming>(),  known_resource<OldOutgoing>(),
          known_resource<NewTcp>(),     known_resource<NewUdp>()};
}

}  // namespace wisp::wasi::bridge
