#include "net/transport.hpp"

#include "net/send_batch.hpp"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <thread>

namespace wisp::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Runs what is ready.
void turn(asio::io_context& loop) {
  loop.restart();
  loop.poll();
}

/// A transport and the blocking socket at its other end.
struct Pair {
  explicit Pair(asio::io_context& loop, int buffer = 0) : peer(loop) {
    asio::ip::tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
    if (buffer != 0) peer.open(asio::ip::tcp::v4());
    if (buffer != 0) peer.set_option(asio::socket_base::receive_buffer_size(buffer));
    peer.connect(acceptor.local_endpoint());
    Socket socket(loop.get_executor());
    acceptor.accept(socket);
    if (buffer != 0) socket.set_option(asio::socket_base::send_buffer_size(buffer));
    transport = make_plain_transport(std::move(socket));
  }
  std::size_t write(std::string_view text) {
    error_code error;
    return transport->write_now({asio::buffer(text)}, error);
  }
  std::string read(std::size_t size) {
    std::string text(size, '\0');
    asio::read(peer, asio::buffer(text));
    return text;
  }
  std::string read_to_end() {
    std::string text;
    error_code error;
    asio::read(peer, asio::dynamic_buffer(text), error);
    return error == asio::error::eof ? text : text + " and then " + error.message();
  }

  asio::ip::tcp::socket peer;
  std::unique_ptr<Transport> transport;
};

TEST(Transport, WritesOfATurnArriveWholeAndInOrder) {
  asio::io_context loop(1);
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < 150; ++i) pairs.push_back(std::make_unique<Pair>(loop));
  // More than one batch; the large ones are none of a batch's business.
  const auto text = [](int i, int round) {
    return std::to_string(i) + "/" + std::to_string(round) + std::string(i % 7 == 3 ? 5'000 : i, 'x');
  };
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 150; ++i) EXPECT_EQ(pairs[i]->write(text(i, round)), text(i, round).size());
  turn(loop);
  for (int i = 0; i < 150; ++i) {
    const std::string all = text(i, 0) + text(i, 1) + text(i, 2);
    EXPECT_EQ(pairs[i]->read(all.size()), all);
  }
}

TEST(Transport, SmallWritesGoOutAtTheEndOfTheTurn) {
  io_uring_params ring{};
  const long descriptor = syscall(SYS_io_uring_setup, 1, &ring);
  if (descriptor < 0) GTEST_SKIP() << "this kernel gives no ring";
  ::close(static_cast<int>(descriptor));
  asio::io_context loop(1);
  Pair one(loop);
  Pair two(loop);
  EXPECT_EQ(one.write("first"), 5U);
  EXPECT_EQ(two.write("second"), 6U);
  EXPECT_EQ(one.peer.available() + two.peer.available(), 0U);
  turn(loop);
  EXPECT_EQ(one.read(5), "first");
  EXPECT_EQ(two.read(6), "second");
}

TEST(Transport, WhatIsWrittenArrivesBeforeItsEnd) {
  for (const std::string ending : {"close", "destroy", "shut down"}) {
    asio::io_context loop(1);
    Pair pair(loop);
    Pair other(loop);
    EXPECT_EQ(other.write("more"), 4U);
    EXPECT_EQ(pair.write("the end"), 7U);
    if (ending == "close") pair.transport->close();
    if (ending == "destroy") pair.transport.reset();
    if (ending == "shut down") pair.transport->shutdown_send();
    EXPECT_EQ(pair.read_to_end(), "the end") << ending;
    EXPECT_EQ(other.read(4), "more");
  }
}

/// Writes until the socket takes no more; what was taken.
std::string fill(asio::io_context& loop, Pair& pair) {
  std::string all;
  for (int i = 0;; ++i) {
    std::string piece = "piece " + std::to_string(i) + std::string(1'900, 'p');
    const std::size_t taken = pair.write(piece);
    turn(loop);
    all += piece.substr(0, taken);
    if (taken < piece.size()) return all;
  }
}

TEST(Transport, WhatTheSocketDidNotTakeFollows) {
  asio::io_context loop(1);
  Pair pair(loop, 8'192);
  Pair other(loop);
  const std::string all = fill(loop, pair);
  EXPECT_FALSE(pair.transport->settled());
  EXPECT_TRUE(pair.transport->owes());
  EXPECT_FALSE(other.transport->owes());
  bool written = false;
  asio::co_spawn(
      loop,
      [&]() -> asio::awaitable<void> {
        static constexpr std::string_view kLast = "last";
        EXPECT_FALSE(co_await pair.transport->write({asio::buffer(kLast)}));
        written = true;
        EXPECT_FALSE(pair.transport->owes());
        pair.transport->shutdown_send();
      },
      asio::detached);
  turn(loop);
  EXPECT_FALSE(written);
  std::string seen;
  std::thread reader([&] { seen = pair.read_to_end(); });
  while (!written) {
    loop.restart();
    loop.run_one();
  }
  reader.join();
  EXPECT_EQ(seen, all + "last");
}

TEST(Transport, AnEndWaitsForWhatTheSocketDidNotTake) {
  asio::io_context loop(1);
  Pair pair(loop, 8'192);
  const std::string all = fill(loop, pair);
  pair.transport->shutdown_send();
  std::string seen;
  std::thread reader([&] { seen = pair.read_to_end(); });
  loop.restart();
  loop.run();
  reader.join();
  EXPECT_EQ(seen, all);
}

TEST(Transport, GoesAwayWhileTheSocketIsFull) {
  for (const bool closed : {false, true}) {
    asio::io_context loop(1);
    Pair pair(loop, 8'192);
    fill(loop, pair);
    error_code error;
    if (closed) {
      asio::co_spawn(
          loop,
          [&]() -> asio::awaitable<void> {
            static constexpr std::string_view kLast = "last";
            error = co_await pair.transport->write({asio::buffer(kLast)});
          },
          asio::detached);
      turn(loop);
      pair.transport->close();
      loop.restart();
      loop.run();
      EXPECT_EQ(error, asio::error::operation_aborted);
    } else {
      pair.transport.reset();
      loop.restart();
      loop.run();
    }
  }
}

TEST(Transport, APeerThatHasGoneIsAnError) {
  asio::io_context loop(1);
  Pair pair(loop);
  pair.peer.set_option(asio::socket_base::linger(true, 0));
  pair.peer.close();
  error_code error;
  for (int i = 0; i < 3 && !error; ++i) {
    static_cast<void>(pair.transport->write_now({asio::buffer("x", 1)}, error));
    turn(loop);
  }
  EXPECT_TRUE(error);
}

/// No ring for this thread, as under the system call filters of many container runtimes.
void forbid_rings() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = std::size(program), .filter = program};
  ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

TEST(Transport, WritesWhereTheKernelGivesNoRing) {
  std::thread([] {
    forbid_rings();
    asio::io_context loop(1);
    Pair one(loop);
    Pair two(loop);
    EXPECT_EQ(one.write("first"), 5U);
    EXPECT_EQ(two.write("second"), 6U);
    EXPECT_EQ(one.read(5), "first");
    EXPECT_EQ(two.read(6), "second");
  }).join();
}

}  // namespace
}  // namespace wisp::net
