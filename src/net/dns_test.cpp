#include "net/dns.hpp"

#include <gtest/gtest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>

namespace wisp::net {
namespace {

namespace asio = boost::asio;

Result<DnsPool::Addresses> resolve(DnsPool& dns, std::string host) {
  asio::io_context io{1};
  Result<DnsPool::Addresses> result;
  asio::co_spawn(io, dns.resolve(std::move(host)),
                 [&](std::exception_ptr, Result<DnsPool::Addresses> answer) { result = std::move(answer); });
  io.run();
  return result;
}

TEST(Dns, NumericAddressesAreAnsweredAtOnce) {
  DnsPool dns(0);  // no thread could
  for (const char* text : {"127.0.0.1", "::1", "2001:db8::7"}) {
    const auto addresses = resolve(dns, text);
    ASSERT_TRUE(addresses) << text;
    ASSERT_EQ(addresses->size(), 1U);
    EXPECT_EQ(addresses->front().to_string(), text);
  }
}

TEST(Dns, LocalhostIsLoopback) {
  DnsPool dns;
  const auto addresses = resolve(dns, "localhost");
  ASSERT_TRUE(addresses) << addresses.error().message();
  EXPECT_TRUE(std::ranges::all_of(*addresses, [](const auto& address) { return address.is_loopback(); }));
}

TEST(Dns, WhatIsNoNameNeverReachesTheResolver) {
  DnsPool dns(0);
  for (const char* text : {"", ".", "a..b", "a b", "a/b", "[::1]", "a:80", "\xC3\xA4.org", "x\n"}) {
    const auto addresses = resolve(dns, text);
    ASSERT_FALSE(addresses) << text;
    EXPECT_EQ(addresses.error().code(), Errc::usage) << text;
  }
  EXPECT_FALSE(resolve(dns, std::string(64, 'a') + ".org"));
  EXPECT_FALSE(resolve(dns, std::string(254, 'a')));
}

TEST(Dns, UnknownNamesAreNotFound) {
  DnsPool dns;
  const auto addresses = resolve(dns, "name.invalid");
  ASSERT_FALSE(addresses);
  // A machine without any resolver says "temporary" instead.
  EXPECT_TRUE(addresses.error().code() == Errc::dns_not_found || addresses.error().code() == Errc::dns);
}

TEST(Dns, TheQueueIsBounded) {
  asio::io_context io{1};
  DnsPool dns(0, 1);
  EXPECT_FALSE(dns.start("a.invalid", io.get_executor(), [](auto) {}));
  const auto refused = dns.start("b.invalid", io.get_executor(), [](auto) {});
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->error().code(), Errc::no_capacity);
}

TEST(Dns, ACancelledCallerGoesOnAtOnce) {
  asio::io_context io{1};
  asio::cancellation_signal cancel;
  Errc code{};
  {
    DnsPool dns(0);  // nobody will ever answer
    asio::co_spawn(io, dns.resolve("name.invalid"),
                   asio::bind_cancellation_slot(cancel.slot(),
                                                [&](std::exception_ptr, Result<DnsPool::Addresses> answer) {
                                                  if (!answer) code = answer.error().code();
                                                }));
    io.poll();
    cancel.emit(asio::cancellation_type::terminal);
    io.poll();
    EXPECT_EQ(code, Errc::cancelled);
  }
  io.restart();
  io.run();  // the answer that the pool's end gives is dropped
}

}  // namespace
}  // namespace wisp::net
