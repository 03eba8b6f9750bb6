#pragma once

#include "wasi/sockets/error.hpp"

#include <boost/asio/ip/address.hpp>

#include <sys/socket.h>

#include <cstdint>

namespace wisp::wasi {

enum class AddressFamily : std::uint8_t { ipv4, ipv6 };

/// An IP address and a port; an IPv6 address carries its scope id.
struct SocketAddress {
  boost::asio::ip::address address;
  std::uint16_t port = 0;
  std::uint32_t flow_info = 0;
  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};

/// The form the kernel takes.
struct RawAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

[[nodiscard]] RawAddress to_raw(const SocketAddress& address) noexcept;
/// For addresses that the kernel made; anything but IP becomes 0.0.0.0:0.
[[nodiscard]] SocketAddress from_raw(const RawAddress& raw) noexcept;

[[nodiscard]] AddressFamily family_of(const SocketAddress& address) noexcept;
/// 0.0.0.0:0 or [::]:0.
[[nodiscard]] SocketAddress unspecified(AddressFamily family);

/// Fits a socket of `family`: no IPv4 in an IPv6 socket, neither mapped nor compatible.
[[nodiscard]] bool fits_family(const SocketAddress& address, AddressFamily family) noexcept;
/// Can be connected or sent to: neither unspecified nor port 0.
[[nodiscard]] bool is_remote(const SocketAddress& address) noexcept;
/// Neither multicast nor broadcast.
[[nodiscard]] bool is_unicast(const SocketAddress& address) noexcept;

}  // namespace wisp::wasi
