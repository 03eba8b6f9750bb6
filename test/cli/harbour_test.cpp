#include "process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <thread>

/// Components that give others sockets of their own, of the same version or the other one (`--with`).
namespace wisp::e2e {
namespace {

using ::testing::HasSubstr;

/// Sends back what it gets, on a port of this machine: one connection after the other, or datagrams.
class Echo {
 public:
  explicit Echo(int type) : socket_(::socket(AF_INET, type, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    if (type == SOCK_STREAM) {
      EXPECT_EQ(::listen(socket_, 16), 0);
      thread_ = std::thread([this] { serve_streams(); });
    } else {
      thread_ = std::thread([this] { serve_datagrams(); });
    }
  }
  ~Echo() {
    // Wakes accept and recvfrom.
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;
  [[nodiscard]] std::string port() const { return std::to_string(port_); }

 private:
  void serve_streams() const {
    for (int peer = -1; (peer = ::accept(socket_, nullptr, nullptr)) >= 0; ::close(peer)) {
      char piece[65'536];
      for (ssize_t size = 0; (size = ::recv(peer, piece, sizeof piece, 0)) > 0;)
        if (::send(peer, piece, static_cast<std::size_t>(size), MSG_NOSIGNAL) != size) break;
    }
  }
  void serve_datagrams() const {
    for (;;) {
      char piece[65'536];
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got =
          ::recvfrom(socket_, piece, sizeof piece, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got <= 0) return;
      ::sendto(socket_, piece, static_cast<std::size_t>(got), 0, reinterpret_cast<const sockaddr*>(&from),
               size);
    }
  }
  int socket_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// Whoever wants sockets, and who stands before those of wisp.
struct Pair {
  std::string_view asker, provider;
};
constexpr Pair kPairs[] = {
    {"p3-sockets", "p2-harbour"},  // 0.3 over 0.2
    {"sockets", "p3-harbour"},     // 0.2 over 0.3
    {"sockets", "p2-harbour"},     // the same version needs no bridge
    {"p3-sockets", "p3-harbour"},
};
std::ostream& operator<<(std::ostream& out, const Pair& pair) {
  return out << pair.asker << " over " << pair.provider;
}

std::vector<std::string> arguments(const Pair& pair, std::vector<std::string> words,
                                   std::string_view mode = "") {
  std::vector<std::string> all{
      "run",   "--allow-listen",           "--allow-host", "127.0.0.1", "--allow-dns",
      "--env", "MODE=" + std::string(mode)};
  if (!pair.provider.empty()) all.insert(all.end(), {"--with", guest(pair.provider)});
  all.push_back(guest(pair.asker));
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

TEST(Harbour, SocketsOfAProviderDoAsThoseOfTheHost) {
  const Echo tcp(SOCK_STREAM), udp(SOCK_DGRAM);
  const std::vector<std::string> rows[] = {
      {"tcp-send", "127.0.0.1", tcp.port(), "hello"},
      {"tcp-send", "127.0.0.1", tcp.port(), std::string(120'000, 'x')},
      {"tcp-send", "127.0.0.1", "1", "refused"},
      {"tcp-self"},
      {"udp-send", "127.0.0.1", udp.port(), "datagram"},
      {"resolve", "localhost"},
      {"resolve", "127.0.0.7"},
      {"resolve", "no such name"},
  };
  for (const auto& words : rows) {
    const auto wanted = wisp(arguments({"sockets", ""}, words));
    EXPECT_EQ(wisp(arguments({"p3-sockets", ""}, words)).out, wanted.out) << words[0];
    for (const auto& pair : kPairs) {
      const auto outcome = wisp(arguments(pair, words));
      EXPECT_EQ(outcome.out, wanted.out) << pair << ' ' << words[0];
      EXPECT_EQ(outcome.status, wanted.status) << pair << ' ' << words[0];
      EXPECT_EQ(outcome.err, "") << pair << ' ' << words[0];
    }
  }
}

TEST(Harbour, ServersAcceptAndReceiveThroughAProvider) {
  for (const auto& pair : kPairs) {
    for (const std::string kind : {"tcp", "udp"}) {
      // That provider accepts for others only once it has connected somewhere itself.
      if (kind == "tcp" && pair.provider == "p3-harbour") continue;
      Process server(arguments(pair, {kind + "-serve", "127.0.0.1", "0", "2"}));
      ASSERT_TRUE(server.wait_for_output("\n")) << pair;
      const std::string said = server.output();
      const std::string port = said.substr(std::string_view("listening on ").size(), said.find('\n') - 13);
      for (const std::string text : {"first", "second"}) {
        const auto client = wisp(arguments({"sockets", ""}, {kind + "-send", "127.0.0.1", port, text}));
        EXPECT_EQ(client.out, text + "\n") << pair << ' ' << kind;
      }
      const auto outcome = server.wait();
      EXPECT_EQ(outcome.status, 0) << pair << ' ' << kind << outcome.out << outcome.err;
    }
  }
}

TEST(Harbour, EachSocketOfTheProviderEnds) {
  for (const auto& pair : {kPairs[0], kPairs[2]}) {
    const auto outcome = wisp(arguments(pair, {"tcp-self"}, "tell"));
    const std::string line = "harbour: a tcp-socket went\n";
    EXPECT_EQ(outcome.err, line + line + line) << pair << ": a listener, and both ends of a connection";
  }
}

TEST(Harbour, ProvidersThatTrapOrLie) {
  const Echo tcp(SOCK_STREAM), udp(SOCK_DGRAM);
  const std::vector<std::string> send{"tcp-send", "127.0.0.1", tcp.port(), "x"};
  const std::vector<std::string> resolve{"resolve", "localhost"};
  struct Row {
    Pair pair;
    std::string_view mode;
    std::vector<std::string> words;
    int status;
    std::string_view out, err;
  };
  const Row rows[] = {
      {kPairs[0], "trap", send, 134, "", "unreachable"},
      {kPairs[0], "trap", resolve, 134, "", "unreachable"},
      // Whoever accepts hears that nobody comes any more, and lives.
      {kPairs[0], "trap-accept", {"tcp-self"}, 1, "accept: nobody", "p2-harbour.wasm: wasm `unreachable`"},
      {kPairs[0],
       "trap-wait",
       {"tcp-serve", "127.0.0.1", "0", "1"},
       1,
       "accept: nobody",
       "p2-harbour.wasm: wasm `unreachable`"},
      {kPairs[1], "trap", send, 134, "", "unreachable"},
      {kPairs[1], "trap", resolve, 134, "", "unreachable"},
      {kPairs[1], "trap-later", send, 134, "", "p3-harbour.wasm: wasm `unreachable`"},
      {kPairs[1], "deaf", {"tcp-serve", "127.0.0.1", "0", "1"}, 1, "accept: unknown", ""},
      // A socket that there is not, in a write that waits already.
      {kPairs[1], "forge", {"tcp-serve", "127.0.0.1", "0", "1"}, 1, "accept: unknown", ""},
      {kPairs[1], "flood", {"udp-send", "127.0.0.1", udp.port(), "x"}, 134, "", "a datagram of 70000 bytes"},
  };
  for (const Row& row : rows) {
    const auto outcome = wisp(arguments(row.pair, row.words, row.mode));
    EXPECT_EQ(outcome.status, row.status)
        << row.pair << ' ' << row.mode << ' ' << row.words[0] << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(row.out)) << row.pair << ' ' << row.mode;
    EXPECT_THAT(outcome.err, HasSubstr(row.err)) << row.pair << ' ' << row.mode;
  }
}

TEST(Harbour, AddressesOfAProviderHaveAnEnd) {
  const auto outcome = wisp(arguments(kPairs[1], {"resolve", "127.0.0.7"}, "flood"));
  EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 256);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.status, 0);
}

TEST(Harbour, WhatIsBegunCanBeLeft) {
  const Echo tcp(SOCK_STREAM), udp(SOCK_DGRAM);
  for (const auto& pair : kPairs) {
    const auto left = wisp(arguments(pair, {"tcp-leave", "127.0.0.1", tcp.port()}, "never"));
    EXPECT_EQ(left.out, "left\n") << pair;
    EXPECT_EQ(left.err, "") << pair;
    EXPECT_EQ(left.status, 0) << pair;
    // Without a provider, too.
    for (const std::string_view provider : {pair.provider, std::string_view()}) {
      const auto again = wisp(arguments({pair.asker, provider}, {"udp-leave", "127.0.0.1", udp.port()}));
      const std::string_view said =
          pair.asker == "sockets" ? "datagram\ndatagram\n"
                                  : "datagram\nsend: invalid-argument\ndatagram\nsend: invalid-argument\n";
      EXPECT_EQ(again.out, said) << pair.asker << " over " << provider;
      EXPECT_EQ(again.err, "") << pair.asker << " over " << provider;
      EXPECT_EQ(again.status, 0) << pair.asker << " over " << provider;
    }
  }
}

TEST(Harbour, DatagramsThatWereTakenGoWithoutTheirStream) {
  const Echo udp(SOCK_DGRAM);
  for (const std::string_view provider : {"", "p2-harbour", "p3-harbour"}) {
    const auto outcome =
        wisp(arguments({"sockets", provider}, {"udp-drop", "127.0.0.1", udp.port(), "datagram"}, "late"));
    EXPECT_EQ(outcome.out, "datagram\n") << provider;
    EXPECT_EQ(outcome.err, "") << provider;
    EXPECT_EQ(outcome.status, 0) << provider;
  }
}

TEST(Harbour, WaitingForAProviderCanBeGivenUp) {
  const Echo tcp(SOCK_STREAM);
  struct Row {
    Pair pair;
    std::string_view mode;
    std::vector<std::string> words;
  };
  const Row rows[] = {
      {kPairs[0], "never", {"tcp-send", "127.0.0.1", tcp.port(), "x"}},
      {kPairs[0], "never", {"resolve", "localhost"}},
      // Says that it is ready, and then is not.
      {kPairs[0], "liar", {"tcp-send", "127.0.0.1", "1", "x"}},
      {kPairs[1], "never", {"tcp-send", "127.0.0.1", tcp.port(), "x"}},
      {kPairs[1], "never", {"resolve", "localhost"}},
  };
  for (const Row& row : rows) {
    Process waiting(arguments(row.pair, row.words, row.mode));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    waiting.signal(SIGINT);
    const auto outcome = waiting.wait();
    EXPECT_EQ(outcome.out, "") << row.pair << ' ' << row.mode;
    EXPECT_EQ(outcome.status, 130) << row.pair << ' ' << row.mode << outcome.err;
  }
}

}  // namespace
}  // namespace wisp::e2e
