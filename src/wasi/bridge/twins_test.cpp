#include "wasi/bridge/twins.hpp"

#include "wasi/p2/http_resources.hpp"
#include "wasi/p2/tcp.hpp"
#include "wasi/p2/udp.hpp"
#include "wasi/p3/http_resources.hpp"
#include "wasi/p3/tcp.hpp"
#include "wasi/p3/udp.hpp"

#include <gtest/gtest.h>

namespace wisp::wasi::bridge {
namespace {

using component::host_type_tag;
using component::HostResource;

template <class To>
Result<std::unique_ptr<HostResource>> give(HostResource& from) {
  const component::Twins all(twins());
  const auto* twin = all.find(from, host_type_tag<To>());
  if (twin == nullptr) return fail(Errc::internal, "no twin");
  return twin->convert(from);
}
template <class To>
Result<std::unique_ptr<HostResource>> lend(HostResource& from) {
  const component::Twins all(twins());
  const auto* twin = all.find(from, host_type_tag<To>());
  if (twin == nullptr) return fail(Errc::internal, "no twin");
  return twin->lend(from);
}

std::string text_of(const http::FieldMap& map) {
  std::string out;
  for (const auto& [name, value] : map.fields()) out += std::string(name) + "=" + std::string(value) + ";";
  return out;
}

TEST(BridgeTwins, GoBothWays) {
  const auto all = twins();
  const component::Twins table(all);
  for (const auto& twin : all) EXPECT_TRUE(table.related(twin.to, twin.from));
}

TEST(BridgeTwins, FieldsAreHandedOver) {
  p2::HttpFields old;
  const std::string_view value = "1";
  ASSERT_TRUE(old.map().append("a", std::as_bytes(std::span(value))));
  EXPECT_FALSE(lend<p3::HttpFields>(old)) << "a change would be seen on one side only";
  auto made = give<p3::HttpFields>(old);
  ASSERT_TRUE(made);
  auto& modern = static_cast<p3::HttpFields&>(**made);
  EXPECT_EQ(text_of(modern.map()), "a=1;");
  EXPECT_TRUE(modern.map().is_mutable());
  static_cast<void>(modern.map().freeze());
  const auto lent = lend<p2::HttpFields>(modern);
  ASSERT_TRUE(lent);
  EXPECT_EQ(text_of(static_cast<p2::HttpFields&>(**lent).map()), "a=1;");
  EXPECT_EQ(text_of(modern.map()), "a=1;");
}

TEST(BridgeTwins, OptionsKeepTheirTimes) {
  p2::RequestOptions old;
  old.timeouts().first_byte = std::chrono::seconds(3);
  const auto modern = give<p3::RequestOptions>(old);
  ASSERT_TRUE(modern);
  const auto back = give<p2::RequestOptions>(**modern);
  ASSERT_TRUE(back);
  EXPECT_EQ(static_cast<p2::RequestOptions&>(**back).timeouts().first_byte, std::chrono::seconds(3));
}

TEST(BridgeTwins, SocketsThatAreInUseStay) {
  boost::asio::io_context loop;
  const auto access = std::make_shared<NetworkAccess>(std::make_shared<NetworkRules>());
  auto tcp = TcpSocket::create(loop, access, AddressFamily::ipv4);
  ASSERT_TRUE(tcp);
  p2::TcpHandle old(*tcp);
  {
    const auto child = old.subscribe();
    EXPECT_FALSE(give<p3::TcpHandle>(old));
  }
  old.pending() = p2::Pending::bind;
  EXPECT_FALSE(give<p3::TcpHandle>(old));
  old.pending() = p2::Pending::none;
  const auto modern = give<p3::TcpHandle>(old);
  ASSERT_TRUE(modern);
  EXPECT_EQ(static_cast<p3::TcpHandle&>(**modern).share(), *tcp) << "one socket";

  auto udp = UdpSocket::create(loop, access, AddressFamily::ipv4);
  ASSERT_TRUE(udp);
  p2::UdpHandle datagrams(*udp);
  {
    const auto child = datagrams.subscribe();
    EXPECT_FALSE(give<p3::UdpHandle>(datagrams));
  }
  EXPECT_TRUE(give<p3::UdpHandle>(datagrams));
}

}  // namespace
}  // namespace wisp::wasi::bridge
