#pragma once

#include "base/result.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace wisp::wasi {

/// What kind of network an address belongs to, for the rules of EgressPolicy.
enum class AddressScope : std::uint8_t {
  global,    ///< the public Internet
  site,      ///< private networks: 10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7, fec0::/10
  loopback,  ///< 127/8, ::1
  special,   ///< everything else: link-local (cloud metadata), multicast, unspecified, reserved,
             ///< documentation, …
};

/// IPv4 inside IPv6 (mapped, compatible, NAT64, 6to4) is judged by the IPv4 address.
[[nodiscard]] AddressScope address_scope(const boost::asio::ip::address& address);

/// Which destinations a guest may reach, for wasi:http and wasi:sockets alike. Deny by default; decided on
/// the address that is about to be connected to, after name lookup, together with the name it was found
/// under.
///
/// Patterns, each with an optional ":PORT" (IPv6 then in brackets):
///   example.com      this name, at a global or site address
///   *.example.com    every name below it (not itself), at a global address
///   *                everything at a global address
///   localhost        this name at a loopback address, and the loopback addresses themselves
///   192.0.2.7, ::1   this address, whatever its scope
///   10.1.0.0/16      these addresses; a network wider than a scope does not open that scope: 0.0.0.0/0 is
///   the
///                    global addresses, 10.0.0.0/8 is site addresses
/// So a name that anybody controls can never lead to a loopback, link-local or (by a wildcard) private
/// address.
///
/// Immutable; shared by all shards.
class EgressPolicy {
 public:
  EgressPolicy() = default;

  /// Fails with Errc::usage for a pattern it cannot read.
  [[nodiscard]] static Result<EgressPolicy> parse(std::span<const std::string> patterns);

  /// True when nothing is allowed.
  [[nodiscard]] bool empty() const noexcept { return rules_.empty(); }

  /// Whether some address of `name` (a host name or an address literal, any case) at `port` could be allowed;
  /// a look-up for a refused name need not be made.
  [[nodiscard]] bool may_name(std::string_view name, std::uint16_t port) const;

  /// Whether `name` may be looked up at all, whatever the port.
  [[nodiscard]] bool may_look_up(std::string_view name) const;

  /// Whether a connection to `address` may be made. `name`: the host name it was found under; empty when the
  /// guest gave the address itself.
  [[nodiscard]] bool allows(std::string_view name, const boost::asio::ip::address& address,
                            std::uint16_t port) const;

 private:
  struct Anything {};
  struct Name {
    std::string name;  // lower case, no trailing dot
  };
  struct Below {
    std::string suffix;  // ".example.com"
  };
  struct Network {
    boost::asio::ip::address base;
    unsigned bits;
  };
  struct Rule {
    std::variant<Anything, Name, Below, Network> what;
    std::uint16_t port = 0;  // 0: any
  };
  static Result<Rule> parse_rule(std::string_view pattern);
  static bool names(const Rule& rule, std::string_view name);
  static bool covers(const Rule& rule, std::string_view name, const boost::asio::ip::address& address);

  std::vector<Rule> rules_;
};

}  // namespace wisp::wasi
