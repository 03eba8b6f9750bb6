// WASI 0.2 end to end, in its corners: what guests/wasi-steps says, and what guests/wasi-all needs.
#include "wasi/p2/testing.hpp"

namespace wisp::wasi::p2 {
namespace {

using testing::Given;
using Steps = testing::Guests;

TEST_F(Steps, EveryFunctionHasItsWitType) {
  component::testing::Host all;
  add_to(all.linker, {.timezone = true, .network_error_code = true});
  const auto linked = component::link(all.guest("wasi-all"), all.linker);
  ASSERT_TRUE(linked) << linked.error().message();
}

TEST_F(Steps, UnstableItemsNameTheirSwitch) {
  const auto refused = component::link(host.guest("wasi-all"), host.linker);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::import_gated);
}

TEST_F(Steps, Streams) {
  for (const bool pooled : {false, true}) {
    std::ofstream(folder / "a") << "hello";
    auto setup = with_folder(TreeAccess::read_write);
    if (pooled) setup.files = std::make_shared<BlockingPool>(4);
    const auto result = run("wasi-steps", {"streams"}, setup);
    EXPECT_EQ(result.status, 0) << result.error;
    EXPECT_EQ(result.out,
              "read nothing: ''\n"
              "blocking-read 2: 'he'\n"
              "blocking-skip 2: 2\n"
              "blocking-read rest: 'o'\n"
              "blocking-read at the end: closed\n"
              "read nothing at the end: closed\n"
              "blocking-read far out: failed 12 invalid\n"
              "after the failure: closed\n"
              "check-write: room\n"
              "write: ok\n"
              "check-write after flush: room\n"
              "write nothing: ok\n"
              "blocking-splice 4: 4\n"
              "written: '89000hell'\n"
              "check-write: room\n"
              "write: ok\n"
              "last byte: h\n"
              "write to what is only read: failed 3 bad-descriptor\n"
              "check-write after the failure: closed\n");
    std::filesystem::remove(folder / "out");
  }
}

TEST_F(Steps, Poll) {
  const auto result = run("wasi-steps", {"poll"});
  EXPECT_EQ(result.status, 0) << result.error;
  EXPECT_EQ(result.out,
            "past is ready: yes\n"
            "never is ready: no\n"
            "past, now, never: 0 1 \n"
            "never, past, past: 1 2 \n"
            "soon and never: 1 \n"
            "soon once more: 0 \n"
            "standard output: 0 \n"
            "standard input at its end: 0 \n"
            "a thousand times: ok\n");
}

TEST_F(Steps, ABusyPollerLetsItsShardWork) {
  const auto poller = start("wasi-steps", {"poll"});
  int turns = 0;
  boost::asio::post(host.shard.loop(), [&] { ++turns; });
  while (!poller->run->done()) {
    turn();
    if (poller->outcome.out.find("standard input") != std::string::npos && turns < 50) {
      boost::asio::post(host.shard.loop(), [&] { ++turns; });
    }
  }
  EXPECT_GE(turns, 50);
}

TEST_F(Steps, Files) {
  for (const bool pooled : {false, true}) {
    std::ofstream(folder / "a") << "hello";
    auto setup = with_folder(TreeAccess::read_write);
    if (pooled) setup.files = std::make_shared<BlockingPool>(4);
    const auto result = run("wasi-steps", {"files"}, setup);
    EXPECT_EQ(result.status, 0) << result.error;
    EXPECT_EQ(result.out,
              "stat-at ..: error 31\n"
              "stat-at a: ok\n"
              "size: 5\n"
              "set-times-at: ok\n"
              "modified at: 42\n"
              "set-times beyond: error 30\n"
              "link-at following: error 12\n"
              "link-at: ok\n"
              "same object: yes\n"
              "same hash: yes\n"
              "read: ello\n"
              "read at the end: end\n"
              "write to what is only read: error 3\n"
              "entries: 2\n"
              "read after the drop: 'hello'\n");
    std::filesystem::remove(folder / "b");
    std::filesystem::remove(folder / "a");
  }
}

TEST_F(Steps, Tcp) {
  const auto result = run("wasi-steps", {"tcp"}, with_network({"127.0.0.1"}, true));
  EXPECT_EQ(result.status, 0) << result.error;
  EXPECT_EQ(result.out,
            "finish-bind too early: not-in-progress\n"
            "start-listen unbound: invalid-state\n"
            "local-address unbound: invalid-state\n"
            "start-bind: ok\n"
            "start-bind again: concurrency-conflict\n"
            "start-listen while binding: concurrency-conflict\n"
            "finish-listen while binding: not-in-progress\n"
            "finish-bind: ok\n"
            "start-bind once bound: invalid-state\n"
            "start-listen: ok\n"
            "listening before the finish: no\n"
            "accept before the finish: invalid-state\n"
            "finish-listen: ok\n"
            "listening: yes\n"
            "accept nobody: would-block\n"
            "start-connect of a listener: invalid-state\n"
            "shutdown of a listener: invalid-state\n"
            "finish-connect too early: not-in-progress\n"
            "start-connect to port 0: invalid-argument\n"
            "start-connect: ok\n"
            "start-connect again: concurrency-conflict\n"
            "finish-connect: ok\n"
            "finish-connect again: not-in-progress\n"
            "start-connect once connected: invalid-state\n"
            "accept: ok\n"
            "write before check-write: room\n"
            "write: ok\n"
            "read: 'hello'\n"
            "read nothing there: ''\n"
            "shutdown send: ok\n"
            "check-write after shutdown: closed\n"
            "read at the end: closed\n"
            "shutdown both: ok\n"
            "read after shutdown: closed\n");
}

TEST_F(Steps, Udp) {
  const auto result = run("wasi-steps", {"udp"}, with_network({"127.0.0.1"}, true));
  EXPECT_EQ(result.status, 0) << result.error;
  EXPECT_EQ(result.out,
            "stream unbound: invalid-state\n"
            "finish-bind too early: not-in-progress\n"
            "start-bind: ok\n"
            "start-bind again: concurrency-conflict\n"
            "finish-bind: ok\n"
            "remote-address: invalid-state\n"
            "stream: ok\n"
            "check-send: ok\n"
            "may send: yes\n"
            "send to nobody: invalid-argument\n"
            "receive nothing: ok\n"
            "received: 0\n");
}

TEST_F(Steps, Traps) {
  struct Case {
    const char* what;
    const char* says;
  };
  const Case cases[] = {
      {"empty-poll", "poll was called with an empty list"},
      {"write-beyond-permit", "check-write permitted 0"},
      {"large-blocking-write", "a blocking write of 4097 bytes"},
      {"large-blocking-zeroes", "a blocking write of 4097 bytes"},
      {"zeroes-beyond-permit", "check-write permitted 0"},
      {"drop-stream-before-pollable", "output-stream was dropped"},
      {"drop-socket-before-pollable", "tcp-socket was dropped"},
      {"too-many-random-bytes", "random bytes at once"},
  };
  for (const auto& one : cases) {
    const auto result = run("wasi-steps", {"trap", one.what}, with_network({"127.0.0.1"}, true));
    EXPECT_EQ(result.status, -1) << one.what;
    EXPECT_EQ(result.out, "") << one.what;
    EXPECT_NE(result.error.find(one.says), std::string::npos) << one.what << ": " << result.error;
  }
}

}  // namespace
}  // namespace wisp::wasi::p2
