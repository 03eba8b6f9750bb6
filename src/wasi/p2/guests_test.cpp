// WASI 0.2 end to end: the guests of build/guests on a shard, as `wisp run` has them.
#include "component/link/testing.hpp"
#include "wasi/context.hpp"
#include "wasi/io/memory_stream.hpp"
#include "wasi/p2/p2.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace wisp::wasi::p2 {
namespace {

namespace fs = std::filesystem;
using component::testing::Host;
using Given = wasi::Setup;  // in a fixture the plain name is a trap of GoogleTest's

Bytes bytes(std::string_view from) {
  const auto view = std::as_bytes(std::span(from));
  return {view.begin(), view.end()};
}

struct Outcome {
  int status = -1;  // of the guest; -1: trapped or failed
  std::string out;
  std::string err;
  std::string error;
};

// One guest under way.
struct Process {
  std::unique_ptr<component::GuestRun> run;
  std::unique_ptr<component::Tree> tree;
  Outcome outcome;
};

class Guests : public testing::Test {
 protected:
  Guests() {
    add_to(host.linker, {});
    std::string pattern = (fs::temp_directory_path() / "wisp-guest-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  ~Guests() override { fs::remove_all(folder); }

  std::shared_ptr<const component::Linked> linked(const std::string& name) {
    auto& one = linked_[name];
    if (!one) one = host.link(host.guest(name));
    return one;
  }

  std::unique_ptr<Process> start(const std::string& name, std::vector<std::string> arguments,
                                 Given setup = {}) {
    auto process = std::make_unique<Process>();
    auto* p = process.get();
    arguments.insert(arguments.begin(), name);
    setup.arguments = std::move(arguments);
    const auto into = [](std::string& text) {
      return capture([&text](ByteView piece) {
        text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
      });
    };
    setup.output.make = into(p->outcome.out);
    setup.errors.make = into(p->outcome.err);
    auto context =
        std::make_shared<Context>(std::make_shared<const Given>(std::move(setup)), host.shard.loop());
    const auto component = linked(name);
    p->run = std::make_unique<component::GuestRun>(host.shard);
    EXPECT_TRUE(p->run->start([this, p, component, context] { enter(*p, component, context); }));
    return process;
  }

  Outcome finish(const std::unique_ptr<Process>& process) {
    while (!process->run->done()) turn();
    return process->outcome;
  }

  Outcome run(const std::string& name, std::vector<std::string> arguments, Given setup = {}) {
    return finish(start(name, std::move(arguments), std::move(setup)));
  }

  void turn() {
    host.shard.loop().restart();
    host.shard.loop().run_one();
  }

  [[nodiscard]] Given with_folder(TreeAccess access) const {
    Given setup;
    auto directory =
        Descriptor::preopen(std::make_shared<FileSystem>(FileSystem::make()), folder.string(), access);
    setup.preopens.push_back({directory.value(), "/data"});
    return setup;
  }

  [[nodiscard]] static Given with_network(std::vector<std::string> hosts, bool listen) {
    Given setup;
    auto rules = std::make_shared<NetworkRules>();
    rules->egress = EgressPolicy::parse(hosts).value();
    rules->listen = listen;
    setup.network = rules;
    return setup;
  }

  Host host;
  fs::path folder;

 private:
  static void enter(Process& p, const std::shared_ptr<const component::Linked>& component,
                    const std::shared_ptr<Context>& context) {
    auto tree = component::Tree::instantiate(component, *p.run, {}, context);
    if (!tree) return settle(p, tree.error());
    p.tree = std::move(*tree);
    const auto* lift = component::find_export(*component, "wasi:cli/run@0.2.0", "run");
    if (lift == nullptr) return settle(p, Error(Errc::export_missing, "no run"));
    auto result = component::invoke(*p.tree, *p.run, *lift, {});
    if (!result) return settle(p, result.error());
    p.outcome.status = static_cast<int>(std::get<component::Value::Case>((*result)->data).index);
  }
  static void settle(Process& p, const Error& error) {
    if (error.code() == Errc::guest_exit) {
      p.outcome.status = error.exit_status();
    } else {
      p.outcome.error = error.message();
    }
  }

  std::map<std::string, std::shared_ptr<const component::Linked>> linked_;
};

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
  EXPECT_NE(run("sockets", {"hoard"}).out.find("had 256 sockets, then new-socket-limit"), std::string::npos);
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
