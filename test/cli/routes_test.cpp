#include "http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

/// `--route`: requests that components send to each other, every pair of versions of wasi:http.
namespace wisp::e2e {
namespace {

using ::testing::HasSubstr;

/// A component that passes requests on, and the path that makes it do so.
struct Front {
  std::string_view guest, path;
};
constexpr Front kFronts[] = {{"p3-http", "/proxy?url=http://"}, {"http-proxy", "/?url=http://"}};

std::string url(const Front& front, std::string_view rest) {
  return std::string(front.path) + std::string(rest);
}

std::vector<std::string> arguments(const Front& front, std::vector<std::string> more = {}) {
  std::vector<std::string> all{"--shards", "1",
                               "--route",  "old.internal=" + guest("http-echo"),
                               "--route",  "New.Internal:80=" + guest("p3-http")};
  all.insert(all.end(), more.begin(), more.end());
  all.push_back(guest(front.guest));
  return all;
}

/// The most memory that a process has ever had, in KiB.
long peak_memory(int process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
  }
  return 0;
}

TEST(Routes, PassRequestsAndAnswersOnBothWays) {
  const std::string body(300'000, 'Z');
  for (const auto& front : kFronts) {
    Server server(arguments(front));
    for (const std::string_view back : {"old.internal/echo", "new.internal/echo", "new.internal/pass"}) {
      const auto reply = post_chunked(server.port(), url(front, back), body, "X-Sum: 7\r\n");
      EXPECT_EQ(std::ranges::count(reply, 'Z'), 300'000) << front.guest << " " << back;
      EXPECT_THAT(reply, HasSubstr("0\r\nX-Sum: 7\r\n\r\n")) << front.guest << " " << back;
    }
    EXPECT_THAT(get(server.port(), url(front, "old.internal/headers")).body,
                HasSubstr("authority old.internal"));
    EXPECT_EQ(get(server.port(), url(front, "new.internal/status?code=404")).status, 404);
    EXPECT_THAT(get(server.port(), url(front, "NEW.internal:80/")).body, HasSubstr("hello"));
    const auto outcome = server.stop();
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.err, server.first_line() + "\n");
  }
}

TEST(Routes, OtherAuthoritiesGoWhereTheyAlwaysWent) {
  Server server(arguments(kFronts[0]));
  for (const std::string_view other : {"new.internal:81/", "other.internal/", "127.0.0.1:1/"})
    EXPECT_EQ(get(server.port(), url(kFronts[0], other)).status, 502) << other;
  EXPECT_THAT(server.stop().err, HasSubstr("HTTP-request-denied"));
}

TEST(Routes, FailuresBehindThemAreErrorCodes) {
  struct Row {
    std::string_view path, said;
  };
  const Row rows[] = {
      {"old.internal/trap", "error internal-error"},        {"new.internal/trap", "error internal-error"},
      {"old.internal/never", "error internal-error"},       {"new.internal/nothing", "error internal-error"},
      {"old.internal/keep", "error internal-error"},        {"new.internal/refuse", "error internal-error"},
      {"old.internal/refuse", "error HTTP-request-denied"}, {"new.internal/spin", "error internal-error"},
      {"old.internal/spin", "error internal-error"},
  };
  Server server(arguments(kFronts[1], {"--cpu-budget", "100"}));
  for (const auto& row : rows) {
    const auto reply = get(server.port(), url(kFronts[1], row.path));
    EXPECT_EQ(reply.status, 502) << row.path;
    EXPECT_THAT(reply.body, HasSubstr(row.said)) << row.path;
    EXPECT_EQ(get(server.port(), url(kFronts[1], "new.internal/")).status, 200) << "after " << row.path;
  }
  const auto outcome = server.stop();
  EXPECT_EQ(outcome.status, 0);
  const auto old = guest("http-echo"), young = guest("p3-http");
  for (const std::string& said :
       {"GET /trap: " + old + ": wasm `unreachable`", "GET /trap: " + young + ": wasm `unreachable`",
        "GET /spin: " + young + ": the call ran for more than its CPU budget",
        "GET /keep: " + old + ": the component returned without an answer"})
    EXPECT_THAT(outcome.err, HasSubstr(said));
}

TEST(Routes, ABodyThatBreaksOffIsSeenBroken) {
  for (const auto& front : kFronts) {
    Server server(arguments(front));
    for (const std::string_view path : {"old.internal/broken?n=100000", "new.internal/trap-later?ms=5",
                                        "new.internal/broken", "new.internal/mismatch?length=10&n=5"}) {
      const auto reply = get(server.port(), url(front, path));
      EXPECT_TRUE(reply.status == 502 || !reply.sent.ends_with("0\r\n\r\n")) << front.guest << " " << path;
      EXPECT_EQ(get(server.port(), url(front, "new.internal/")).status, 200) << "after " << path;
    }
    EXPECT_EQ(server.stop().status, 0);
  }
}

TEST(Routes, InterimResponsesAreSkipped) {
  const std::string steps = "steps.internal=" + guest("http-steps");
  for (const auto& front : kFronts) {
    Server server({"--shards", "1", "--wasi", "informational-outbound-responses", "--route", steps,
                   guest(front.guest)});
    for (const std::string_view path : {"/informational", "/progress"}) {
      const auto reply = get(server.port(), url(front, "steps.internal" + std::string(path)));
      EXPECT_EQ(reply.status, 200) << front.guest << path;
      EXPECT_EQ(reply.body, "ok\n") << front.guest << path;
    }
    EXPECT_EQ(server.stop().status, 0);
  }
}

TEST(Routes, TimeoutsOfTheRequestHold) {
  Server server(arguments(kFronts[1]));
  for (const std::string_view host : {"old.internal", "new.internal"}) {
    const std::string to(host);
    EXPECT_THAT(get(server.port(), "/?first-byte-ms=50&url=http://" + to + "/sleep?ms=60000").body,
                HasSubstr("connection-read-timeout"))
        << host;
    const auto broken = get(server.port(), "/?between-ms=50&url=http://" + to + "/slow?ms=60000");
    EXPECT_THAT(broken.body, ::testing::Not(HasSubstr("two"))) << host;
  }
  EXPECT_EQ(server.stop().status, 0);
}

TEST(Routes, ACallerThatLeavesEndsTheCall) {
  for (const auto& front : kFronts) {
    for (const std::string_view host : {"old.internal", "new.internal"}) {
      // One instance of each: the next request needs the place of the one that sleeps.
      Server server(arguments(front, {"--max-instances", "1", "--max-concurrency", "1"}));
      {
        const Connection leaves(server.port());
        leaves.send("GET " + url(front, std::string(host) + "/sleep?ms=60000") +
                    " HTTP/1.1\r\nHost: x\r\n\r\n");
        // Leaving before the call has begun would prove nothing.
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
      int status = 0;
      for (int i = 0; i < 200 && status != 200; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        status = get(server.port(), url(front, std::string(host) + "/instance")).status;
      }
      EXPECT_EQ(status, 200) << front.guest << " " << host;
      EXPECT_EQ(server.stop().status, 0);
    }
  }
}

TEST(Routes, CirclesEnd) {
  const std::string loop = "loop.internal/proxy?url=http://";
  Server server({"--shards", "1", "--route", "loop.internal=" + guest("p3-http"), guest("p3-http")});
  std::string inner = "loop.internal/";
  for (int depth = 1; depth < 8; ++depth) inner = loop + inner;
  EXPECT_THAT(get(server.port(), url(kFronts[0], inner)).body, HasSubstr("hello"));
  EXPECT_EQ(get(server.port(), url(kFronts[0], loop + inner)).status, 502);
  EXPECT_THAT(server.stop().err, HasSubstr("loop-detected"));
}

TEST(Routes, LargeBodiesNeedNoMemory) {
  constexpr std::size_t kBytes = std::size_t{100} << 20;
  for (const auto& front : kFronts) {
    Server server(arguments(front));
    for (const std::string_view host : {"old.internal", "new.internal"}) {
      const auto stream = [&](std::size_t bytes) {
        const auto reply =
            get(server.port(), url(front, std::string(host) + "/stream?n=" + std::to_string(bytes)));
        return reply.sent.ends_with("0\r\n\r\n") ? reply.body.size() : 0;
      };
      EXPECT_EQ(stream(1 << 20), std::size_t{1} << 20) << front.guest << " " << host;
      const long before = peak_memory(server.process().id());
      EXPECT_EQ(stream(kBytes), kBytes) << front.guest << " " << host;

      const Connection connection(server.port());
      connection.send("POST " + url(front, std::string(host) + "/count") +
                      " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
                      std::to_string(kBytes) + "\r\n\r\n");
      const std::string piece(1 << 20, 'y');
      for (std::size_t sent = 0; sent < kBytes; sent += piece.size()) connection.send(piece);
      EXPECT_THAT(connection.receive_all(), HasSubstr(std::to_string(kBytes))) << front.guest << " " << host;
      EXPECT_LT(peak_memory(server.process().id()) - before, 32 << 10) << front.guest << " " << host;
    }
    EXPECT_EQ(server.stop().status, 0);
  }
}

TEST(Routes, ServeCommandsToo) {
  struct Row {
    std::string_view back;
    int status;
    std::string_view said;
  };
  const Row rows[] = {{"http-echo", 0, "status 200\n"}, {"p3-http", 0, "status 200\n"}};
  for (const auto& row : rows) {
    const auto outcome = wisp({"run", "--route", "back.internal=" + guest(row.back), guest("p2-fetch")});
    EXPECT_EQ(outcome.status, row.status) << row.back << outcome.err;
    EXPECT_EQ(outcome.out, row.said) << row.back;
  }
  EXPECT_EQ(wisp({"run", guest("p2-fetch")}).out, "error 15\n") << "HTTP-request-denied";
}

TEST(Routes, AreCheckedBeforeAnythingRuns) {
  const std::string back = guest("p3-http");
  struct Row {
    std::vector<std::string> typed;
    int status;
    std::string_view said;
  };
  const Row rows[] = {
      {{"--route", "nothing"}, 2, "not HOST[:PORT]=FILE"},
      {{"--route", "host:0=" + back}, 2, "not HOST[:PORT]=FILE"},
      {{"--route", "host="}, 2, "not HOST[:PORT]=FILE"},
      {{"--route", "a=" + back, "--route", "A=" + back}, 2, "names A twice"},
      {{"--route", "a=" + guest("cli")}, 3, "incoming-handler"},
  };
  for (const auto& row : rows) {
    std::vector<std::string> all{"serve"};
    all.insert(all.end(), row.typed.begin(), row.typed.end());
    all.push_back(back);
    const auto outcome = wisp(all);
    EXPECT_EQ(outcome.status, row.status) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(row.said));
  }
}

}  // namespace
}  // namespace wisp::e2e
