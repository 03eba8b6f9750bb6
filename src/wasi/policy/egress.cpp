#include "wasi/policy/egress.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace wisp::wasi {

namespace ip = boost::asio::ip;

namespace {

using V6 = ip::address_v6::bytes_type;

struct Block4 {
  std::uint32_t base;
  unsigned bits;
  AddressScope scope;
};

// IANA special-purpose registry; what is not here is global.
constexpr auto kBlocks4 = std::to_array<Block4>({
    {0x00000000, 8, AddressScope::special},   // this network
    {0x0a000000, 8, AddressScope::site},      // 10/8
    {0x64400000, 10, AddressScope::site},     // 100.64/10
    {0x7f000000, 8, AddressScope::loopback},  // 127/8
    {0xa9fe0000, 16, AddressScope::special},  // 169.254/16
    {0xac100000, 12, AddressScope::site},     // 172.16/12
    {0xc0000000, 24, AddressScope::special},  // 192.0.0/24
    {0xc0000200, 24, AddressScope::special},  // 192.0.2/24
    {0xc0586300, 24, AddressScope::special},  // 192.88.99/24
    {0xc0a80000, 16, AddressScope::site},     // 192.168/16
    {0xc6120000, 15, AddressScope::special},  // 198.18/15
    {0xc6336400, 24, AddressScope::special},  // 198.51.100/24
    {0xcb007100, 24, AddressScope::special},  // 203.0.113/24
    {0xe0000000, 4, AddressScope::special},   // multicast
    {0xf0000000, 4, AddressScope::special},   // reserved, broadcast
});

bool in_block(std::uint32_t address, const Block4& block) {
  return (address ^ block.base) >> (32 - block.bits) == 0;
}

AddressScope scope4(std::uint32_t address) {
  for (const auto& block : kBlocks4) {
    if (in_block(address, block)) return block.scope;
  }
  return AddressScope::global;
}

std::uint32_t tail4(const V6& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

bool starts(const V6& bytes, std::initializer_list<unsigned char> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

// The IPv4 address that an IPv6 address stands for, if it does.
std::optional<std::uint32_t> embedded4(const V6& bytes) {
  const bool zeros10 = std::all_of(bytes.begin(), bytes.begin() + 10, [](unsigned char b) { return b == 0; });
  if (zeros10 && bytes[10] == 0xff && bytes[11] == 0xff) return tail4(bytes, 12);  // mapped
  if (zeros10 && bytes[10] == 0 && bytes[11] == 0 && tail4(bytes, 12) > 1)
    return tail4(bytes, 12);                                                                  // compatible
  if (starts(bytes, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) return tail4(bytes, 12);  // NAT64
  if (starts(bytes, {0x20, 0x02})) return tail4(bytes, 2);                                    // 6to4
  return std::nullopt;
}

AddressScope scope6(const V6& bytes) {
  if (const auto v4 = embedded4(bytes)) return scope4(*v4);
  if (ip::address_v6(bytes).is_loopback()) return AddressScope::loopback;
  if ((bytes[0] & 0xfe) == 0xfc) return AddressScope::site;                      // fc00::/7
  if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0xc0) return AddressScope::site;  // fec0::/10
  if ((bytes[0] & 0xe0) != 0x20) return AddressScope::special;                   // outside 2000::/3
  if (starts(bytes, {0x20, 0x01}) && bytes[2] < 2)
    return AddressScope::special;                                             // 2001::/23: Teredo, ORCHID, …
  if (starts(bytes, {0x20, 0x01, 0x0d, 0xb8})) return AddressScope::special;  // documentation
  if (bytes[0] == 0x3f && bytes[1] == 0xff && bytes[2] < 0x10) return AddressScope::special;  // documentation
  return AddressScope::global;
}

template <std::size_t N>
bool same_prefix(const std::array<unsigned char, N>& a, const std::array<unsigned char, N>& b,
                 unsigned bits) {
  for (std::size_t i = 0; i < N && bits > 0; ++i) {
    const unsigned take = std::min(bits, 8u);
    if ((a[i] ^ b[i]) >> (8 - take) != 0) return false;
    bits -= take;
  }
  return true;
}

bool in_network(const ip::address& address, const ip::address& base, unsigned bits) {
  if (address.is_v4() != base.is_v4()) return false;
  return address.is_v4() ? same_prefix(address.to_v4().to_bytes(), base.to_v4().to_bytes(), bits)
                         : same_prefix(address.to_v6().to_bytes(), base.to_v6().to_bytes(), bits);
}

// Whether the network as a whole lies in the scope of its base: only then was that scope named.
bool inside_scope(const ip::address& base, unsigned bits) {
  if (base.is_v4()) {
    const auto address = base.to_v4().to_uint();
    return std::ranges::any_of(kBlocks4,
                               [&](const Block4& b) { return in_block(address, b) && bits >= b.bits; });
  }
  const auto bytes = base.to_v6().to_bytes();
  if (embedded4(bytes) || base.is_loopback() || base.is_unspecified()) return bits == 128;
  if ((bytes[0] & 0xfe) == 0xfc) return bits >= 7;
  return bits >=
         10;  // the widest other blocks are fe80::/10, fec0::/10; documentation and the rest are narrower
}

// IPv4 inside IPv6 is compared as IPv4, so that one spelling cannot pass where the other is refused.
ip::address canonical(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  }
  return address;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (out.size() > 1 && out.ends_with('.')) out.pop_back();
  return out;
}

std::optional<ip::address> literal(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  boost::system::error_code error;
  auto address = ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  return canonical(address);
}

template <class T>
std::optional<T> number(std::string_view text, T max) {
  unsigned long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return static_cast<T>(value);
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253 || name.starts_with('.') || name.find("..") != name.npos)
    return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

bool is_localhost(std::string_view name) { return name == "localhost" || name.ends_with(".localhost"); }

}  // namespace

AddressScope address_scope(const ip::address& address) {
  return address.is_v4() ? scope4(address.to_v4().to_uint()) : scope6(address.to_v6().to_bytes());
}

Result<EgressPolicy> EgressPolicy::parse(std::span<const std::string> patterns) {
  EgressPolicy policy;
  for (const auto& pattern : patterns) policy.rules_.push_back(TRY(parse_rule(pattern)));
  return policy;
}

Result<EgressPolicy::Rule> EgressPolicy::parse_rule(std::string_view pattern) {
  const auto bad = [&](std::string_view why) {
    return fail(Errc::usage, "'{}' is no host pattern (HOST[:PORT], *.domain, address or network): {}",
                pattern, why);
  };
  Rule rule;
  std::string_view host = pattern;
  std::optional<std::string_view> port;
  if (host.starts_with('[')) {
    const auto close = host.find(']');
    if (close == host.npos) return bad("']' is missing");
    auto rest = host.substr(close + 1);
    if (rest.starts_with('/')) {
      const auto colon = rest.find(':');
      if (colon != rest.npos) port = rest.substr(colon + 1);
      rest = rest.substr(0, colon);
    } else if (rest.starts_with(':')) {
      port = rest.substr(1);
      rest = {};
    } else if (!rest.empty()) {
      return bad("only ':PORT' or '/BITS' may follow ']'");
    }
    host = pattern.substr(0, close + 1 + rest.size());
  } else if (std::ranges::count(host, ':') == 1) {
    const auto colon = host.find(':');
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (port) {
    const auto value = number<std::uint16_t>(*port, 65535);
    if (!value || *value == 0) return bad("the port is not a number from 1 to 65535");
    rule.port = *value;
  }
  if (host == "*") {
    rule.what = Anything{};
    return rule;
  }
  if (const auto slash = host.find('/'); slash != host.npos) {
    const auto base = literal(host.substr(0, slash));
    if (!base) return bad("the part before '/' is no address");
    const auto bits = number<unsigned>(host.substr(slash + 1), base->is_v4() ? 32 : 128);
    if (!bits) return bad("the part after '/' is no prefix length");
    rule.what = Network{*base, *bits};
    return rule;
  }
  if (const auto address = literal(host)) {
    rule.what = Network{*address, address->is_v4() ? 32u : 128u};
    return rule;
  }
  auto name = lower(host);
  if (name.starts_with("*.")) {
    name.erase(0, 1);
    if (!is_host_name(std::string_view(name).substr(1))) return bad("it holds characters that no name has");
    rule.what = Below{std::move(name)};
    return rule;
  }
  if (!is_host_name(name)) return bad("it holds characters that no name has");
  rule.what = Name{std::move(name)};
  return rule;
}

bool EgressPolicy::names(const Rule& rule, std::string_view name) {
  if (const auto* exact = std::get_if<Name>(&rule.what)) return exact->name == name;
  if (const auto* below = std::get_if<Below>(&rule.what)) {
    return name.size() > below->suffix.size() && name.ends_with(below->suffix);
  }
  return std::holds_alternative<Anything>(rule.what);
}

bool EgressPolicy::covers(const Rule& rule, std::string_view name, const ip::address& address) {
  const AddressScope scope = address_scope(address);
  if (const auto* network = std::get_if<Network>(&rule.what)) {
    if (!in_network(address, network->base, network->bits)) return false;
    return scope == AddressScope::global || inside_scope(network->base, network->bits);
  }
  if (const auto* exact = std::get_if<Name>(&rule.what)) {
    if (is_localhost(exact->name)) {
      return scope == AddressScope::loopback && (name.empty() || name == exact->name);
    }
    return name == exact->name && (scope == AddressScope::global || scope == AddressScope::site);
  }
  return scope == AddressScope::global && names(rule, name);
}

bool EgressPolicy::may_name(std::string_view name, std::uint16_t port) const {
  const auto asked = lower(name);
  if (const auto address = literal(asked)) return allows({}, *address, port);
  return std::ranges::any_of(rules_, [&](const Rule& rule) {
    if (rule.port != 0 && rule.port != port) return false;
    // A network may turn out to hold the address that the name leads to.
    return std::holds_alternative<Network>(rule.what) || names(rule, asked);
  });
}

bool EgressPolicy::may_look_up(std::string_view name) const {
  const auto asked = lower(name);
  return std::ranges::any_of(rules_, [&](const Rule& rule) { return names(rule, asked); });
}

bool EgressPolicy::allows(std::string_view name, const ip::address& address, std::uint16_t port) const {
  const auto asked = lower(name);
  const auto target = canonical(address);
  return std::ranges::any_of(rules_, [&](const Rule& rule) {
    return (rule.port == 0 || rule.port == port) && covers(rule, asked, target);
  });
}

}  // namespace wisp::wasi
