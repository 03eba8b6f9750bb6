#pragma once

#include "component/instance/host_resource.hpp"
#include "component/link/host_abi.hpp"
#include "wasi/p2/reply.hpp"
#include "wasi/p2/resources.hpp"
#include "wasi/sockets/tcp.hpp"
#include "wasi/sockets/udp.hpp"

#include <cstdint>
#include <expected>
#include <memory>
#include <tuple>
#include <utility>
#include <variant>

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

enum class IpAddressFamily : std::uint8_t {};
WISP_ENUM(IpAddressFamily, "ipv4", "ipv6")

using Ipv4Address = std::tuple<std::uint8_t, std::uint8_t, std::uint8_t, std::uint8_t>;
using Ipv6Address = std::tuple<std::uint16_t, std::uint16_t, std::uint16_t, std::uint16_t, std::uint16_t,
                               std::uint16_t, std::uint16_t, std::uint16_t>;

struct IpAddress {
  std::variant<Ipv4Address, Ipv6Address> value;
};
WISP_VARIANT(IpAddress, "ipv4", "ipv6")

struct Ipv4SocketAddress {
  std::uint16_t port = 0;
  Ipv4Address address;
};
WISP_RECORD(Ipv4SocketAddress, ("port", "address"), value.port, value.address)

struct Ipv6SocketAddress {
  std::uint16_t port = 0;
  std::uint32_t flow_info = 0;
  Ipv6Address address;
  std::uint32_t scope_id = 0;
};
WISP_RECORD(Ipv6SocketAddress, ("port", "flow-info", "address", "scope-id"), value.port, value.flow_info,
            value.address, value.scope_id)

struct IpSocketAddress {
  std::variant<Ipv4SocketAddress, Ipv6SocketAddress> value;
};
WISP_VARIANT(IpSocketAddress, "ipv4", "ipv6")

[[nodiscard]] AddressFamily to_core(IpAddressFamily family) noexcept;
[[nodiscard]] SocketAddress to_core(const IpSocketAddress& address);
[[nodiscard]] IpAddressFamily from_core(AddressFamily family) noexcept;
[[nodiscard]] IpAddress from_core(const boost::asio::ip::address& address);
[[nodiscard]] IpSocketAddress from_core(const SocketAddress& address);

}  // namespace wisp::wasi::p2
