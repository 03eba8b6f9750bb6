// What guests on the bindings of wasi:sockets@0.2 share: addresses and the names of errors.
#pragma once

#include "command.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace guest {

using Address = wasi_sockets_network_ip_socket_address_t;
using SocketError = wasi_sockets_network_error_code_t;

inline std::string_view name_of(SocketError error) {
  static constexpr std::string_view kNames[] = {"unknown",
                                                "access-denied",
                                                "not-supported",
                                                "invalid-argument",
                                                "out-of-memory",
                                                "timeout",
                                                "concurrency-conflict",
                                                "not-in-progress",
                                                "would-block",
                                                "invalid-state",
                                                "new-socket-limit",
                                                "address-not-bindable",
                                                "address-in-use",
                                                "remote-unreachable",
                                                "connection-refused",
                                                "connection-reset",
                                                "connection-aborted",
                                                "datagram-too-large",
                                                "name-unresolvable",
                                                "temporary-resolver-failure",
                                                "permanent-resolver-failure"};
  return error < sizeof kNames / sizeof *kNames ? kNames[error] : "no such error";
}

/// IPv4 in dotted form, and of IPv6 the loopback address `::1`, which is what the tests need.
inline Address address_of(std::string_view text, std::uint16_t port) {
  Address address{};
  if (text == "::1") {
    address.tag = WASI_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV6;
    address.val.ipv6.port = port;
    address.val.ipv6.address.f7 = 1;
    return address;
  }
  std::uint8_t parts[4] = {};
  for (auto& part : parts) {
    part = static_cast<std::uint8_t>(number(text));
    const auto dot = text.find('.');
    text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
  }
  address.tag = WASI_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV4;
  address.val.ipv4 = {port, {parts[0], parts[1], parts[2], parts[3]}};
  return address;
}

inline std::uint16_t port_of(const Address& address) {
  return address.tag == WASI_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV4 ? address.val.ipv4.port
                                                                    : address.val.ipv6.port;
}

inline std::uint8_t family_of(const Address& address) {
  return address.tag == WASI_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV4
             ? WASI_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV4
             : WASI_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV6;
}

/// Without its port.
inline std::string text_of(const wasi_sockets_network_ip_address_t& address) {
  if (address.tag == WASI_SOCKETS_NETWORK_IP_ADDRESS_IPV4) {
    const auto& v4 = address.val.ipv4;
    return text_of(v4.f0) + "." + text_of(v4.f1) + "." + text_of(v4.f2) + "." + text_of(v4.f3);
  }
  const auto& v6 = address.val.ipv6;
  std::string text;
  for (const auto part : {v6.f0, v6.f1, v6.f2, v6.f3, v6.f4, v6.f5, v6.f6, v6.f7}) {
    char digits[4];
    text += (text.empty() ? "" : ":") + std::string{digits, std::to_chars(digits, digits + 4, part, 16).ptr};
  }
  return text;
}

/// The network that the host gives; one handle for the life of the instance.
inline wasi_sockets_network_borrow_network_t network() {
  static const auto own = wasi_sockets_instance_network_instance_network();
  return wasi_sockets_network_borrow_network(own);
}

}  // namespace guest
