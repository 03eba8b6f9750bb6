#pragma once

#include "component/instance/host_resource.hpp"
#include "wasi/ip_address.hpp"
#include "wasi/p2/resources.hpp"
#include "wasi/reply.hpp"
#include "wasi/sockets/tcp.hpp"
#include "wasi/sockets/udp.hpp"

#include <cstdint>
#include <expected>
#include <utility>

/// Types and handles that the interfaces of wasi:sockets share.
namespace wisp::wasi::p2 {

/// wasi:sockets/network.network: what may be done is decided by the guest's rules, not by who holds this.
class Network final : public component::HostResource {};

/// wasi:sockets/network.error-code: the cases of SocketError up to permanent_resolver_failure, in this order.
enum class NetworkErrorCode : std::uint8_t {};
WISP_ENUM(NetworkErrorCode, "unknown", "access-denied", "not-supported", "invalid-argument", "out-of-memory",
          "timeout", "concurrency-conflict", "not-in-progress", "would-block", "invalid-state",
          "new-socket-limit", "address-not-bindable", "address-in-use", "remote-unreachable",
          "connection-refused", "connection-reset", "connection-aborted", "datagram-too-large",
          "name-unresolvable", "temporary-resolver-failure", "permanent-resolver-failure")

[[nodiscard]] NetworkErrorCode to_network_error(SocketError error) noexcept;

template <class T = void>
using NetworkReply = std::expected<T, NetworkErrorCode>;

[[nodiscard]] Refusal<NetworkErrorCode> refuse(SocketError error) noexcept;

/// A core result as the guest is told it.
template <class T>
[[nodiscard]] NetworkReply<T> reply(SocketResult<T> result) {
  if (!result) return refuse(result.error());
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return std::move(*result);
  }
}

}  // namespace wisp::wasi::p2
