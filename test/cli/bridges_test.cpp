#include "http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

/// Components of WASI 0.2 and 0.3 that use each other through `--with`.
namespace wisp::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Middleware, and what stands behind it.
struct Pair {
  std::string_view front, back;
};
constexpr Pair kPairs[] = {
    {"p3-middleware", "http-echo"},  // 0.3 over 0.2
    {"p2-relay", "p3-http"},         // 0.2 over 0.3
    {"p3-middleware", "p3-http"},    // the same version needs no bridge
    {"p2-relay", "http-echo"},
};

std::ostream& operator<<(std::ostream& out, const Pair& pair) {
  return out << pair.front << " over " << pair.back;
}

std::vector<std::string> arguments(const Pair& pair, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"--shards", "1", "--with", guest(pair.back)});
  more.push_back(guest(pair.front));
  return more;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Bridges, HandlersAnswerThroughMiddleware) {
  const std::string body(300'000, 'Z');
  for (const auto& pair : kPairs) {
    Server server(arguments(pair));
    const auto reply = post_chunked(server.port(), "/echo", body, "X-Sum: 7\r\n");
    EXPECT_EQ(std::ranges::count(reply, 'Z'), 300'000) << pair;
    EXPECT_THAT(reply, HasSubstr("0\r\nX-Sum: 7\r\n\r\n")) << pair;
    EXPECT_EQ(reply.contains("x-passed: yes"), pair.front == "p3-middleware") << pair;
    EXPECT_EQ(get(server.port(), "/stream?n=3000000").body.size(), 3'000'000U) << pair;
    const auto outcome = server.stop();
    EXPECT_EQ(outcome.status, 0) << pair;
    EXPECT_EQ(outcome.err, server.first_line() + "\n") << pair;
  }
}

TEST(Bridges, MiddlewareChangesWhatItPassesOn) {
  Server server(arguments(kPairs[0]));
  EXPECT_THAT(get(server.port(), "/headers").body, HasSubstr("x-middleware: seen"));
  Server relay(arguments(kPairs[1]));
  EXPECT_EQ(get(relay.port(), "/own").body, "its own\n");
}

TEST(Bridges, ATrapBehindMiddlewareIsAnErrorCode) {
  for (const auto& pair : std::span(kPairs).first(3)) {
    Server server(arguments(pair, {"--with-max-invocations", "100", "--cpu-budget", "200"}));
    for (const std::string_view path : {"/trap", "/refuse", "/spin"}) {
      EXPECT_EQ(get(server.port(), path).status, 502) << pair << path;
      EXPECT_EQ(get(server.port(), "/").status, 200) << pair << " after " << path;
    }
    const auto broken =
        get(server.port(), pair.back == "http-echo" ? "/broken?n=100000" : "/trap-later?ms=5");
    EXPECT_FALSE(broken.sent.ends_with("0\r\n\r\n")) << pair;
    const auto outcome = server.stop();
    const auto reports = count(outcome.err, guest(pair.back) + ": wasm `unreachable`");
    EXPECT_EQ(reports, 2U) << pair << ": one when it was asked, one within a body\n" << outcome.err;
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.err, HasSubstr("answered with the error")) << pair << ": the middleware itself lives";
    EXPECT_THAT(outcome.err, HasSubstr(guest(pair.back) + ": wasm `unreachable`")) << pair;
    EXPECT_THAT(outcome.err, HasSubstr(guest(pair.back) + ": the call ran for more than its CPU")) << pair;
    EXPECT_THAT(outcome.err, HasSubstr("handler@0.")) << pair << ": the export";
  }
}

TEST(Bridges, InterimResponsesEndAtMiddleware) {
  // Middleware of 0.3 gets one response; a relay of 0.2 hands the place for all of them on.
  for (const std::string_view front : {"p3-middleware", "p2-relay"}) {
    Server server({"--shards", "1", "--wasi", "informational-outbound-responses", "--with",
                   guest("http-steps"), guest(front)});
    const auto reply = get(server.port(), "/progress");
    EXPECT_EQ(reply.status, front == "p2-relay" ? 102 : 200) << front;
    EXPECT_TRUE(reply.sent.ends_with("ok\n") || reply.sent.contains("ok\n\r\n0\r\n")) << front << reply.sent;
  }
}

TEST(Bridges, ABodyGoesOnWhenTheMiddlewareIsDone) {
  for (const auto& pair : {kPairs[0], kPairs[2]}) {
    // Each request has an instance of its own, which ends with its task.
    Server server(arguments(pair, {"--max-invocations", "1"}));
    const auto reply = get(server.port(), "/slow?before=50&ms=300&plain");
    EXPECT_TRUE(reply.sent.ends_with("0\r\n\r\n")) << pair << reply.body;
    EXPECT_THAT(reply.head, Not(HasSubstr("x-passed"))) << pair;
    EXPECT_EQ(server.stop().status, 0);
  }
}

TEST(Bridges, RequestsShareMiddlewareWhileTheOtherSideWaits) {
  // One instance of the middleware; the callee of 0.2 blocks a fiber of its own.
  Server server(arguments(kPairs[0], {"--max-instances", "1"}));
  const Connection waits(server.port());
  waits.send("GET /slow?ms=2000 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(waits.receive_until("first"), HasSubstr("first"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(server.port(), "/").status, 200);
  EXPECT_THAT(waits.receive_until("second"), HasSubstr("second"));
}

TEST(Bridges, CallsThatGoOnEndWithTheServer) {
  // What stands behind has answered, and sleeps within its body when the time of the request is up.
  for (const auto& pair : {kPairs[2], kPairs[3]}) {
    Server server(arguments(pair, {"--request-timeout", "200"}));
    EXPECT_EQ(get(server.port(), "/sleep?ms=60000").status, 504) << pair;
    EXPECT_FALSE(get(server.port(), "/slow?ms=60000&plain").sent.ends_with("0\r\n\r\n")) << pair;
    EXPECT_EQ(get(server.port(), "/").status, 200) << pair;
    EXPECT_EQ(server.stop().status, 0) << pair;
  }
}

TEST(Bridges, ExactVersionsComeFirst) {
  Server server(
      {"--shards", "1", "--with", guest("http-echo"), "--with", guest("p3-http"), guest("p3-middleware")});
  EXPECT_EQ(get(server.port(), "/instance").body, "1\n") << "p3-http knows the path";
  EXPECT_THAT(get(server.port(), "/headers").body, HasSubstr("hello")) << "http-echo would tell them";
}

TEST(Bridges, SeveralCandidatesAreNamed) {
  const auto outcome = wisp({"serve", "--addr", "127.0.0.1:0", "--with", guest("http-echo"), "--with",
                             guest("hello"), guest("p3-middleware")});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.err, HasSubstr("wasi:http/handler@0.3"));
  EXPECT_THAT(outcome.err, HasSubstr("hello.wasm"));
}

TEST(Bridges, CommandsRunEachOther) {
  struct Row {
    std::string_view front, back;
    std::vector<std::string> typed;
    std::string_view said;
  };
  const Row rows[] = {
      {"p2-runner", "p3-cli", {"args", "x"}, "x\nit said ok\n"},
      {"p3-runner", "cli", {"args", "x"}, "args\nx\nit said ok\n"},
      {"p2-runner", "p3-cli", {"exit", "0"}, "it said ok\n"},
      {"p3-runner", "cli", {"exit", "0"}, "it said ok\n"},
      {"p2-runner", "p3-cli", {"exit", "3"}, "it said err\n"},
      {"p3-runner", "cli", {"exit", "3"}, "it said err\n"},
      {"p3-runner", "cli", {"sleep", "50"}, "it said ok\n"},
      {"p2-runner", "p3-cli", {"sleep", "50"}, "it said ok\n"},
      {"p2-runner", "cli", {"args", "x"}, "args\nx\nit said ok\n"},
      {"p3-runner", "p3-cli", {"args", "x"}, "x\nit said ok\n"},
  };
  for (const auto& row : rows) {
    std::vector<std::string> all{"run", "--with", guest(row.back), guest(row.front)};
    all.insert(all.end(), row.typed.begin(), row.typed.end());
    const auto outcome = wisp(all);
    EXPECT_EQ(outcome.status, 0) << row.front << " over " << row.back << "\n" << outcome.err;
    EXPECT_THAT(outcome.out, ::testing::EndsWith(row.said)) << row.front << " over " << row.back;
  }
  const auto trapped = wisp({"run", "--with", guest("cli"), guest("p3-runner"), "trap"});
  EXPECT_EQ(trapped.status, 134) << "a trap has no place in the interface";
}

TEST(Bridges, DescriptorsCrossInterfacesOfOnesOwn) {
  const Folder folder;
  for (const std::string_view user : {"p2-vault-user", "p3-vault-user"}) {
    for (const std::string_view vault : {"p2-vault", "p3-vault"}) {
      const auto outcome =
          wisp({"run", "--dir", folder.path() + "::/data", "--with", guest(vault), guest(user)});
      EXPECT_EQ(outcome.status, 0) << user << " over " << vault << "\n" << outcome.err;
      EXPECT_EQ(outcome.out, "a folder here, a folder there, 3 taken\n") << user << " over " << vault;
    }
  }
}

}  // namespace
}  // namespace wisp::e2e
