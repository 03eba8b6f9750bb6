// WASI 0.2 end to end, as programs use it.
#include "wasi/p2/testing.hpp"

#include <gmock/gmock.h>

namespace wisp::wasi::p2 {
namespace {

namespace fs = std::filesystem;
using testing::bytes;
using testing::Given;
using testing::Guests;

TEST_F(Guests, SeeArgumentsAndEnvironment) {
  Given setup;
  setup.environment = {{"NAME", "value"}, {"EMPTY", ""}};
  EXPECT_EQ(run("cli", {"args", "one", "zwei ü", ""}, setup).out, "args\none\nzwei ü\n\n");
  EXPECT_EQ(run("cli", {"env"}, setup).out, "NAME=value\nEMPTY=\n");
  const auto none = run("cli", {"env"});
  EXPECT_EQ(none.out, "") << none.error;
  EXPECT_EQ(none.status, 0);
}

TEST_F(Guests, UseStandardStreams) {
  std::string input;
  for (int i = 0; i < 20'000; ++i) input += "line " + std::to_string(i) + "\n";
  Given setup;
  setup.input.make = [&](boost::asio::io_context&) { return std::make_shared<MemorySource>(bytes(input)); };
  EXPECT_EQ(run("cli", {"cat"}, setup).out, input);
  EXPECT_EQ(run("cli", {"cat"}).out, "") << "no input is at its end";
  EXPECT_EQ(run("cli", {"err", "oops"}).err, "oops\n");
}

TEST_F(Guests, EndWithTheirStatus) {
  EXPECT_EQ(run("cli", {"exit", "1"}).status, 1);
  EXPECT_EQ(run("cli", {"exit", "0"}).status, 0);
  EXPECT_EQ(run("exit", {"42"}).status, 42);
  EXPECT_EQ(run("exit", {"255"}).status, 255);
  EXPECT_EQ(run("cli", {"trap"}).status, -1);
}

TEST_F(Guests, WorkOnFilesInlineAndThroughThePool) {
  for (const bool pooled : {false, true}) {
    auto setup = with_folder(TreeAccess::read_write);
    if (pooled) setup.files = std::make_shared<BlockingPool>(2);
    const auto result = run("cli", {"files", "/data"}, setup);
    EXPECT_EQ(result.status, 0) << result.err << result.error;
    EXPECT_EQ(result.out, "read back two\nsize 14\ntruncated to 3\nentry second.txt\nfiles ok\n");
    EXPECT_TRUE(fs::is_empty(folder));
    EXPECT_EQ(run("cli", {"write", "/data/x", "text"}, setup).status, 0);
    EXPECT_EQ(run("cli", {"read", "/data/x"}, setup).out, "text");
    EXPECT_EQ(run("cli", {"list", "/data"}, setup).out, "x\n");
    fs::remove(folder / "x");
  }
}

TEST_F(Guests, StayInTheirFolders) {
  std::ofstream(folder / "x") << "inside";
  fs::create_symlink("/etc", folder / "etc");
  const auto setup = with_folder(TreeAccess::read_only);
  EXPECT_EQ(run("cli", {"read", "/data/x"}, setup).out, "inside");
  for (const char* path : {"/data/../etc/passwd", "/data/etc/passwd", "/etc/passwd"}) {
    const auto result = run("cli", {"read", path}, setup);
    EXPECT_EQ(result.out, "") << path;
    EXPECT_NE(result.status, 0) << path;
  }
  EXPECT_NE(run("cli", {"write", "/data/x", "changed"}, setup).status, 0);
  EXPECT_NE(run("cli", {"write", "/data/new", "made"}, setup).status, 0);
  EXPECT_NE(run("cli", {"link", "x", "/data/link"}, setup).status, 0);
  EXPECT_EQ(run("cli", {"read", "/data/x"}, setup).out, "inside");
  EXPECT_NE(run("cli", {"read", "/data/x"}).status, 0) << "nothing was granted";
}

TEST_F(Guests, KnowTheTimeAndDrawNumbers) {
  EXPECT_NE(run("cli", {"clock"}).out.find("monotonic ok"), std::string::npos);
  const auto one = run("cli", {"random", "32"});
  EXPECT_EQ(one.out.size(), 65u);
  EXPECT_NE(one.out, run("cli", {"random", "32"}).out);
}

TEST_F(Guests, AWaitingGuestHoldsUpNobody) {
  const auto sleeper = start("cli", {"sleep", "300"});
  ASSERT_FALSE(sleeper->run->done());
  EXPECT_EQ(run("cli", {"args"}).status, 0);
  EXPECT_FALSE(sleeper->run->done()) << "the second guest ran while the first slept";
  EXPECT_EQ(finish(sleeper).out, "slept 300 ms\n");
}

TEST_F(Guests, ACancelledWaitEnds) {
  const auto sleeper = start("cli", {"sleep", "100000"});
  ASSERT_FALSE(sleeper->run->done());
  sleeper->run->cancel(Error(Errc::cancelled, "enough"));
  EXPECT_EQ(finish(sleeper).error, "enough");
}

TEST_F(Guests, ServeAndReachTcp) {
  const auto server = start("sockets", {"tcp-serve", "127.0.0.1", "0", "2"}, with_network({}, true));
  while (server->outcome.out.find('\n') == std::string::npos) {
    ASSERT_FALSE(server->run->done()) << server->outcome.out << server->outcome.error;
    turn();
  }
  const auto line = server->outcome.out;
  const auto port = line.substr(line.rfind(' ') + 1, line.find('\n') - line.rfind(' ') - 1);
  const auto client = with_network({"127.0.0.1:" + port}, false);
  EXPECT_NE(run("sockets", {"tcp-send", "127.0.0.1", port, "hello"}, client).out.find("hello"),
            std::string::npos);
  EXPECT_NE(run("sockets", {"tcp-send", "127.0.0.1", port, "again"}, client).out.find("again"),
            std::string::npos);
  EXPECT_EQ(finish(server).status, 0) << server->outcome.out;
}

TEST_F(Guests, ExchangeDatagrams) {
  const auto server =
      start("sockets", {"udp-serve", "127.0.0.1", "0", "1"}, with_network({"127.0.0.0/8"}, true));
  while (server->outcome.out.find('\n') == std::string::npos) {
    ASSERT_FALSE(server->run->done()) << server->outcome.out << server->outcome.error;
    turn();
  }
  const auto line = server->outcome.out;
  const auto port = line.substr(line.rfind(' ') + 1, line.find('\n') - line.rfind(' ') - 1);
  const auto client =
      run("sockets", {"udp-send", "127.0.0.1", port, "ping"}, with_network({"127.0.0.1"}, false));
  EXPECT_EQ(client.out, "ping\n") << client.error;
  EXPECT_EQ(finish(server).status, 0) << server->outcome.out;
}

TEST_F(Guests, AreDeniedWhatWasNotGranted) {
  EXPECT_NE(run("sockets", {"tcp-send", "127.0.0.1", "9", "x"}).out.find("access-denied"), std::string::npos);
  EXPECT_NE(run("sockets", {"tcp-serve", "127.0.0.1", "0", "1"}).out.find("access-denied"),
            std::string::npos);
  EXPECT_NE(run("sockets", {"udp-send", "127.0.0.1", "9", "x"}).out.find("access-denied"), std::string::npos);
  EXPECT_NE(run("sockets", {"resolve", "localhost"}).out.find("access-denied"), std::string::npos);
}

TEST_F(Guests, CannotTakeWithoutEnd) {
  std::ofstream(folder / "file") << "x";
  auto setup = with_network({"127.0.0.1"}, true);
  auto rules = std::make_shared<NetworkRules>(*setup.network);
  rules->look_up = true;
  setup.network = rules;
  setup.resolver = std::make_shared<net::DnsPool>();
  setup.preopens = with_folder(TreeAccess::read_only).preopens;
  const struct {
    const char* kind;
    const char* says;  // and returns; or the trap does
  } kCases[] = {
      {"tcp", "had 256, then new-socket-limit\n"},
      {"udp", "had 256, then new-socket-limit\n"},
      {"connections", "had 127, then new-socket-limit\n"},
      {"lookups", "had 16, then temporary-resolver-failure\n"},
      {"directories", "had 1023, then quota\n"},
      {"files", "had 1023, then quota\n"},
      {"entries", "had 1024, then quota\n"},
      {"file-streams", "had 1024, then quota\n"},
      {"pollables", "the instance holds 100000 handles"},
      {"streams", "the instance holds 100000 handles"},
      {"preopens", "more open descriptors than this guest may hold"},
  };
  for (const auto& one : kCases) {
    const auto result = run("hoard", {one.kind}, setup);
    if (result.status == 0) {
      EXPECT_EQ(result.out, one.says) << one.kind;
    } else {
      EXPECT_THAT(result.error, ::testing::HasSubstr(one.says)) << one.kind << ": " << result.out;
    }
    EXPECT_EQ(run("cli", {"args"}).status, 0) << "after " << one.kind;
  }
}

TEST_F(Guests, LookUpNames) {
  Given setup;
  auto rules = std::make_shared<NetworkRules>();
  rules->look_up = true;
  setup.network = rules;
  setup.resolver = std::make_shared<net::DnsPool>();
  const auto result = run("sockets", {"resolve", "localhost"}, setup);
  EXPECT_EQ(result.status, 0) << result.out;
  EXPECT_NE(result.out.find('1'), std::string::npos);
}

TEST_F(Guests, TalkToThemselves) {
  const auto result = run("sockets", {"tcp-self"}, with_network({"127.0.0.1"}, true));
  EXPECT_EQ(result.status, 0) << result.out << result.error;
}

TEST_F(Guests, UseTheStandardLibraryOfCpp) {
  Given setup;
  setup.input.make = [](boost::asio::io_context&) {
    return std::make_shared<MemorySource>(bytes("one two\nthree two\n"));
  };
  const auto result = run("iostream", {}, setup);
  EXPECT_EQ(result.status, 0) << result.err << result.error;
  EXPECT_NE(result.out, "");
}

}  // namespace
}  // namespace wisp::wasi::p2
