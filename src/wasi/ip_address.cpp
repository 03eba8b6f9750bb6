#include "wasi/ip_address.hpp"

#include <array>

namespace wisp::wasi {

namespace ip = boost::asio::ip;

AddressFamily to_core(IpAddressFamily family) noexcept { return static_cast<AddressFamily>(family); }
IpAddressFamily from_core(AddressFamily family) noexcept { return static_cast<IpAddressFamily>(family); }

SocketAddress to_core(const IpSocketAddress& address) {
  if (const auto* v4 = std::get_if<Ipv4SocketAddress>(&address.value)) {
    const auto bytes = std::apply([](auto... b) { return ip::address_v4::bytes_type{b...}; }, v4->address);
    return {ip::address_v4(bytes), v4->port, 0};
  }
  const auto& v6 = std::get<Ipv6SocketAddress>(address.value);
  const auto words = std::apply([](auto... w) { return std::array<std::uint16_t, 8>{w...}; }, v6.address);
  ip::address_v6::bytes_type bytes{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    bytes[2 * i] = static_cast<unsigned char>(words[i] >> 8);
    bytes[2 * i + 1] = static_cast<unsigned char>(words[i] & 0xff);
  }
  return {ip::address_v6(bytes, v6.scope_id), v6.port, v6.flow_info};
}

IpAddress from_core(const ip::address& address) {
  if (address.is_v4()) {
    const auto b = address.to_v4().to_bytes();
    return {Ipv4Address{b[0], b[1], b[2], b[3]}};
  }
  const auto b = address.to_v6().to_bytes();
  const auto word = [&](std::size_t i) { return static_cast<std::uint16_t>(b[2 * i] << 8 | b[2 * i + 1]); };
  return {Ipv6Address{word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7)}};
}

IpSocketAddress from_core(const SocketAddress& address) {
  const auto plain = from_core(address.address);
  if (const auto* v4 = std::get_if<Ipv4Address>(&plain.value)) return {Ipv4SocketAddress{address.port, *v4}};
  const auto scope = static_cast<std::uint32_t>(address.address.to_v6().scope_id());
  return {Ipv6SocketAddress{address.port, address.flow_info, std::get<Ipv6Address>(plain.value), scope}};
}

}  // namespace wisp::wasi
