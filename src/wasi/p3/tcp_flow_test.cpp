#include "wasi/p3/tcp_flow.hpp"

#include "component/link/channels.hpp"

#include <gtest/gtest.h>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace wisp::wasi::p3 {
namespace {

using component::FutureReader;
using component::StreamReader;
using component::StreamWriter;

// A flow on one end of a socket pair; the test has the other, and the host's ends of stream and future where
// a guest would have its own.
class Flows : public testing::Test {
 protected:
  Flows() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    socket = std::make_shared<SocketFd>(loop, UniqueFd(ends[0]), AddressFamily::ipv4);
    peer = UniqueFd(ends[1]);
  }

  void tell(std::string_view text) {
    ASSERT_EQ(::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  std::string heard() {
    std::string out;
    std::array<char, 65536> some;
    for (ssize_t got; (got = ::recv(peer.get(), some.data(), some.size(), 0)) > 0;)
      out.append(some.data(), static_cast<std::size_t>(got));
    return out;
  }
  template <class Done>
  void until(Done done) {
    loop.restart();
    while (!done()) ASSERT_GT(loop.run_one_for(std::chrono::seconds(20)), 0u);
  }
  // The loop gets the chance to do what it should not.
  void idle() {
    loop.restart();
    loop.poll();
  }
  // "pending", "ok" or the error.
  std::string outcome(FutureReader<FlowResult>& future) {
    if (asked.insert(&future).second) future.start();
    if (future.pending()) return "pending";
    const auto result = future.finish();
    if (!result) return "nothing";
    if (*result) return "ok";
    constexpr auto labels = wisp_case_labels(std::type_identity<SocketErrorCode>{});
    return std::string(labels[result->error().value.index()]);
  }
  static std::span<std::uint8_t> bytes(std::string& text) {
    return {reinterpret_cast<std::uint8_t*>(text.data()), text.size()};
  }

  boost::asio::io_context loop;
  std::shared_ptr<SocketFd> socket;
  UniqueFd peer;
  std::set<const void*> asked;
};

TEST_F(Flows, WhatIsThereIsReceivedWithinTheRead) {
  auto [stream, future] = receive_from(socket);
  StreamReader<std::uint8_t> reader(std::move(stream));
  tell("hello");
  std::string text(16, '.');
  reader.start(bytes(text));
  EXPECT_EQ(reader.progress(), 5u) << "without a turn of the loop";
  EXPECT_EQ(reader.finish(), 5u);
  EXPECT_EQ(text.substr(0, 5), "hello");
}

TEST_F(Flows, AReadWaitsForTheSocket) {
  auto [stream, future] = receive_from(socket);
  StreamReader<std::uint8_t> reader(std::move(stream));
  std::string text(4, '.');
  reader.start(bytes(text));
  idle();
  EXPECT_EQ(reader.progress(), 0u);
  tell("hello");
  until([&] { return reader.progress() > 0; });
  EXPECT_EQ(reader.finish(), 4u);
  EXPECT_EQ(text, "hell");
}

TEST_F(Flows, NothingIsReceivedAheadOfAReader) {
  auto [stream, future] = receive_from(socket);
  tell("hello");
  idle();
  int waiting = 0;
  ASSERT_EQ(::ioctl(socket->get(), FIONREAD, &waiting), 0);
  EXPECT_EQ(waiting, 5);
}

TEST_F(Flows, AReadOfNothingTellsWhetherThereIsSomething) {
  auto [stream, future] = receive_from(socket);
  StreamReader<std::uint8_t> reader(std::move(stream));
  reader.start({});
  idle();
  EXPECT_TRUE(reader.pending());
  tell("x");
  until([&] { return !reader.pending(); });
  EXPECT_EQ(reader.finish(), 0u);
  EXPECT_FALSE(reader.dropped());
}

TEST_F(Flows, TheStreamEndsWithThePeersFin) {
  auto [stream, future] = receive_from(socket);
  StreamReader<std::uint8_t> reader(std::move(stream));
  FutureReader<FlowResult> result(std::move(future));
  tell("last");
  ::shutdown(peer.get(), SHUT_WR);
  std::string text(16, '.');
  reader.start(bytes(text));
  EXPECT_EQ(reader.finish(), 4u);
  EXPECT_EQ(outcome(result), "pending");
  reader.start(bytes(text));
  EXPECT_EQ(reader.finish(), 0u);
  EXPECT_TRUE(reader.dropped());
  EXPECT_EQ(outcome(result), "ok");
}

TEST_F(Flows, DroppingTheStreamShutsDownThatDirection) {
  auto [stream, future] = receive_from(socket);
  FutureReader<FlowResult> result(std::move(future));
  stream = {};
  EXPECT_EQ(::send(peer.get(), "x", 1, MSG_NOSIGNAL), -1);
  EXPECT_EQ(outcome(result), "ok");
}

TEST_F(Flows, DroppingTheStreamEndsAWaitForTheSocket) {
  auto [stream, future] = receive_from(socket);
  const std::weak_ptr<SocketFd> watched = socket;
  socket.reset();
  {
    StreamReader<std::uint8_t> reader(std::move(stream));
    std::string text(4, '.');
    reader.start(bytes(text));
    idle();
    EXPECT_FALSE(watched.expired()) << "the stream keeps the connection";
  }
  EXPECT_TRUE(watched.expired());
}

TEST_F(Flows, WhatIsWrittenIsSentWithinTheWrite) {
  StreamWriter<std::uint8_t> writer;
  FutureReader<FlowResult> result(send_to(socket, writer.readable()));
  std::string text = "hello";
  writer.start(bytes(text));
  EXPECT_EQ(writer.finish(), 5u);
  EXPECT_EQ(heard(), "hello");
  EXPECT_EQ(outcome(result), "pending");
  writer.close();
  EXPECT_EQ(outcome(result), "ok");
  char end = 0;
  EXPECT_EQ(::recv(peer.get(), &end, 1, 0), 0) << "FIN follows";
}

TEST_F(Flows, AWriteWaitsForThePeer) {
  StreamWriter<std::uint8_t> writer;
  FutureReader<FlowResult> result(send_to(socket, writer.readable()));
  std::string text(8u << 20, 'x');
  writer.start(bytes(text));
  EXPECT_TRUE(writer.pending()) << "the kernel takes only so much";
  std::string all;
  until([&] {
    all += heard();
    return !writer.pending();
  });
  EXPECT_EQ(writer.finish(), text.size());
  all += heard();
  EXPECT_EQ(all.size(), text.size());
}

TEST_F(Flows, AWriteOfNothingTellsWhetherSomeWouldBeTaken) {
  StreamWriter<std::uint8_t> writer;
  auto result = send_to(socket, writer.readable());
  writer.start({});
  EXPECT_FALSE(writer.pending());
  std::string text(8u << 20, 'x');
  writer.start(bytes(text));
  (void)writer.finish();
  writer.start({});
  idle();
  EXPECT_TRUE(writer.pending()) << "the kernel's buffer is full";
  until([&] {
    (void)heard();
    return !writer.pending();
  });
}

TEST_F(Flows, AnErrorDropsTheStreamAndIsTold) {
  StreamWriter<std::uint8_t> writer;
  FutureReader<FlowResult> result(send_to(socket, writer.readable()));
  peer = UniqueFd();
  std::string text = "hello";
  writer.start(bytes(text));
  EXPECT_EQ(writer.finish(), 0u);
  EXPECT_TRUE(writer.dropped());
  EXPECT_EQ(outcome(result), "connection-broken");
}

TEST_F(Flows, AStreamThatIsOverAlreadySendsFin) {
  StreamWriter<std::uint8_t> writer;
  auto end = writer.readable();
  writer.close();
  FutureReader<FlowResult> result(send_to(socket, std::move(end)));
  EXPECT_EQ(outcome(result), "ok");
  char byte = 0;
  EXPECT_EQ(::recv(peer.get(), &byte, 1, 0), 0);
}

struct Named {
  SocketError error;
  std::string_view label;
  bool text;
};

TEST(SocketErrors, KeepTheirNamesOrAreOther) {
  constexpr auto labels = wisp_case_labels(std::type_identity<SocketErrorCode>{});
  constexpr std::array rows{
      Named{SocketError::access_denied, "access-denied", false},
      Named{SocketError::invalid_state, "invalid-state", false},
      Named{SocketError::connection_broken, "connection-broken", false},
      Named{SocketError::datagram_too_large, "datagram-too-large", false},
      Named{SocketError::unknown, "other", false},
      Named{SocketError::new_socket_limit, "other", true},
      Named{SocketError::name_unresolvable, "other", true},
  };
  for (const auto& row : rows) {
    const auto code = to_socket_error(row.error);
    EXPECT_EQ(labels[code.value.index()], row.label);
    const auto* const text = std::get_if<labels.size() - 1>(&code.value);
    EXPECT_EQ(text != nullptr && text->has_value(), row.text) << row.label;
  }
}

TEST(LookupErrors, KeepTheirNamesOrAreOther) {
  constexpr auto labels = wisp_case_labels(std::type_identity<LookupErrorCode>{});
  constexpr std::array rows{
      Named{SocketError::access_denied, "access-denied", false},
      Named{SocketError::name_unresolvable, "name-unresolvable", false},
      Named{SocketError::permanent_resolver_failure, "permanent-resolver-failure", false},
      Named{SocketError::timeout, "other", true},
  };
  for (const auto& row : rows) {
    const auto code = to_lookup_error(row.error);
    EXPECT_EQ(labels[code.value.index()], row.label);
  }
}

TEST_F(Flows, WhatIsReceivedMayBeSentWithoutAGuestBetween) {
  auto [stream, received] = receive_from(socket);
  FutureReader<FlowResult> result(send_to(socket, std::move(stream)));
  std::string told, echo;
  for (const auto* word : {"hello", ", ", "world"}) {
    tell(word);
    told += word;
    until([&] {
      echo += heard();
      return echo.size() == told.size();
    });
  }
  EXPECT_EQ(echo, told);
  ::shutdown(peer.get(), SHUT_WR);
  until([&] { return outcome(result) != "pending"; });
  EXPECT_EQ(::recv(peer.get(), told.data(), told.size(), 0), 0) << "FIN";
}

}  // namespace
}  // namespace wisp::wasi::p3
