#include "wasi/sockets/lookup.hpp"

#include <gtest/gtest.h>

namespace wisp::wasi {
namespace {

TEST(Lookup, NamesBecomeAscii) {
  struct Case {
    std::string name;
    const char* ascii;  // null: invalid
  };
  const Case cases[] = {
      {"example.com", "example.com"},
      {"Example.COM.", "example.com"},
      {"bücher.example", "xn--bcher-kva.example"},
      {"例え.テスト", "xn--r8jz45g.xn--zckzah"},
      {"_srv.example.com", "_srv.example.com"},
      {"127.0.0.1", "127.0.0.1"},
      {"::1", "::1"},
      {"[::1]", "[::1]"},
      {"", nullptr},
      {".", nullptr},
      {"a..b", nullptr},
      {".a", nullptr},
      {"a b", nullptr},
      {"a/b", nullptr},
      {"a:80", nullptr},
      {"1.2.3", nullptr},
      {"127.0.0.1.", nullptr},
      {"0x7f.1", nullptr},
      {"1.0x7f", nullptr},
      {std::string("a\0b", 3), nullptr},
      {std::string(64, 'a') + ".com", nullptr},
      {std::string(2000, 'a'), nullptr},
  };
  for (const auto& one : cases) {
    const auto ascii = to_ascii_name(one.name);
    if (one.ascii == nullptr) {
      EXPECT_FALSE(ascii) << one.name;
      continue;
    }
    ASSERT_TRUE(ascii) << one.name;
    EXPECT_EQ(*ascii, one.ascii);
  }
}

TEST(Lookup, AnswersLiteralsAndAsksTheRules) {
  boost::asio::io_context loop(1);
  const auto denied = std::make_shared<NetworkAccess>(std::make_shared<NetworkRules>());
  const auto literal = NameLookup::start(loop, nullptr, denied, "::ffff:10.0.0.1").value();
  ASSERT_TRUE(literal->ready());
  EXPECT_EQ(literal->result()->front(), boost::asio::ip::make_address("10.0.0.1"));
  EXPECT_EQ(NameLookup::start(loop, nullptr, denied, "example.com").error(), SocketError::access_denied);
  EXPECT_EQ(NameLookup::start(loop, nullptr, denied, "no name").error(), SocketError::invalid_argument);
}

TEST(Lookup, FindsLocalhost) {
  boost::asio::io_context loop(1);
  auto rules = std::make_shared<NetworkRules>();
  rules->look_up = true;
  const auto access = std::make_shared<NetworkAccess>(rules);
  const auto lookup = NameLookup::start(loop, std::make_shared<net::DnsPool>(), access, "LocalHost").value();
  loop.run();
  ASSERT_TRUE(lookup->ready());
  ASSERT_TRUE(lookup->result());
  for (const auto& address : *lookup->result()) EXPECT_TRUE(address.is_loopback());
}

TEST(Lookup, ADroppedOneIsCancelled) {
  boost::asio::io_context loop(1);
  auto rules = std::make_shared<NetworkRules>();
  rules->look_up = true;
  const auto access = std::make_shared<NetworkAccess>(rules);
  auto lookup = NameLookup::start(loop, std::make_shared<net::DnsPool>(), access, "localhost").value();
  lookup.reset();
  loop.run();
}

}  // namespace
}  // namespace wisp::wasi
