#include "wasi/sockets/udp.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace wisp::wasi {
namespace {

namespace ip = boost::asio::ip;

std::string text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
ByteView view(std::string_view from) { return std::as_bytes(std::span(from)); }
SocketAddress at(const char* address, std::uint16_t port) { return {ip::make_address(address), port, 0}; }

std::shared_ptr<NetworkAccess> access(std::vector<std::string> hosts, bool listen) {
  auto rules = std::make_shared<NetworkRules>();
  rules->egress = EgressPolicy::parse(hosts).value();
  rules->listen = listen;
  return std::make_shared<NetworkAccess>(rules);
}

template <class T>
std::string outcome(const SocketResult<T>& result) {
  return result ? "ok" : std::string(socket_error_name(result.error()));
}

class Udp : public testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<UdpSocket> bound(const std::shared_ptr<NetworkAccess>& rules) {
    auto socket = UdpSocket::create(loop, rules, AddressFamily::ipv4).value();
    EXPECT_EQ(outcome(socket->bind(at("127.0.0.1", 0))), "ok");
    return socket;
  }
  void wait_for(const std::shared_ptr<UdpSocket>& socket) {
    SocketReadiness readable(socket->share(), POLLIN);
    loop.restart();
    while (!readable.ready()) ASSERT_GT(loop.run_one_for(std::chrono::seconds(20)), 0u);
  }
  boost::asio::io_context loop{1};
  std::shared_ptr<NetworkAccess> all = access({"127.0.0.0/8"}, true);
};

TEST_F(Udp, SendsAndReceives) {
  const auto a = bound(all);
  const auto b = bound(all);
  EXPECT_EQ(outcome(a->receive()), "would-block");
  EXPECT_EQ(outcome(a->send(view("one"), b->local_address().value())), "ok");
  EXPECT_EQ(outcome(a->send(view(""), b->local_address().value())), "ok");
  wait_for(b);
  const auto first = b->receive().value();
  EXPECT_EQ(text(first.data), "one");
  EXPECT_EQ(first.remote, a->local_address().value());
  wait_for(b);
  EXPECT_TRUE(b->receive()->data.empty());
}

TEST_F(Udp, AConnectedSocketHearsOnlyItsPeer) {
  const auto a = bound(all);
  const auto b = bound(all);
  const auto stranger = bound(all);
  // Already queued when the peer is set.
  ASSERT_EQ(outcome(stranger->send(view("early"), a->local_address().value())), "ok");
  wait_for(a);
  EXPECT_EQ(outcome(a->connect(*b->local_address())), "ok");
  ASSERT_EQ(outcome(b->send(view("peer"), a->local_address().value())), "ok");
  wait_for(a);
  EXPECT_EQ(text(a->receive()->data), "peer");
  EXPECT_EQ(outcome(a->send(view("x"), stranger->local_address().value())), "invalid-argument");
  EXPECT_EQ(outcome(a->send(view("x"), b->local_address().value())), "ok");
  EXPECT_EQ(outcome(a->send(view("x"), std::nullopt)), "ok");
  EXPECT_EQ(outcome(a->disconnect()), "ok");
  EXPECT_EQ(outcome(a->disconnect()), "invalid-state");
  EXPECT_EQ(outcome(a->send(view("x"), std::nullopt)), "invalid-argument");
  EXPECT_TRUE(a->bound());
}

TEST_F(Udp, KeepsItsPortFromPeerToPeerAndTakesTheAddressOfTheRoute) {
  const auto socket = UdpSocket::create(loop, all, AddressFamily::ipv4).value();
  ASSERT_EQ(outcome(socket->connect(at("127.0.0.1", 4321))), "ok");
  const auto first = socket->local_address().value();
  // Another address of this machine.
  ASSERT_EQ(outcome(socket->connect(at("127.0.0.9", 4322))), "ok");
  EXPECT_EQ(socket->local_address()->port, first.port);
  ASSERT_EQ(outcome(socket->disconnect()), "ok");
  EXPECT_EQ(socket->local_address()->port, first.port);
}

TEST_F(Udp, RefusesWhatIsNoDestination) {
  const auto socket = bound(all);
  EXPECT_EQ(outcome(socket->bind(at("127.0.0.1", 0))), "invalid-state");
  EXPECT_EQ(outcome(socket->connect(at("0.0.0.0", 80))), "invalid-argument");
  EXPECT_EQ(outcome(socket->connect(at("127.0.0.1", 0))), "invalid-argument");
  EXPECT_EQ(outcome(socket->connect(at("::1", 80))), "invalid-argument");
  EXPECT_EQ(outcome(socket->send(view("x"), at("127.0.0.1", 0))), "invalid-argument");
  EXPECT_EQ(outcome(socket->send(Bytes(70'000), at("127.0.0.1", 9))), "datagram-too-large");
  EXPECT_EQ(outcome(socket->send(Bytes(65'530), at("127.0.0.1", 9))), "datagram-too-large");
  const auto fresh = UdpSocket::create(loop, all, AddressFamily::ipv4).value();
  EXPECT_EQ(outcome(fresh->receive()), "invalid-state");
  EXPECT_EQ(outcome(fresh->local_address()), "invalid-state");
}

TEST_F(Udp, AsksTheRules) {
  const auto friend_socket = bound(all);
  const auto stranger = bound(all);
  const auto friend_port = std::to_string(friend_socket->local_address()->port);
  const auto client = bound(access({"127.0.0.1:" + friend_port}, false));
  EXPECT_EQ(outcome(client->send(view("x"), stranger->local_address().value())), "access-denied");
  EXPECT_EQ(outcome(client->connect(stranger->local_address().value())), "access-denied");
  // What strangers send never reaches a guest that may not listen.
  ASSERT_EQ(outcome(stranger->send(view("evil"), client->local_address().value())), "ok");
  ASSERT_EQ(outcome(friend_socket->send(view("good"), client->local_address().value())), "ok");
  wait_for(client);
  EXPECT_EQ(text(client->receive()->data), "good");
  EXPECT_EQ(outcome(client->receive()), "would-block");
  const auto none = UdpSocket::create(loop, access({}, false), AddressFamily::ipv4).value();
  EXPECT_EQ(outcome(none->bind(at("127.0.0.1", 0))), "access-denied");
  EXPECT_EQ(outcome(none->send(view("x"), at("127.0.0.1", 9))), "access-denied");
}

TEST_F(Udp, NamesThatWereLookedUpOpenTheirAddresses) {
  const auto rules = access({"db.internal:5432"}, false);
  const auto socket = UdpSocket::create(loop, rules, AddressFamily::ipv4).value();
  EXPECT_FALSE(rules->may_reach(at("10.0.0.7", 5432)));
  EXPECT_TRUE(rules->may_look_up("DB.internal"));
  EXPECT_FALSE(rules->may_look_up("other.internal"));
  const std::vector<ip::address> found = {ip::make_address("10.0.0.7"), ip::make_address("127.0.0.1")};
  rules->learn("db.internal", found);
  rules->learn("other.internal", std::vector<ip::address>{ip::make_address("10.0.0.8")});
  EXPECT_TRUE(rules->may_reach(at("10.0.0.7", 5432)));
  EXPECT_FALSE(rules->may_reach(at("10.0.0.7", 5433)));
  EXPECT_FALSE(rules->may_reach(at("127.0.0.1", 5432))) << "a name never opens loopback";
  EXPECT_FALSE(rules->may_reach(at("10.0.0.8", 5432)));
}

}  // namespace
}  // namespace wisp::wasi
