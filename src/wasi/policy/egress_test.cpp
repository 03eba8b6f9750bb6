#include "wasi/policy/egress.hpp"

#include <gtest/gtest.h>

namespace wisp::wasi {
namespace {

namespace ip = boost::asio::ip;

struct ScopeCase {
  const char* address;
  AddressScope scope;
};

TEST(Egress, ScopesOfAddresses) {
  const ScopeCase cases[] = {
      {"93.184.216.34", AddressScope::global},
      {"10.0.0.1", AddressScope::site},
      {"172.16.0.1", AddressScope::site},
      {"172.32.0.1", AddressScope::global},
      {"192.168.1.1", AddressScope::site},
      {"100.64.0.1", AddressScope::site},
      {"127.0.0.1", AddressScope::loopback},
      {"127.255.255.255", AddressScope::loopback},
      {"0.0.0.0", AddressScope::special},
      {"169.254.169.254", AddressScope::special},
      {"224.0.0.1", AddressScope::special},
      {"255.255.255.255", AddressScope::special},
      {"198.18.0.1", AddressScope::special},
      {"::1", AddressScope::loopback},
      {"::", AddressScope::special},
      {"2606:2800:220:1::1", AddressScope::global},
      {"fe80::1", AddressScope::special},
      {"fd00::1", AddressScope::site},
      {"ff02::1", AddressScope::special},
      {"2001:db8::1", AddressScope::special},
      {"::ffff:127.0.0.1", AddressScope::loopback},
      {"::ffff:169.254.169.254", AddressScope::special},
      {"::127.0.0.1", AddressScope::loopback},
      {"64:ff9b::10.0.0.1", AddressScope::site},
      {"2002:7f00:1::1", AddressScope::loopback},
      {"2001:0:1::1", AddressScope::special},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(address_scope(ip::make_address(one.address)), one.scope) << one.address;
  }
}

struct Case {
  std::vector<std::string> patterns;
  const char* name;
  const char* address;
  std::uint16_t port;
  bool allowed;
};

TEST(Egress, DecidesOnNameAddressAndPort) {
  const Case cases[] = {
      // Nothing is allowed unless it is named.
      {{}, "example.com", "93.184.216.34", 80, false},
      {{"other.com"}, "example.com", "93.184.216.34", 80, false},
      {{"example.com"}, "example.com", "93.184.216.34", 80, true},
      {{"Example.COM"}, "eXample.com.", "93.184.216.34", 80, true},
      {{"example.com"}, "", "93.184.216.34", 80, false},
      {{"example.com"}, "www.example.com", "93.184.216.34", 80, false},
      {{"example.com"}, "badexample.com", "93.184.216.34", 80, false},
      // Ports.
      {{"example.com:443"}, "example.com", "93.184.216.34", 443, true},
      {{"example.com:443"}, "example.com", "93.184.216.34", 80, false},
      {{"[2606:4700::1]:443"}, "", "2606:4700::1", 443, true},
      {{"[2606:4700::1]:443"}, "", "2606:4700::1", 80, false},
      {{"2606:4700::1"}, "", "2606:4700::1", 80, true},
      // Below a domain.
      {{"*.example.com"}, "a.b.example.com", "93.184.216.34", 80, true},
      {{"*.example.com"}, "example.com", "93.184.216.34", 80, false},
      {{"*.example.com"}, "badexample.com", "93.184.216.34", 80, false},
      // After the look-up: a name does not lead to where it must not.
      {{"example.com"}, "example.com", "127.0.0.1", 80, false},
      {{"example.com"}, "example.com", "169.254.169.254", 80, false},
      {{"example.com"}, "example.com", "::ffff:127.0.0.1", 80, false},
      {{"db.internal"}, "db.internal", "10.1.2.3", 5432, true},
      {{"*.internal"}, "db.internal", "10.1.2.3", 5432, false},
      {{"*"}, "example.com", "93.184.216.34", 80, true},
      {{"*"}, "", "93.184.216.34", 80, true},
      {{"*"}, "", "127.0.0.1", 80, false},
      {{"*"}, "", "192.168.0.1", 80, false},
      {{"*"}, "", "fe80::1", 80, false},
      {{"*:443"}, "example.com", "93.184.216.34", 80, false},
      // Loopback only if named.
      {{"localhost"}, "localhost", "127.0.0.1", 8000, true},
      {{"localhost"}, "localhost", "::1", 8000, true},
      {{"localhost"}, "", "127.0.0.1", 8000, true},
      {{"localhost:8000"}, "", "127.0.0.1", 8001, false},
      {{"localhost"}, "evil.com", "127.0.0.1", 8000, false},
      {{"localhost"}, "localhost", "93.184.216.34", 8000, false},
      {{"127.0.0.1"}, "", "127.0.0.1", 80, true},
      {{"127.0.0.1"}, "", "127.0.0.2", 80, false},
      {{"127.0.0.1"}, "", "::ffff:127.0.0.1", 80, true},
      {{"::ffff:127.0.0.1"}, "", "127.0.0.1", 80, true},
      {{"127.0.0.0/8:8080"}, "", "127.9.9.9", 8080, true},
      {{"127.0.0.0/8:8080"}, "", "127.9.9.9", 8081, false},
      // Networks; one that is wider than a special range does not open it.
      {{"10.0.0.0/8"}, "", "10.200.0.1", 80, true},
      {{"10.0.0.0/8"}, "any.name", "10.200.0.1", 80, true},
      {{"10.0.0.0/8"}, "", "11.0.0.1", 80, false},
      {{"8.0.0.0/5"}, "", "10.0.0.1", 80, false},
      {{"8.0.0.0/5"}, "", "8.8.8.8", 80, true},
      {{"0.0.0.0/0"}, "", "8.8.8.8", 80, true},
      {{"0.0.0.0/0"}, "", "127.0.0.1", 80, false},
      {{"0.0.0.0/0"}, "", "169.254.169.254", 80, false},
      {{"169.254.169.254"}, "", "169.254.169.254", 80, true},
      {{"::/0"}, "", "::1", 80, false},
      {{"::/0"}, "", "2606:4700::1", 80, true},
      {{"[fd00::/8]:443"}, "", "fd12::1", 443, false},
      {{"[fd00::]/8:443"}, "", "fd12::1", 443, true},
      {{"192.0.2.0/23"}, "", "192.0.3.1", 80, true},
  };
  for (const auto& one : cases) {
    std::string joined;
    for (const auto& pattern : one.patterns) joined += pattern + " ";
    const auto policy = EgressPolicy::parse(one.patterns);
    if (!policy) {
      EXPECT_FALSE(one.allowed) << joined << policy.error().message();
      continue;
    }
    EXPECT_EQ(policy->allows(one.name, ip::make_address(one.address), one.port), one.allowed)
        << joined << "| " << one.name << " " << one.address << " " << one.port;
  }
}

TEST(Egress, RefusesWhatIsNoPattern) {
  for (const std::string bad :
       {"", ":80", "exa mple.com", "example.com:0", "example.com:65536", "example.com:x",
        "http://example.com", "*.", "a.*.com", "10.0.0.0/33", "10.0.0/8", "[::1", "[::1]x", "..", ".com",
        "1.2.3.4/", "user@host", "host/path"}) {
    const auto policy = EgressPolicy::parse(std::span(&bad, 1));
    ASSERT_FALSE(policy) << bad;
    EXPECT_EQ(policy.error().code(), Errc::usage);
  }
}

TEST(Egress, SaysBeforeTheLookUpWhatCannotBe) {
  const std::vector<std::string> patterns = {"example.com:443", "*.internal", "127.0.0.1"};
  const auto policy = EgressPolicy::parse(patterns).value();
  EXPECT_TRUE(policy.may_look_up("EXAMPLE.com"));
  EXPECT_TRUE(policy.may_look_up("a.internal"));
  EXPECT_FALSE(policy.may_look_up("example.org"));
  EXPECT_TRUE(policy.may_name("127.0.0.1", 80));
  EXPECT_FALSE(policy.may_name("127.0.0.2", 80));
  EXPECT_FALSE(EgressPolicy().may_name("example.com", 80));
  EXPECT_TRUE(EgressPolicy().empty());
}

}  // namespace
}  // namespace wisp::wasi
