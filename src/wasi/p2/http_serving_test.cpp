// wasi:http/incoming-handler end to end: guests behind a real server, raw bytes on the wire.
#include "wasi/p2/http_testing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <thread>

namespace wisp::wasi::p2 {
namespace {

using namespace http_testing;
using namespace std::chrono_literals;

TEST(HttpServing, AnswersWithWhatTheGuestSays) {
  WISP_NEEDS_GUEST("hello");
  Served hello("hello");
  const struct {
    std::string_view target, body;
  } kCases[] = {
      {"/", "Hello, world!"},
      {"/?name=you", "Hello, you!\n"},
      {"http://test.example/?name=absolute+form", "Hello, absolute form!\n"},
  };
  for (const auto& one : kCases) {
    const Reply reply = hello.get(one.target);
    EXPECT_EQ(reply.status, 200) << one.target;
    EXPECT_EQ(reply.body, one.body) << one.target;
    EXPECT_NE(reply.head.find(fmt::format("Content-Length: {}\r\n", one.body.size())), std::string::npos)
        << reply.head;
  }
  EXPECT_TRUE(hello.failures().empty());
  EXPECT_TRUE(hello.comes_to_rest());
}

TEST(HttpServing, ShowsTheGuestTheWholeRequest) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  const Reply reply =
      echo.request("BREW", "/headers?a=b", {},
                   "X-Case: Kept\r\nx-empty:\r\nProxy-Authorization: secret\r\nX-Utf8: \xc3\xa9\r\n");
  EXPECT_EQ(
      reply.body,
      "BREW /headers?a=b\nauthority test.example\nscheme http\nX-Case: Kept\nx-empty: \nX-Utf8: \xc3\xa9\n");
}

TEST(HttpServing, OutcomesOfTheGuestAreStatuses) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo", {.tree = {.memory_bytes = 64ull << 20, .handles = 1'000, .cpu_budget = 100ms}});
  const struct {
    std::string_view target;
    int status;
    bool reported;
  } kCases[] = {
      {"/status/404", 404, false}, {"/status/599", 599, false},
      {"/status/99", 502, true},   // the guest gives up
      {"/status/103", 502, true},  // no final status
      {"/never", 500, true},       {"/keep", 500, true},
      {"/refuse", 502, true},      {"/trap", 502, true},
      {"/spin", 502, true},        {"/alloc", 502, true},
      {"/handles", 502, true},     {"/recurse", 502, true},
      {"/print", 200, false},      {"/sleep?ms=5", 200, false},
      {"/instance", 200, false},
  };
  for (const auto& one : kCases) {
    const auto before = echo.failures().size();
    const Reply reply = echo.get(one.target);
    EXPECT_EQ(reply.status, one.status) << one.target << ": " << reply.body;
    EXPECT_TRUE(reply.whole) << one.target;
    EXPECT_TRUE(echo.comes_to_rest()) << one.target;
    EXPECT_EQ(echo.failures().size() - before, one.reported ? 1U : 0U) << one.target;
  }
}

TEST(HttpServing, EveryRequestGetsAFreshInstance) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(echo.get("/instance").body, "1\n");
  EXPECT_EQ(echo.service().stats().trees_made, 3U);
  EXPECT_TRUE(echo.comes_to_rest());
  EXPECT_EQ(echo.service().stats().live_trees, 0U);
}

TEST(HttpServing, InstancesAreUsedAgainWhenAllowed) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo", {.pool = {.max_invocations = 3}});
  std::string seen;
  for (int i = 0; i < 7; ++i) seen += echo.get("/instance").body.front();
  EXPECT_EQ(seen, "1231231");
  EXPECT_EQ(echo.get("/trap").status, 502);  // and is discarded
  EXPECT_EQ(echo.get("/instance").body, "1\n");
}

TEST(HttpServing, KeepsAConnectionForMoreRequests) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo", {.pool = {.max_invocations = 100}});
  RawClient client(echo.port());
  for (int i = 1; i <= 5; ++i) {
    client.send(
        fmt::format("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}", i, std::string(i, 'x')));
    EXPECT_EQ(read_reply(client).body, std::string(i, 'x'));
    client.send("GET /instance HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(read_reply(client).body, fmt::format("{}\n", i));
  }
}

TEST(HttpServing, EchoesBodiesOfAnySizeAndFraming) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  for (const std::size_t size : {0UL, 1UL, 4096UL, 65'536UL, 1'000'000UL}) {
    std::string body(size, '\0');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 31 + i / 256);
    const Reply reply = echo.request("POST", "/echo", body, "Content-Type: x/y\r\n");
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.whole) << size;
    EXPECT_TRUE(reply.body == body) << size << " became " << reply.body.size();
    EXPECT_NE(reply.head.find("Content-Type: x/y\r\n"), std::string::npos);
  }
}

TEST(HttpServing, PassesTrailersBothWays) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  RawClient client(echo.port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: "
      "1\r\n\r\n");
  const Reply reply = read_reply(client);
  EXPECT_EQ(reply.body, "abc");
  EXPECT_EQ(reply.trailers, "X-Sum: 1\r\n");
  EXPECT_TRUE(reply.whole);
  client.send("GET /trailers HTTP/1.1\r\nHost: a\r\n\r\n");
  const Reply made = read_reply(client);
  EXPECT_EQ(made.body, "with trailers\n");
  EXPECT_EQ(made.trailers, "x-checksum: 1234\r\n");
}

TEST(HttpServing, SendsWhatThereIsBeforeTheGuestIsDone) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  RawClient client(echo.port());
  client.send("GET /slow?ms=400 HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string begin = client.read_until("first\n");
  EXPECT_TRUE(begin.ends_with("first\n"));
  EXPECT_EQ(begin.find("second"), std::string::npos);
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "\r\n7\r\nsecond\n\r\n0\r\n\r\n");
}

TEST(HttpServing, EchoesPiecesAsTheyCome) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  RawClient client(echo.port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.read_until("\r\n\r\n");  // the head comes before the body is there
  for (int i = 0; i < 5; ++i) {
    client.send("4\r\nping\r\n");
    EXPECT_EQ(client.read_exactly(9), "4\r\nping\r\n");
  }
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.read_exactly(5), "0\r\n\r\n");
}

TEST(HttpServing, TheResponseEndsBeforeTheGuestDoes) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  RawClient client(echo.port());
  client.send("GET /after?ms=600 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(read_reply(client).body, "answered\n");
  EXPECT_EQ(echo.service().stats().in_flight, 1U);
  // The connection is free meanwhile.
  client.send("GET /instance HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(read_reply(client).body, "1\n");
  client.close();  // which does not concern a guest whose response is done
  EXPECT_TRUE(echo.comes_to_rest());
  EXPECT_TRUE(echo.failures().empty());
}

TEST(HttpServing, BodiesThatBreakLookBroken) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  const struct {
    std::string_view target;
    std::size_t body;
  } kCases[] = {
      {"/mismatch?length=10&n=5", 5},  // finish() refused
      {"/mismatch?length=5&n=10", 0},  // the write refused
      {"/broken?n=1000000", 131'072},  // a trap after the head: at least what did not fit the buffer
  };
  for (const auto& one : kCases) {
    const Reply reply = echo.get(one.target);
    EXPECT_EQ(reply.status, 200) << one.target;
    EXPECT_FALSE(reply.whole) << one.target;
    EXPECT_GE(reply.body.size(), one.body) << one.target;
  }
  EXPECT_EQ(echo.get("/broken?n=10").status, 502);  // nothing had been sent
  EXPECT_TRUE(echo.comes_to_rest());
}

TEST(HttpServing, AnswersHead) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  const Reply plain = echo.request("HEAD", "/", {});
  EXPECT_EQ(plain.status, 200);
  EXPECT_NE(plain.head.find("Content-Length: 10\r\n"), std::string::npos) << plain.head;
  const Reply announced = echo.request("HEAD", "/stream?n=1000&length=1", {});
  EXPECT_NE(announced.head.find("Content-Length: 1000\r\n"), std::string::npos) << announced.head;
}

TEST(HttpServing, CarriesManyHeaders) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  const Reply reply = echo.get("/many-headers?n=1000");
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.head.find("x-header-999: value 999\r\n"), std::string::npos);
  EXPECT_EQ(echo.get("/many-headers?n=100000").status, 502);  // beyond what fields may hold: the guest traps
  std::string fields;
  for (int i = 0; i < 200; ++i) fields += fmt::format("x-{}: {}\r\n", i, i);
  const Reply shown = echo.get("/headers", fields);
  EXPECT_NE(shown.body.find("x-199: 199\n"), std::string::npos);
}

TEST(HttpServing, RefusesFieldsThatDoNotBelongToTheGuest) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  const struct {
    std::string_view query, answer;
  } kCases[] = {
      {"name=x-mine&value=a", "ok\n"},
      {"name=x-mine&value=%ff", "ok\n"},
      {"name=x-mine", "ok\n"},
      {"name=x-mine&value=a%0d%0ab", "invalid-syntax\n"},
      {"name=x-mine&value=a%00", "invalid-syntax\n"},
      {"name=x%20mine&value=a", "invalid-syntax\n"},
      {"name=&value=a", "invalid-syntax\n"},
      {"name=x%22&value=a", "invalid-syntax\n"},
      {"name=Host&value=a", "forbidden\n"},
      {"name=Transfer-Encoding&value=chunked", "forbidden\n"},
      {"name=connection&value=close", "forbidden\n"},
      {"name=http2-settings&value=a", "forbidden\n"},
  };
  for (const auto& one : kCases)
    EXPECT_EQ(echo.get(fmt::format("/set-header?{}", one.query)).body, one.answer) << one.query;
}

TEST(HttpServing, AStuckGuestDoesNotStopOthers) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo", {.tree = {.cpu_budget = 2'000ms}});
  RawClient spinning(echo.port());
  spinning.send("GET /spin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return echo.service().stats().in_flight == 1; }));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(echo.get("/instance").status, 200);
  EXPECT_EQ(read_reply(spinning).status, 502);
  EXPECT_TRUE(echo.comes_to_rest());
  EXPECT_EQ(echo.failures(), std::vector{Errc::trap_cpu_budget});
}

TEST(HttpServing, ARequestThatTakesTooLongIsAnswered504) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo", {.request_timeout = 150ms});
  for (const std::string_view target : {"/sleep?ms=20000", "/spin"}) {
    const Reply reply = echo.get(target);
    EXPECT_EQ(reply.status, 504) << target;
    EXPECT_TRUE(echo.comes_to_rest()) << target;
  }
  const Reply begun = echo.get("/slow?ms=20000");
  EXPECT_EQ(begun.status, 200);
  EXPECT_EQ(begun.body, "first\n");
  EXPECT_FALSE(begun.whole);
  EXPECT_TRUE(echo.comes_to_rest());
  EXPECT_EQ(echo.failures(), std::vector(3, Errc::deadline));
}

TEST(HttpServing, AClientThatLeavesCancelsItsGuest) {
  WISP_NEEDS_GUEST("http-echo");
  const std::string_view kRequests[] = {
      "GET /sleep?ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n",                             // asleep
      "GET /spin HTTP/1.1\r\nHost: a\r\n\r\n",                                       // busy
      "GET /stream?n=1000000000 HTTP/1.1\r\nHost: a\r\n\r\n",                        // writing, nobody reads
      "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nonly a part",  // reading, nothing comes
  };
  for (const auto request : kRequests) {
    Served echo("http-echo");
    {
      RawClient client(echo.port());
      client.send(request);
      EXPECT_TRUE(eventually([&] { return echo.service().stats().live_trees == 1; })) << request;
      client.reset();
    }
    EXPECT_TRUE(echo.comes_to_rest()) << request;
    EXPECT_EQ(echo.failures().size(), 1U) << request;
  }
}

TEST(HttpServing, AFullPoolIsAnswered503) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo", {.pool = {.max_live = 2}});
  RawClient one(echo.port()), two(echo.port());
  one.send("GET /sleep?ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n");
  two.send("GET /sleep?ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return echo.service().stats().live_trees == 2; }));
  EXPECT_EQ(echo.get("/").status, 503);
  one.reset();
  EXPECT_TRUE(eventually([&] { return echo.service().stats().live_trees == 1; }));
  EXPECT_EQ(echo.get("/").status, 200);
  two.reset();
  EXPECT_TRUE(echo.comes_to_rest());
}

/// Far less than the bodies of these tests. AddressSanitizer keeps up to 256 MiB of what was freed, with its
/// red zones.
#if __has_feature(address_sanitizer)
constexpr std::size_t kBounded = 400U << 20;
#else
constexpr std::size_t kBounded = 72U << 20;
#endif

/// Peak resident bytes of this process.
std::size_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    std::size_t kilobytes = 0;
    status >> kilobytes;
    return kilobytes << 10;
  }
  return 0;
}

TEST(HttpServing, LargeBodiesAreStreamedInBoundedMemory) {
  WISP_NEEDS_GUEST("http-echo");
  constexpr std::size_t kSize = 500'000'000;
  Served echo("http-echo");
  EXPECT_EQ(echo.get("/").status, 200);
  const std::size_t before = peak_memory();
  RawClient client(echo.port());
  client.send(fmt::format("POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                          kSize));
  std::string piece(1 << 20, '\0');
  for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = static_cast<char>('a' + i % 26);
  std::thread sender([&] {
    for (std::size_t sent = 0; sent < kSize; sent += piece.size())
      client.send(std::string_view(piece).substr(0, std::min(piece.size(), kSize - sent)));
  });
  client.read_until("\r\n\r\n");
  std::size_t received = 0, wrong = 0;
  for (;;) {
    std::size_t size = 0;
    const std::string line = client.read_until("\r\n");
    std::from_chars(line.data(), line.data() + line.size(), size, 16);
    if (size == 0) break;
    const std::string chunk = client.read_exactly(size + 2);
    for (std::size_t i = 0; i < size; i += 4099) wrong += chunk[i] != piece[(received + i) % piece.size()];
    received += size;
  }
  sender.join();
  EXPECT_EQ(received, kSize);
  EXPECT_EQ(wrong, 0U);
  EXPECT_LT(peak_memory() - before, kBounded);
}

TEST(HttpServing, AReaderThatStopsHoldsTheGuestBack) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  RawClient client(echo.port());
  const std::size_t before = peak_memory();
  client.send("GET /stream?n=1000000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  client.read_until("\r\n\r\n");
  // Others are served while that guest waits.
  for (int i = 0; i < 5; ++i) EXPECT_EQ(echo.get("/instance").status, 200);
  EXPECT_EQ(echo.service().stats().in_flight, 1U);
  EXPECT_LT(peak_memory() - before, kBounded);
  client.reset();
  EXPECT_TRUE(echo.comes_to_rest());
}

TEST(HttpServing, DrainLetsRequestsFinish) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo", {.shards = 2});
  RawClient client(echo.port());
  client.send("GET /sleep?ms=300 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return echo.service().stats().in_flight == 1; }));
  echo.service().drain(10s);
  EXPECT_EQ(read_reply(client).body, "slept 300 ms\n");
  const auto stats = echo.service().stats();
  EXPECT_EQ(stats.requests, 1U);
  EXPECT_EQ(stats.live_trees, 0U);
}

TEST(HttpServing, DrainCancelsWhatTakesTooLong) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  RawClient asleep(echo.port()), spinning(echo.port()), after(echo.port());
  after.send("GET /after?ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(read_reply(after).body, "answered\n");
  asleep.send("GET /sleep?ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n");
  spinning.send("GET /spin HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return echo.service().stats().in_flight == 3; }));
  echo.service().drain(50ms);
  EXPECT_EQ(echo.service().stats().in_flight, 0U);
  EXPECT_EQ(echo.service().stats().live_trees, 0U);
}

TEST(HttpServing, RefusesToServeWhatIsNoHandler) {
  WISP_NEEDS_GUEST("cli");
  component::HostLinker linker;
  add_to(linker, {});
  add_http_to(linker, {});
  const auto component = must(component::Component::load(
      *served_guests().engine(), component::testing::read_file("build/guests/cli.wasm"), {}));
  const auto face = http_handler(must(component::link(component, linker)));
  ASSERT_FALSE(face);
  EXPECT_EQ(face.error().code(), Errc::export_missing);
}

}  // namespace
}  // namespace wisp::wasi::p2
