#pragma once

#include "component/link/host_abi.hpp"
#include "wasi/sockets/address.hpp"

#include <cstdint>
#include <tuple>
#include <variant>

/// Addresses as wasi:sockets spells them, in 0.2 as in 0.3.
namespace wisp::wasi {

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

}  // namespace wisp::wasi
