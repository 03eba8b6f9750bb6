#include "http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <boost/json/parse.hpp>

#include <csignal>

namespace wisp::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

TEST(Serve, SaysWhereAndAnswers) {
  Server server({guest("hello")});
  EXPECT_THAT(server.first_line(), MatchesRegex("Serving HTTP on http://127\\.0\\.0\\.1:[0-9]+"));
  EXPECT_EQ(get(server.port(), "/").body, "Hello, world!");
  EXPECT_EQ(get(server.port(), "/?name=you").body, "Hello, you!\n");
  const auto outcome = server.stop();
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, server.first_line() + "\n");
}

TEST(Serve, OnATerminalItSaysMore) {
  Server server({guest("hello")}, {.errors = Attach::terminal});
  EXPECT_THAT(server.first_line(), StartsWith("Serving HTTP on \x1b[1mhttp://127.0.0.1:"));
  EXPECT_THAT(server.process().error_line(1), HasSubstr("build/guests/hello.wasm (wasi:http 0.2, C++, "));
  EXPECT_THAT(server.process().error_line(2), HasSubstr("try: curl http://127.0.0.1:"));
  EXPECT_EQ(server.stop().status, 0);

  Server plain({guest("hello")}, {.environment = {{"NO_COLOR", "1"}}, .errors = Attach::terminal});
  EXPECT_THAT(plain.first_line(), StartsWith("Serving HTTP on http://127.0.0.1:"));
  EXPECT_EQ(plain.process().error_line(1).find('\x1b'), std::string::npos);
}

TEST(Serve, AFreshInstanceForEachRequestUnlessTold) {
  Server fresh({guest("http-echo")});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get(fresh.port(), "/instance").body, "1\n");

  Server reused({"--max-invocations", "3", "--shards", "1", guest("http-echo")});
  std::string seen;
  for (int i = 0; i < 6; ++i) seen += get(reused.port(), "/instance").body;
  EXPECT_EQ(seen, "1\n2\n3\n1\n2\n3\n");
}

TEST(Serve, FailuresOfTheGuestAreAnsweredAndReported) {
  struct Row {
    std::string target;
    int status;
    std::string report;
  };
  const Row rows[] = {
      {"/trap", 502, "error[E0401]: GET /trap: "},
      {"/spin", 502, "error[E0404]: GET /spin: "},
      {"/recurse", 502, "error[E0402]: GET /recurse: "},
      {"/sleep?ms=60000", 504, "error[E0414]: GET /sleep?ms=60000: "},
  };
  Server server({"--cpu-budget", "100", "--request-timeout", "1000", guest("http-echo")});
  for (const auto& row : rows) {
    EXPECT_EQ(get(server.port(), row.target).status, row.status) << row.target;
    EXPECT_EQ(get(server.port(), "/instance").status, 200) << "after " << row.target;
  }
  const auto outcome = server.stop();
  EXPECT_EQ(outcome.status, 0);
  for (const auto& row : rows) EXPECT_THAT(outcome.err, HasSubstr(row.report));
}

/// One shard is at work before it has slept for the first time, while the other sleeps.
TEST(Serve, BudgetsHoldFromTheFirstRequestOn) {
  for (int i = 0; i < 8; ++i) {
    const Server server({"--shards", "2", "--cpu-budget", "100", guest("http-echo")});
    EXPECT_EQ(get(server.port(), "/trap").status, 502);
    EXPECT_EQ(get(server.port(), "/spin").status, 502);
  }
}

TEST(Serve, ManyFailuresAreCountedNotShown) {
  Server server({guest("http-echo")});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(get(server.port(), "/trap").status, 502);
  const auto err = server.stop().err;
  std::size_t shown = 0;
  for (std::size_t at = 0; (at = err.find("error[E0401]: GET /trap", at)) != std::string::npos; ++at) ++shown;
  EXPECT_GE(shown, 10U);
  EXPECT_LT(shown, 100U);
  EXPECT_THAT(err, HasSubstr(" more of this kind were not shown\n"));
}

TEST(Serve, NoCapacityIs503) {
  Server server({"--max-instances", "1", "--shards", "1", guest("http-echo")});
  const Connection busy(server.port());
  busy.send("GET /slow?ms=2000 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(busy.receive_until("first"), HasSubstr("first"));
  EXPECT_EQ(get(server.port(), "/instance").status, 503);
  EXPECT_THAT(busy.receive_until("second"), HasSubstr("second"));
}

TEST(Serve, RequestsWaitForAnInstanceWhenAllowed) {
  Server server({"--max-instances", "1", "--shards", "1", "--queue-timeout", "60000", guest("http-echo")});
  const Connection busy(server.port());
  busy.send("GET /slow?ms=300 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(busy.receive_until("first"), HasSubstr("first"));
  EXPECT_EQ(get(server.port(), "/instance").status, 200);
  EXPECT_THAT(busy.receive_until("second"), HasSubstr("second"));
  EXPECT_EQ(server.stop().status, 0);
}

TEST(Serve, LimitsOfHttp) {
  Server server({"--max-head", "2KiB", "--max-fields", "20", "--max-body", "10", guest("http-echo")});
  EXPECT_EQ(get(server.port(), "/headers", "X-Long: " + std::string(3000, 'x') + "\r\n").status, 431);
  std::string many;
  for (int i = 0; i < 30; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  EXPECT_EQ(get(server.port(), "/headers", many).status, 431);
  EXPECT_EQ(get(server.port(), "/count", "Content-Length: 11\r\n").status, 413);
  EXPECT_EQ(get(server.port(), "/headers").status, 200);
}

TEST(Serve, StandardStreamsOfTheGuestAreOurs) {
  Server server({guest("http-echo")});
  EXPECT_EQ(get(server.port(), "/print").status, 200);
  const auto outcome = server.stop();
  EXPECT_NE(outcome.out, "");
  EXPECT_NE(outcome.err, server.first_line() + "\n");
}

TEST(Serve, AccessLog) {
  Server text({"--access-log", guest("http-echo")});
  EXPECT_EQ(get(text.port(), "/status/404").status, 404);
  EXPECT_THAT(
      text.stop().out,
      MatchesRegex("[0-9T:.-]+Z 127\\.0\\.0\\.1:[0-9]+ \"GET /status/404 HTTP/1\\.1\" 404 [0-9]+ [0-9.]+\n"));

  const Folder folder;
  Server json({"-o", "json", "--access-log=" + folder.path("log"), guest("http-echo")});
  EXPECT_EQ(get(json.port(), "/status/404").status, 404);
  EXPECT_EQ(json.stop().out, "");
  const auto line = boost::json::parse(read_file(folder.path("log"))).as_object();
  EXPECT_EQ(line.at("status").as_int64(), 404);
  const auto documentation = read_file("docs/cli.md");
  for (const auto& [key, value] : line) EXPECT_THAT(documentation, HasSubstr("`" + std::string(key) + "`"));
}

TEST(Serve, APortThatIsTakenIsRefused) {
  Server server({guest("hello")});
  const auto second = wisp({"serve", "--addr", "127.0.0.1:" + std::to_string(server.port()), guest("hello")});
  EXPECT_EQ(second.status, 1);
  EXPECT_THAT(second.err, StartsWith("error[E0501]"));
}

TEST(Serve, SigtermFinishesWhatIsInFlight) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Server server({guest("http-echo")});
    {
      const Connection slow(server.port());
      slow.send("GET /slow?ms=1500 HTTP/1.1\r\nHost: x\r\n\r\n");
      EXPECT_THAT(slow.receive_until("first"), HasSubstr("first"));
      server.process().signal(signal);
      EXPECT_THAT(slow.receive_all(), HasSubstr("second"));
    }
    EXPECT_EQ(server.process().wait().status, 0);
    EXPECT_FALSE(Connection(server.port()).open());
  }
}

TEST(Serve, ASignalWhileItLoadsEndsIt) {
  // A pipe that nobody writes to is a component that takes forever to load.
  const Folder folder;
  ASSERT_EQ(::mkfifo(folder.path("slow.wasm").c_str(), 0600), 0);
  for (const int signal : {SIGTERM, SIGINT}) {
    Process process({"serve", "--addr", "127.0.0.1:0", folder.path("slow.wasm")});
    // A signal too early ends the process just the same, by its default.
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    process.signal(signal);
    EXPECT_EQ(process.wait().status, -signal);
  }
}

TEST(Serve, ASecondSignalEndsAtOnce) {
  Server server({guest("http-echo")});
  const Connection slow(server.port());
  slow.send("GET /slow?ms=50000 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(slow.receive_until("first"), HasSubstr("first"));
  server.process().signal(SIGTERM);
  // Once it no longer accepts, the first signal has arrived.
  while (Connection(server.port()).open()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait().status, -SIGTERM);
}

TEST(Serve, SigtermClosesIdleConnectionsAtOnce) {
  Server server({guest("hello")});
  const Connection one(server.port());
  one.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(one.receive_until("world!"), HasSubstr("world!"));
  const Connection two(server.port());
  two.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string("\0\0\0\4\0\0\0\0\0", 9));
  EXPECT_THAT(two.receive_until(std::string("\4\1\0\0\0\0", 6)), HasSubstr(std::string(1, '\4')));
  server.process().signal(SIGTERM);
  EXPECT_EQ(one.receive_all(), "");
  EXPECT_EQ(two.receive_all().size(), 17U) << "GOAWAY, then the end";
  EXPECT_EQ(server.process().wait().status, 0);  // though both clients still hold their ends
}

TEST(Serve, DrainingEndsAfterItsTime) {
  Server server({"--drain-timeout", "200", guest("http-echo")});
  const Connection slow(server.port());
  slow.send("GET /slow?ms=50000 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(slow.receive_until("first"), HasSubstr("first"));
  EXPECT_EQ(server.stop().status, 0);
}

TEST(Serve, OutgoingRequestsNeedAGrant) {
  Server target({guest("hello")});
  const auto url = "/?url=http://127.0.0.1:" + std::to_string(target.port()) + "/";
  Server closed({guest("http-proxy")});
  const auto refused = get(closed.port(), url);
  EXPECT_EQ(refused.status, 502);
  EXPECT_THAT(refused.body, HasSubstr("HTTP-request-denied"));
  Server open({"--allow-host", "127.0.0.1:" + std::to_string(target.port()), guest("http-proxy")});
  const auto passed = get(open.port(), url);
  EXPECT_EQ(passed.status, 200);
  EXPECT_THAT(passed.body, HasSubstr("Hello, world!"));
}

TEST(Serve, RequestsOf02WaitForAnInstanceWhereTheyAreTold) {
  for (const bool waits : {false, true}) {
    Server server({"--shards", "1", "--max-instances", "1", "--queue-timeout", waits ? "60000" : "0",
                   guest("http-echo")});
    const Connection busy(server.port()), next(server.port());
    busy.send(std::string("GET /slow?ms=") + (waits ? "200" : "60000") + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(busy.receive_until("first"), HasSubstr("first"));
    next.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(next.receive_all(), HasSubstr(waits ? "HTTP/1.1 200 " : "HTTP/1.1 503 "));
  }
}

}  // namespace
}  // namespace wisp::e2e
