#include "process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include <csignal>

namespace wisp::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> cli(std::vector<std::string> arguments, std::vector<std::string> options = {}) {
  options.insert(options.begin(), "run");
  options.push_back(guest("cli"));
  options.insert(options.end(), arguments.begin(), arguments.end());
  return options;
}

TEST(Run, ArgumentsOutputAndStatusAreTheGuests) {
  struct Row {
    std::string what;
    std::vector<std::string> arguments;
    std::string input;
    int status;
    std::string out, err;
  };
  const Row rows[] = {
      {"arguments, options of the guest among them", cli({"args", "a", "--env", "-o", "", "größe"}), "", 0,
       "args\na\n--env\n-o\n\ngröße\n", ""},
      {"stderr", cli({"err", "oh no"}), "", 0, "", "oh no\n"},
      {"stdin to stdout", cli({"cat"}), "one\ntwo\n", 0, "one\ntwo\n", ""},
      {"empty stdin", cli({"cat"}), "", 0, "", ""},
      {"failure", cli({"exit", "1"}), "", 1, "", ""},
      {"success", cli({"exit", "0"}), "", 0, "", ""},
      {"an exit code of its own", {"run", guest("exit"), "77"}, "", 77, "", ""},
      {"an exit code like a trap's", {"run", guest("exit"), "255"}, "", 255, "", ""},
      {"no environment", cli({"env"}), "", 0, "", ""},
      {"environment", cli({"env"}, {"--env", "A=1", "--env", "B=x=y"}), "", 0, "A=1\nB=x=y\n", ""},
      {"a variable of ours", cli({"env"}, {"--env", "TERM", "--env", "NOT_SET"}), "", 0, "TERM=xterm\n", ""},
      {"a double dash is the guest's", cli({"args", "--", "-x"}), "", 0, "args\n--\n-x\n", ""},
      {"C++ iostream", {"run", guest("iostream")}, "b a b\n", 0, "2 b\n1 a\n", "2 different words\n"},
  };
  for (const auto& row : rows) {
    const auto outcome = wisp(row.arguments, {.input = row.input});
    EXPECT_EQ(outcome.status, row.status) << row.what << outcome.err;
    EXPECT_EQ(outcome.out, row.out) << row.what;
    EXPECT_EQ(outcome.err, row.err) << row.what;
  }
}

TEST(Run, InheritsTheWholeEnvironmentWhenAsked) {
  const auto outcome =
      wisp(cli({"env"}, {"--inherit-env", "--env", "TERM=dumb"}), {.environment = {{"MARK", "here"}}});
  EXPECT_THAT(outcome.out, HasSubstr("MARK=here\n"));
  EXPECT_THAT(outcome.out, HasSubstr("TERM=dumb\n"));
  EXPECT_EQ(outcome.out.find("TERM=xterm"), std::string::npos);
}

TEST(Run, MuchOutputArrivesWhole) {
  const auto outcome = wisp(cli({"lines", "200000"}));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 200'000);
  const std::string input(3'000'000, 'x');
  EXPECT_EQ(wisp(cli({"cat"}), {.input = input}).out, input);
}

TEST(Run, DirectoriesAreGrantedOneByOne) {
  const Folder folder;
  folder.write("file.txt", "content\n");
  const auto grant = folder.path() + "::/data";
  EXPECT_EQ(wisp(cli({"read", "/data/file.txt"}, {"--dir", grant})).out, "content\n");
  EXPECT_EQ(wisp(cli({"files", "/data"}, {"--dir", grant})).status, 0);
  EXPECT_EQ(wisp(cli({"write", "/data/new.txt", "hi"}, {"--dir", grant})).status, 0);
  EXPECT_THAT(read_file(folder.path("new.txt")), StartsWith("hi"));

  EXPECT_EQ(wisp(cli({"read", "/data/file.txt"}, {"--dir", grant + ":ro"})).out, "content\n");
  EXPECT_EQ(wisp(cli({"write", "/data/other.txt", "hi"}, {"--dir", grant + ":ro"})).status, 1);
  EXPECT_EQ(wisp(cli({"read", "/data/../etc/passwd"}, {"--dir", grant})).status, 1);
  EXPECT_EQ(wisp(cli({"read", "/data/file.txt"})).status, 1);
}

TEST(Run, TrapsEndWithStatus134AndABacktrace) {
  struct Row {
    std::vector<std::string> arguments;
    std::string code, text;
  };
  const Row rows[] = {
      {cli({"trap"}), "E0401", "core.wasm!"},
      {cli({"recurse"}), "E0403", "descend"},
      {cli({"spin"}, {"--cpu-budget", "50"}), "E0404", "50 ms"},
  };
  for (const auto& row : rows) {
    const auto outcome = wisp(row.arguments);
    EXPECT_EQ(outcome.status, 134) << outcome.err;
    EXPECT_THAT(outcome.err, StartsWith("error[" + row.code + "]: build/guests/cli.wasm: "));
    EXPECT_THAT(outcome.err, HasSubstr("\n  backtrace   "));
    EXPECT_THAT(outcome.err, HasSubstr(row.text));
  }
  auto json = cli({"trap"}, {"-o", "json"});
  const auto error = boost::json::parse(wisp(json).err).at("error");
  EXPECT_EQ(error.at("exit_status").as_int64(), 134);
  EXPECT_FALSE(error.at("backtrace").as_string().empty());
}

TEST(Run, MemoryIsLimited) {
  const auto small = wisp(cli({"alloc"}, {"--max-memory", "16MiB"}));
  EXPECT_EQ(small.status, 0) << small.err;
  const auto large = wisp(cli({"alloc"}, {"--max-memory", "64MiB"}));
  const auto mebibytes = [](const std::string& text) {
    EXPECT_THAT(text, StartsWith("had "));
    return std::stoi(text.substr(std::min<std::size_t>(4, text.size())));
  };
  EXPECT_LE(mebibytes(small.out), 16);
  EXPECT_GT(mebibytes(large.out), 16);
  EXPECT_LE(mebibytes(large.out), 64);
  const auto none = wisp(cli({"args"}, {"--max-memory", "64KiB"}));
  EXPECT_EQ(none.status, 134);
  EXPECT_THAT(none.err, StartsWith("error[E0303]"));
}

TEST(Run, CtrlCEndsGuestsThatComputeSleepOrRead) {
  struct Row {
    std::string what;
    std::vector<std::string> arguments;
    int signal, status;
  };
  const Row rows[] = {
      {"computes", cli({"spin"}), SIGINT, 130},
      {"sleeps", cli({"sleep", "3600000"}), SIGINT, 130},
      {"reads", cli({"cat"}), SIGINT, 130},
      {"computes, terminated", cli({"spin"}), SIGTERM, 143},
  };
  for (const auto& row : rows) {
    Process process(row.arguments, {.keep_input_open = true});
    // The guest says nothing when it starts; a signal too early ends the process just the same, by its
    // default.
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    process.signal(row.signal);
    const auto outcome = process.wait();
    EXPECT_EQ(outcome.status, row.status) << row.what;
    EXPECT_EQ(outcome.err, "") << row.what;
  }
}

TEST(Run, AReaderThatLeavesEndsTheGuestNotUs) {
  const std::string line =
      std::string(WISP_BINARY) + " run " + guest("cli") + " lines 1000000 | head -1 > /dev/null";
  EXPECT_EQ(std::system(line.c_str()), 0);  // NOLINT(bugprone-command-processor): the pipe of a shell
}

TEST(Run, ClosedStandardStreamsAreNobodyElses) {
  // The guest's stdin, stdout and stderr must not turn into what the process opens next.
  const Folder folder;
  const auto run = [&](const std::string& words, const std::string& closed) {
    const std::string line = std::string(WISP_BINARY) + " run " + guest("cli") + " " + words + " " + closed +
                             " > " + folder.path("out") +
                             (closed == "2>&-" ? "" : " 2> " + folder.path("err"));
    return std::system(line.c_str());  // NOLINT(bugprone-command-processor): a shell closes descriptors
  };
  EXPECT_EQ(run("cat", "<&-"), 0);
  EXPECT_EQ(read_file(folder.path("out")), "");
  EXPECT_EQ(run("err text", "2>&-"), 0);
  EXPECT_EQ(read_file(folder.path("out")), "");
}

TEST(Run, UnstableItemsNeedTheirSwitch) {
  const auto refused = wisp({"run", guest("wasi-all")});
  EXPECT_EQ(refused.status, 3);
  EXPECT_THAT(refused.err,
              StartsWith("error[E0210]: build/guests/wasi-all.wasm imports wasi:clocks/timezone@0.2.12"));
  EXPECT_THAT(refused.err, HasSubstr("  try         turn it on with --wasi clocks-timezone\n"));
  const auto one = wisp({"run", "--wasi", "clocks-timezone", guest("wasi-all")});
  EXPECT_EQ(one.status, 3);
  EXPECT_THAT(one.err, HasSubstr("turn it on with --wasi network-error-code"));
  const auto both =
      wisp({"run", "--wasi", "clocks-timezone", "--wasi", "network-error-code", guest("wasi-all")});
  EXPECT_NE(both.status, 3) << both.err;
}

TEST(Run, SocketsNeedGrants) {
  const std::vector<std::string> listen{guest("sockets"), "tcp-self"};
  const auto run = [&](std::vector<std::string> options, std::vector<std::string> words) {
    options.insert(options.begin(), "run");
    options.insert(options.end(), words.begin(), words.end());
    return wisp(options);
  };
  const auto refused = run({}, listen);
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.out, HasSubstr("access-denied"));
  const auto granted = run({"--allow-listen", "--allow-host", "127.0.0.1"}, listen);
  EXPECT_EQ(granted.status, 0) << granted.out << granted.err;

  EXPECT_EQ(run({}, {guest("sockets"), "resolve", "localhost"}).status, 1);
  const auto resolved = run({"--allow-dns"}, {guest("sockets"), "resolve", "localhost"});
  EXPECT_EQ(resolved.status, 0);
  EXPECT_THAT(resolved.out, HasSubstr("127.0.0.1"));
}

TEST(Invoke, CallsExportsWithWave) {
  struct Row {
    std::string call, result;
  };
  const Row rows[] = {
      {"pass-u8(7)", "7\n"},
      {"values#pass-string(\"größe \\\"x\\\"\")", "\"größe \\\"x\\\"\"\n"},
      {"values.pass-option(some(none))", "some(none)\n"},
      {"demo:kitchen/values#pass-bytes([1, 2, 255])", "[1, 2, 255]\n"},
      {"demo:kitchen/values@0.1.0#pass-point({x: 1, y: -2})", "{x: 1, y: -2}\n"},
      {"pass-small({a, c})", "{a, c}\n"},
      {"pass-season(autumn)", "autumn\n"},
      {"pass-result(err(4))", "err(4)\n"},
      {"pass-map([(\"a\", 1)])", "[(\"a\", 1)]\n"},
      {"nothing()", ""},
  };
  for (const auto& row : rows) {
    const auto outcome = wisp({"run", "--invoke", row.call, guest("kitchen")});
    EXPECT_EQ(outcome.status, 0) << row.call << outcome.err;
    EXPECT_EQ(outcome.out, row.result) << row.call;
  }
  const auto json =
      boost::json::parse(wisp({"run", "-o", "json", "--invoke", "pass-u8(7)", guest("kitchen")}).out);
  EXPECT_EQ(json.at("function").as_string(), "demo:kitchen/values@0.1.0#pass-u8");
  EXPECT_EQ(json.at("result").as_string(), "7");
}

TEST(Invoke, WithOtherComponents) {
  const auto outcome =
      wisp({"run", "--invoke", "summary(\"you\")", "--with", guest("shop-provider"), guest("shop-consumer")});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("2 x cup"));

  // A chain whose links are named in any order.
  const auto relay =
      wisp({"run", "--invoke", "pass-u8(7)", "--with", guest("kitchen"), guest("kitchen-relay")});
  EXPECT_EQ(relay.out, "7\n") << relay.err;

  const auto twice = wisp({"run", "--invoke", "summary(\"you\")", "--with", guest("shop-provider"), "--with",
                           guest("shop-provider"), guest("shop-consumer")});
  EXPECT_EQ(twice.status, 3);
  EXPECT_THAT(twice.err, StartsWith("error[E0209]"));
  EXPECT_THAT(twice.err,
              HasSubstr("  candidates   build/guests/shop-provider.wasm, build/guests/shop-provider.wasm"));
}

}  // namespace
}  // namespace wisp::e2e
