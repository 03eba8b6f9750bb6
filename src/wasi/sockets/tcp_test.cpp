#include "wasi/sockets/tcp.hpp"

#include "wasi/sockets/options.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <vector>

namespace wisp::wasi {
namespace {

namespace ip = boost::asio::ip;
using State = TcpSocket::State;

std::string text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
ByteView view(std::string_view from) { return std::as_bytes(std::span(from)); }

std::shared_ptr<NetworkAccess> access(std::vector<std::string> hosts, bool listen) {
  auto rules = std::make_shared<NetworkRules>();
  rules->egress = EgressPolicy::parse(hosts).value();
  rules->listen = listen;
  return std::make_shared<NetworkAccess>(rules);
}

SocketAddress at(const char* address, std::uint16_t port) { return {ip::make_address(address), port, 0}; }

template <class T>
std::string outcome(const SocketResult<T>& result) {
  return result ? "ok" : std::string(socket_error_name(result.error()));
}

class Tcp : public testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<TcpSocket> make(AddressFamily family = AddressFamily::ipv4) {
    return TcpSocket::create(loop, all, family).value();
  }
  [[nodiscard]] std::shared_ptr<TcpSocket> listener() {
    auto socket = make();
    EXPECT_EQ(outcome(socket->bind(at("127.0.0.1", 0))), "ok");
    EXPECT_EQ(outcome(socket->listen()), "ok");
    return socket;
  }
  template <class R>
  void wait(R& readiness) {
    loop.restart();
    while (!readiness.ready()) ASSERT_GT(loop.run_one_for(std::chrono::seconds(20)), 0u);
  }
  struct Pair {
    std::shared_ptr<TcpSocket> near;
    std::shared_ptr<TcpSocket> far;
  };
  [[nodiscard]] Pair connected() {
    auto server = listener();
    auto client = make();
    EXPECT_EQ(outcome(client->connect(*server->local_address())), "ok");
    wait(*client);
    EXPECT_EQ(outcome(client->finish_connect()), "ok");
    wait(*server);
    return {client, server->accept().value()};
  }

  boost::asio::io_context loop{1};
  std::shared_ptr<NetworkAccess> all = access({"127.0.0.0/8", "::1", "0.0.0.0/0"}, true);
};

TEST_F(Tcp, ConnectsAndExchanges) {
  auto [near, far] = connected();
  EXPECT_EQ(near->remote_address()->port, far->local_address()->port);
  EXPECT_EQ(far->state(), State::connected);
  ASSERT_TRUE(near->sink()->write(view("hello")));
  wait(*far->source());
  EXPECT_EQ(text(far->source()->read(100).value()), "hello");
  EXPECT_EQ(text(far->source()->read(100).value()), "");
  near->sink()->shut_down();
  wait(*far->source());
  const auto end = far->source()->read(1);
  ASSERT_FALSE(end);
  EXPECT_FALSE(end.error().failure);
  EXPECT_FALSE(near->sink()->capacity());
  ASSERT_TRUE(far->sink()->write(view("back")));
  wait(*near->source());
  EXPECT_EQ(text(near->source()->read(100).value()), "back");
  near->source()->shut_down();
  EXPECT_FALSE(near->source()->read(1));
}

TEST_F(Tcp, BackpressureHoldsTheWriterAndNothingIsLost) {
  auto [near, far] = connected();
  const std::string piece(kMaxRead, 'x');
  std::size_t sent = 0;
  while (true) {
    const auto room = near->sink()->capacity().value();
    if (room == 0) break;
    ASSERT_TRUE(near->sink()->write(view(piece).first(room)));
    sent += room;
    ASSERT_LT(sent, 64u << 20);
  }
  EXPECT_FALSE(near->sink()->ready());
  near->sink()->shut_down();
  std::size_t received = 0;
  while (true) {
    wait(*far->source());
    const auto got = far->source()->read(kMaxRead);
    if (!got) break;
    received += got->size();
    loop.restart();
    loop.poll();
  }
  EXPECT_EQ(received, sent);
}

TEST_F(Tcp, ADroppedSinkStillDeliversWhatItTook) {
  auto server = listener();
  auto client = make();
  ASSERT_EQ(outcome(client->connect(*server->local_address())), "ok");
  wait(*client);
  ASSERT_EQ(outcome(client->finish_connect()), "ok");
  wait(*server);
  auto far = server->accept().value();
  std::size_t sent = 0;
  const std::string piece(kMaxRead, 'x');
  while (client->sink()->capacity().value() > 0) {
    ASSERT_TRUE(client->sink()->write(view(piece)));
    sent += piece.size();
  }
  client.reset();
  std::size_t received = 0;
  while (true) {
    wait(*far->source());
    const auto got = far->source()->read(kMaxRead);
    if (!got) break;
    received += got->size();
    loop.restart();
    loop.poll();
  }
  EXPECT_EQ(received, sent);
}

TEST_F(Tcp, AResetIsAFailureOnce) {
  auto [near, far] = connected();
  const linger now{1, 0};
  ASSERT_EQ(::setsockopt(far->socket().get(), SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
  far.reset();
  wait(*near->source());
  const auto broken = near->source()->read(1);
  ASSERT_FALSE(broken);
  ASSERT_TRUE(broken.error().failure);
  EXPECT_EQ(*broken.error().failure->as<SocketError>(), SocketError::connection_reset);
  EXPECT_FALSE(near->source()->read(1).error().failure);
}

TEST_F(Tcp, ARefusedConnectionClosesForGood) {
  const auto gone = listener()->local_address().value();
  auto socket = make();
  ASSERT_EQ(outcome(socket->connect(gone)), "ok");
  EXPECT_EQ(outcome(socket->connect(gone)), "invalid-state");
  EXPECT_EQ(outcome(socket->bind(at("127.0.0.1", 0))), "invalid-state");
  wait(*socket);
  EXPECT_EQ(outcome(socket->finish_connect()), "connection-refused");
  EXPECT_EQ(socket->state(), State::closed);
  EXPECT_EQ(outcome(socket->connect(gone)), "invalid-state");
  EXPECT_EQ(outcome(socket->listen()), "invalid-state");
}

TEST_F(Tcp, RefusesAddressesThatAreNone) {
  struct Case {
    AddressFamily family;
    const char* address;
    std::uint16_t port;
    const char* bind;
    const char* connect;
  };
  constexpr auto v4 = AddressFamily::ipv4;
  constexpr auto v6 = AddressFamily::ipv6;
  const Case cases[] = {
      {v4, "0.0.0.0", 80, nullptr, "invalid-argument"},
      {v4, "127.0.0.1", 0, "ok", "invalid-argument"},
      {v4, "224.0.0.1", 80, "invalid-argument", "invalid-argument"},
      {v4, "255.255.255.255", 80, "invalid-argument", "invalid-argument"},
      {v4, "::1", 80, "invalid-argument", "invalid-argument"},
      {v6, "127.0.0.1", 80, "invalid-argument", "invalid-argument"},
      {v6, "::ffff:127.0.0.1", 80, "invalid-argument", "invalid-argument"},
      {v6, "::127.0.0.1", 80, "invalid-argument", "invalid-argument"},
      {v6, "ff02::1", 80, "invalid-argument", "invalid-argument"},
      {v6, "::", 80, nullptr, "invalid-argument"},
      {v4, "192.0.2.1", 0, "address-not-bindable", "invalid-argument"},
  };
  for (const auto& one : cases) {
    const auto made = TcpSocket::create(loop, all, one.family);
    if (!made) continue;  // a machine without IPv6
    if (one.bind != nullptr)
      EXPECT_EQ(outcome((*made)->bind(at(one.address, one.port))), one.bind) << one.address;
    EXPECT_EQ(outcome(TcpSocket::create(loop, all, one.family).value()->connect(at(one.address, one.port))),
              one.connect)
        << one.address;
  }
}

TEST_F(Tcp, AsksTheRulesBeforeTheKernel) {
  const auto none = access({}, false);
  const auto out = access({"127.0.0.1:1"}, false);
  const auto socket = [&](const std::shared_ptr<NetworkAccess>& rules) {
    return TcpSocket::create(loop, rules, AddressFamily::ipv4).value();
  };
  EXPECT_EQ(outcome(socket(none)->bind(at("127.0.0.1", 0))), "access-denied");
  EXPECT_EQ(outcome(socket(none)->connect(at("127.0.0.1", 1))), "access-denied");
  EXPECT_EQ(outcome(socket(none)->listen()), "access-denied");
  EXPECT_EQ(outcome(socket(out)->bind(at("127.0.0.1", 0))), "ok");
  EXPECT_EQ(outcome(socket(out)->bind(at("127.0.0.1", 8080))), "access-denied");
  EXPECT_EQ(outcome(socket(out)->connect(at("127.0.0.1", 1))), "ok");
  EXPECT_EQ(outcome(socket(out)->connect(at("127.0.0.1", 2))), "access-denied");
  EXPECT_EQ(outcome(socket(out)->connect(at("127.0.0.2", 1))), "access-denied");
  const auto bound = socket(out);
  ASSERT_EQ(outcome(bound->bind(at("127.0.0.1", 0))), "ok");
  EXPECT_EQ(outcome(bound->listen()), "access-denied");
}

TEST_F(Tcp, GoesThroughItsStates) {
  auto socket = make();
  EXPECT_EQ(outcome(socket->local_address()), "invalid-state");
  EXPECT_EQ(outcome(socket->remote_address()), "invalid-state");
  EXPECT_EQ(outcome(socket->accept()), "invalid-state");
  EXPECT_EQ(outcome(socket->finish_connect()), "invalid-state");
  EXPECT_TRUE(socket->ready());
  EXPECT_EQ(outcome(socket->bind(at("127.0.0.1", 0))), "ok");
  EXPECT_EQ(outcome(socket->bind(at("127.0.0.1", 0))), "invalid-state");
  EXPECT_NE(socket->local_address()->port, 0);
  EXPECT_EQ(outcome(socket->listen()), "ok");
  EXPECT_EQ(outcome(socket->listen()), "invalid-state");
  EXPECT_EQ(outcome(socket->accept()), "would-block");
  EXPECT_FALSE(socket->ready());
  EXPECT_EQ(outcome(socket->connect(at("127.0.0.1", 1))), "invalid-state");
  EXPECT_EQ(outcome(make()->bind(*socket->local_address())), "address-in-use");
  EXPECT_EQ(outcome(make()->listen()), "ok") << "the core binds by itself";
}

TEST_F(Tcp, OptionsClampButRefuseZero) {
  auto socket = make();
  auto& fd = socket->socket();
  using namespace options;
  EXPECT_EQ(outcome(set_hop_limit(fd, 0)), "invalid-argument");
  EXPECT_EQ(outcome(set_keep_alive_idle(fd, 0)), "invalid-argument");
  EXPECT_EQ(outcome(set_keep_alive_interval(fd, 0)), "invalid-argument");
  EXPECT_EQ(outcome(set_keep_alive_count(fd, 0)), "invalid-argument");
  EXPECT_EQ(outcome(set_receive_buffer(fd, 0)), "invalid-argument");
  EXPECT_EQ(outcome(set_send_buffer(fd, 0)), "invalid-argument");
  EXPECT_EQ(outcome(socket->set_backlog(0)), "invalid-argument");
  constexpr auto huge = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(outcome(set_keep_alive_idle(fd, 1)), "ok");
  EXPECT_EQ(keep_alive_idle(fd).value(), 1'000'000'000u);
  EXPECT_EQ(outcome(set_keep_alive_idle(fd, huge)), "ok");
  EXPECT_EQ(outcome(set_keep_alive_interval(fd, huge)), "ok");
  EXPECT_EQ(outcome(set_keep_alive_count(fd, 0xffffffff)), "ok");
  EXPECT_EQ(outcome(set_receive_buffer(fd, huge)), "ok");
  EXPECT_EQ(outcome(set_send_buffer(fd, huge)), "ok");
  EXPECT_EQ(outcome(socket->set_backlog(huge)), "ok");
  EXPECT_EQ(outcome(set_send_buffer(fd, 16384)), "ok");
  EXPECT_EQ(send_buffer(fd).value(), 16384u);
  EXPECT_EQ(outcome(set_hop_limit(fd, 42)), "ok");
  EXPECT_EQ(hop_limit(fd).value(), 42);
  EXPECT_FALSE(keep_alive(fd).value());
  EXPECT_EQ(outcome(set_keep_alive(fd, 1)), "ok");
  EXPECT_TRUE(keep_alive(fd).value());
}

TEST_F(Tcp, AcceptedSocketsInheritOptions) {
  auto server = make();
  ASSERT_EQ(outcome(server->bind(at("127.0.0.1", 0))), "ok");
  ASSERT_EQ(outcome(options::set_hop_limit(server->socket(), 42)), "ok");
  ASSERT_EQ(outcome(options::set_keep_alive(server->socket(), 1)), "ok");
  ASSERT_EQ(outcome(server->listen()), "ok");
  auto client = make();
  ASSERT_EQ(outcome(client->connect(*server->local_address())), "ok");
  wait(*server);
  const auto accepted = server->accept().value();
  EXPECT_EQ(options::hop_limit(accepted->socket()).value(), 42);
  EXPECT_TRUE(options::keep_alive(accepted->socket()).value());
}

}  // namespace
}  // namespace wisp::wasi
