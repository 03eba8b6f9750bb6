#include "wasi/sockets/address.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace wisp::wasi {

namespace ip = boost::asio::ip;

RawAddress to_raw(const SocketAddress& address) noexcept {
  RawAddress raw;
  if (address.address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    v4.sin_addr.s_addr = htonl(address.address.to_v4().to_uint());
    std::memcpy(&raw.storage, &v4, sizeof v4);
    raw.size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    v6.sin6_flowinfo = htonl(address.flow_info);
    const auto bytes = address.address.to_v6().to_bytes();
    std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
    v6.sin6_scope_id = static_cast<std::uint32_t>(address.address.to_v6().scope_id());
    std::memcpy(&raw.storage, &v6, sizeof v6);
    raw.size = sizeof v6;
  }
  return raw;
}

SocketAddress from_raw(const RawAddress& raw) noexcept {
  if (raw.storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &raw.storage, sizeof v4);
    return {ip::address_v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port), 0};
  }
  if (raw.storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &raw.storage, sizeof v6);
    ip::address_v6::bytes_type bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return {ip::address_v6(bytes, v6.sin6_scope_id), ntohs(v6.sin6_port), ntohl(v6.sin6_flowinfo)};
  }
  return {};
}

AddressFamily family_of(const SocketAddress& address) noexcept {
  return address.address.is_v4() ? AddressFamily::ipv4 : AddressFamily::ipv6;
}

SocketAddress unspecified(AddressFamily family) {
  if (family == AddressFamily::ipv4) return {ip::address_v4::any(), 0, 0};
  return {ip::address_v6::any(), 0, 0};
}

bool fits_family(const SocketAddress& address, AddressFamily family) noexcept {
  if (family_of(address) != family) return false;
  if (family == AddressFamily::ipv4) return true;
  const auto v6 = address.address.to_v6();
  if (v6.is_v4_mapped()) return false;
  const auto bytes = v6.to_bytes();
  const bool compatible =
      std::all_of(bytes.begin(), bytes.begin() + 12, [](unsigned char b) { return b == 0; });
  return !compatible || v6.is_unspecified() || v6.is_loopback();
}

bool is_remote(const SocketAddress& address) noexcept {
  return address.port != 0 && !address.address.is_unspecified();
}

bool is_unicast(const SocketAddress& address) noexcept {
  if (address.address.is_multicast()) return false;
  return !address.address.is_v4() || address.address.to_v4() != ip::address_v4::broadcast();
}

}  // namespace wisp::wasi
