#include "net/http/h2_testing.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <cstdlib>

namespace wisp::net::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace testing;

asio::awaitable<void> sleep_for(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

// NOLINTNEXTLINE(bugprone-throwing-static-initialization): a test program may end there
const FieldList kGet = {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}};

FieldList with(FieldList fields, const FieldList& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

TEST(H2Server, RequestsThatAreNotInOrder) {
  struct Row {
    const char* name;
    FieldList fields;
    const char* expected;
  };
  const auto get = [](const char* method, const char* authority, const char* path) {
    return FieldList{{":method", method}, {":scheme", "http"}, {":authority", authority}, {":path", path}};
  };
  const Row rows[] = {
      {"fine", kGet, "200"},
      {"host beside authority", with(kGet, {{"host", "A"}}), "200"},
      {"host alone", {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "a"}}, "200"},
      {"te trailers", with(kGet, {{"te", "trailers"}}), "200"},
      {"host differs", with(kGet, {{"host", "b"}}), "400"},
      {"two hosts", with(kGet, {{"host", "a"}, {"host", "a"}}), "reset 1"},
      {"no authority", {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}}, "reset 1"},
      {"authority with user", get("GET", "u@a", "/"), "400"},
      {"relative path", get("GET", "a", "x"), "reset 1"},
      {"absolute path", get("GET", "a", "http://a/"), "reset 1"},
      {"asterisk for GET", get("GET", "a", "*"), "reset 1"},
      {"fragment", get("GET", "a", "/#x"), "400"},
      {"path with a line end", get("GET", "a", "/\r\nX: y"), "reset 1"},
      {"method with a space", get("G T", "a", "/"), "reset 1"},
      {"CONNECT", {{":method", "CONNECT"}, {":authority", "a:80"}}, "501"},
      {"no path", {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}}, "reset 1"},
      {"no method", {{":scheme", "http"}, {":authority", "a"}, {":path", "/"}}, "reset 1"},
      {"two paths", with(kGet, {{":path", "/b"}}), "reset 1"},
      {"unknown pseudo field",
       {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}, {":x", "y"}},
       "reset 1"},
      {"pseudo field after others", with({{"x", "y"}}, kGet), "reset 1"},
      {"connection field", with(kGet, {{"connection", "close"}}), "reset 1"},
      {"transfer-encoding", with(kGet, {{"transfer-encoding", "chunked"}}), "reset 1"},
      {"te gzip", with(kGet, {{"te", "gzip"}}), "reset 1"},
      {"upper-case name", with(kGet, {{"X", "y"}}), "reset 1"},
      {"value with a line end", with(kGet, {{"x", "a\r\nb: c"}}), "reset 1"},
      {"name with a line end", with(kGet, {{"x\r\ny", "z"}}), "reset 1"},
      {"length without body", with(kGet, {{"content-length", "5"}}), "reset 1"},
      {"bad length", with(kGet, {{"content-length", "+5"}}), "reset 1"},
      {"two lengths", with(kGet, {{"content-length", "0"}, {"content-length", "0"}}), "reset 1"},
      {"unknown expectation", with(kGet, {{"expect", "x"}}), "417"},
      {"long path", get("GET", "a", ("/" + std::string(40'000, 'x')).c_str()), "414"},
  };
  TestServer server(say("x"));
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    RawH2 client(server.port());
    const std::string block = client.block(row.fields);
    // Long blocks take CONTINUATION.
    const bool whole = block.size() <= 16'000;
    client.send_frame(NGHTTP2_HEADERS, whole ? 5 : 1, 1, std::string_view(block).substr(0, 16'000));
    for (std::size_t at = 16'000; at < block.size(); at += 16'000) {
      client.send_frame(NGHTTP2_CONTINUATION, at + 16'000 >= block.size() ? 4 : 0, 1,
                        std::string_view(block).substr(at, 16'000));
    }
    EXPECT_EQ(client.fate(1), row.expected);
  }
}

TEST(H2Server, FloodsEndTheConnection) {
  std::atomic<int> handlers = 0;
  ServerOptions options;
  options.limits.head_fields = 100;
  TestServer server(
      [&](Exchange& exchange) -> asio::awaitable<void> {
        ++handlers;
        while (exchange.lost() == Lost::no) co_await sleep_for(2ms);
        --handlers;
      },
      options);
  struct Row {
    const char* name;
    std::function<std::string(RawH2&)> bytes;
  };
  const auto repeated = [](std::string_view frame, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += frame;
    return all;
  };
  const Row rows[] = {
      {"pings", [&](RawH2&) { return repeated(RawH2::frame(NGHTTP2_PING, 0, 0, "12345678"), 20'000); }},
      {"settings", [&](RawH2&) { return repeated(RawH2::frame(NGHTTP2_SETTINGS, 0, 0, ""), 20'000); }},
      {"rapid reset",
       [](RawH2& client) {
         std::string all;
         for (int i = 0; i < 20'000; ++i) {
           const std::int32_t id = 2 * i + 1;
           all += RawH2::frame(NGHTTP2_HEADERS, 5, id, client.block(kGet));
           all += RawH2::frame(NGHTTP2_RST_STREAM, 0, id, std::string_view("\0\0\0\x08", 4));
         }
         return all;
       }},
      {"resets that we are made to send",
       [](RawH2& client) {
         std::string all;
         for (int i = 0; i < 20'000; ++i) {
           const std::int32_t id = 2 * i + 1;
           all += RawH2::frame(NGHTTP2_HEADERS, 5, id, client.block(kGet));
           all += RawH2::frame(NGHTTP2_WINDOW_UPDATE, 0, id, std::string_view("\0\0\0\0", 4));
         }
         return all;
       }},
      {"empty data",
       [&](RawH2& client) {
         return RawH2::frame(NGHTTP2_HEADERS, 4, 1, client.block(kGet)) +
                repeated(RawH2::frame(NGHTTP2_DATA, 0, 1, ""), 20'000);
       }},
      {"data that is nothing but padding",
       [&](RawH2& client) {
         return RawH2::frame(NGHTTP2_HEADERS, 4, 1, client.block(kGet)) +
                repeated(RawH2::frame(NGHTTP2_DATA, 8, 1, std::string_view("\1\0", 2)), 20'000);
       }},
      {"continuation",
       [&](RawH2& client) {
         return RawH2::frame(NGHTTP2_HEADERS, 0, 1, client.block(kGet)) +
                repeated(RawH2::frame(NGHTTP2_CONTINUATION, 0, 1, client.block({{"x", "y"}})), 20'000);
       }},
      {"priorities",
       [&](RawH2&) {
         return repeated(RawH2::frame(NGHTTP2_PRIORITY, 0, 1, std::string_view("\0\0\0\0\0", 5)), 20'000);
       }},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    RawH2 client(server.port());
    const std::string bytes = row.bytes(client);
    std::jthread sender([&] { client.raw().send(bytes); });
    const std::string ended = client.end();
    EXPECT_TRUE(ended.starts_with("goaway ") || client.raw().was_reset()) << ended;
    EXPECT_LE(handlers, 200);
    EXPECT_TRUE(eventually([&] { return server.stats().open == 0; }));
    EXPECT_TRUE(eventually([&] { return handlers == 0; }));
  }
}

TEST(H2Server, CompressedFieldsThatGrowWithoutEnd) {
  TestServer server(say("x"));
  RawH2 client(server.port());
  // A field of 3,900 bytes goes into the table once; each byte after refers to it.
  std::string block = client.block(kGet);
  const std::string value(3'900, 'v');
  block += std::string("\x40\x01x", 3) + "\x7F";
  std::size_t left = value.size() - 127;
  while (left >= 128) {
    block += static_cast<char>(left % 128 + 128);
    left /= 128;
  }
  block += static_cast<char>(left);
  block += value + std::string(10'000, '\xBE');
  client.send_frame(NGHTTP2_HEADERS, 5, 1, block);
  EXPECT_EQ(client.fate(1), "reset 2");
}

TEST(H2Server, ViolationsEndTheConnectionWithTheirCode) {
  struct Row {
    const char* name;
    std::function<std::string(RawH2&)> bytes;
    const char* expected;
  };
  const auto number = [](std::uint32_t value) {
    std::string out;
    for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(value >> shift);
    return out;
  };
  const auto setting = [&](char id, std::uint32_t value) {
    return RawH2::frame(NGHTTP2_SETTINGS, 0, 0, std::string{'\0', id} + number(value));
  };
  const Row rows[] = {
      {"window of the connection overflows",
       [&](RawH2&) { return RawH2::frame(NGHTTP2_WINDOW_UPDATE, 0, 0, number(0x7FFFFFFF)); }, "goaway 3"},
      {"initial window beyond 2^31-1",
       [&](RawH2&) { return setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x80000000U); }, "goaway 3"},
      {"frame size below the least", [&](RawH2&) { return setting(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 1); },
       "goaway 1"},
      {"table larger than allowed",
       [](RawH2& client) {
         return RawH2::frame(NGHTTP2_HEADERS, 5, 1, "\x3F\xE1\xFF\xFF\x7F" + client.block(kGet));
       },
       "goaway 9"},
      {"index out of the table", [](RawH2&) { return RawH2::frame(NGHTTP2_HEADERS, 5, 1, "\xFF\xFF\x7F"); },
       "goaway 9"},
      {"frame too large", [](RawH2&) { return RawH2::frame(NGHTTP2_DATA, 0, 1, std::string(16'385, 'x')); },
       "goaway 6"},
      {"data on the connection", [](RawH2&) { return RawH2::frame(NGHTTP2_DATA, 0, 0, "x"); }, "goaway 1"},
      {"an even stream",
       [](RawH2& client) { return RawH2::frame(NGHTTP2_HEADERS, 5, 2, client.block(kGet)); }, "goaway 1"},
      {"a push", [](RawH2&) { return RawH2::frame(NGHTTP2_PUSH_PROMISE, 4, 1, std::string(4, '\0')); },
       "goaway 1"},
      {"padding longer than its frame",
       [](RawH2& client) {
         return RawH2::frame(NGHTTP2_HEADERS, 4, 1, client.block(kGet)) +
                RawH2::frame(NGHTTP2_DATA, 8, 1, "\xFFx");
       },
       "goaway 1"},
  };
  TestServer server([](Exchange& exchange) -> asio::awaitable<void> {
    while (exchange.lost() == Lost::no) co_await sleep_for(2ms);
  });
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    RawH2 client(server.port());
    client.raw().send(row.bytes(client));
    EXPECT_EQ(client.end(), row.expected);
  }
  EXPECT_TRUE(eventually([&] { return server.stats().open == 0 && server.stats().in_flight == 0; }));
}

TEST(H2Server, ConcurrentStreamsAreLimited) {
  ServerOptions options;
  options.limits.h2_streams = 3;
  std::atomic<int> running = 0;
  TestServer server(
      [&](Exchange& exchange) -> asio::awaitable<void> {
        ++running;
        while (exchange.lost() == Lost::no) co_await sleep_for(2ms);
        --running;
      },
      options);
  RawH2 client(server.port());
  for (const int id : {1, 3, 5, 7}) client.send_head(id, kGet);
  EXPECT_EQ(client.fate(7), "reset 7");  // REFUSED_STREAM
  EXPECT_TRUE(eventually([&] { return running == 3; }));
  client.raw().close();
  EXPECT_TRUE(eventually([&] { return running == 0; }));
}

TEST(H2Server, AWindowThatStaysShutEndsTheStream) {
  ServerOptions options;
  options.limits.write_timeout = 50ms;
  Lost lost = Lost::no;
  std::atomic<bool> ended = false;
  TestServer server(
      [&](Exchange& exchange) -> asio::awaitable<void> {
        must(co_await exchange.send_head({}, BodySize::unknown()));
        const std::string piece(100'000, 'x');
        while (co_await exchange.write(as_body(piece))) {
        }
        lost = exchange.lost();
        ended = true;
      },
      options);
  RawH2 client(server.port());
  client.send_head(1, kGet);
  EXPECT_EQ(client.fate(1), "200");
  EXPECT_EQ(client.fate(1), "reset 2");
  EXPECT_TRUE(eventually([&] { return ended.load(); }));
  EXPECT_EQ(lost, Lost::timed_out);
}

TEST(H2Server, TimeLimits) {
  ServerOptions options;
  options.limits.head_timeout = 60ms;
  options.limits.idle_timeout = 60ms;
  options.limits.body_timeout = 60ms;
  TestServer server(
      [](Exchange& exchange) -> asio::awaitable<void> {
        const auto body = co_await read_whole_body(exchange);
        if (body) (void)co_await exchange.respond({}, as_body(*body));
      },
      options);
  {
    RawH2 silent(server.port());
    EXPECT_EQ(silent.end(), "goaway 0");
  }
  {
    RawH2 idle(server.port());
    idle.send_head(1, kGet);
    EXPECT_EQ(idle.fate(1), "200");
    EXPECT_EQ(idle.end(), "goaway 0");
  }
  {
    RawH2 half(server.port());
    half.send_head(1, with(kGet, {{"content-length", "5"}}), 0);
    EXPECT_EQ(half.fate(1), "408");
  }
  {
    RawClient preface(server.port());
    preface.send("PRI * HTT");
    EXPECT_EQ(preface.read_all().substr(0, 12), "HTTP/1.1 408");
  }
}

TEST(H2Server, RequestsPerConnection) {
  ServerOptions options;
  options.limits.requests_per_connection = 2;
  TestServer server(say("x"), options);
  RawH2 client(server.port());
  client.send_head(1, kGet);
  EXPECT_EQ(client.fate(1), "200");
  client.send_head(3, kGet);
  EXPECT_EQ(client.fate(3), "200");
  EXPECT_EQ(client.end(), "goaway 0");
}

TEST(H2Server, DrainClosesIdleConnectionsAndFinishesWhatIsInFlight) {
  std::atomic<bool> go = false;
  std::atomic<int> running = 0;
  TestServer server([&](Exchange& exchange) -> asio::awaitable<void> {
    if (exchange.head().path_with_query == "/wait") {
      ++running;
      while (!go) co_await sleep_for(2ms);
    }
    (void)co_await exchange.respond({}, as_body("done"));
  });
  RawH2 fresh(server.port());
  RawH2 idle(server.port());
  idle.send_head(1, kGet);
  EXPECT_EQ(idle.fate(1), "200");
  RawH2 busy(server.port());
  busy.send_head(1, {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/wait"}});
  ASSERT_TRUE(eventually([&] { return running == 1; }));
  auto drained = asio::co_spawn(server.loop().io(), server.server().drain(30s), asio::use_future);
  for (RawH2* client : {&fresh, &idle}) {
    EXPECT_EQ(client->end(), "goaway 0");
    // Not half closed but closed: nobody waits for what this client may still say. What it says between the
    // one and the other may be taken.
    EXPECT_TRUE(eventually([&] {
      if (client->raw().is_reset()) return true;
      client->send_frame(NGHTTP2_PING, 0, 0, "12345678");
      return false;
    }));
  }
  EXPECT_EQ(drained.wait_for(0s), std::future_status::timeout);
  go = true;
  EXPECT_EQ(busy.fate(1), "200");
  EXPECT_EQ(busy.end(), "end");  // GOAWAY came before
  EXPECT_EQ(drained.wait_for(10s), std::future_status::ready);
}

TEST(H2Server, ResetIsADisconnect) {
  std::atomic<int> running = 0;
  TestServer server([&](Exchange& exchange) -> asio::awaitable<void> {
    ++running;
    while (exchange.lost() == Lost::no) co_await sleep_for(2ms);
    EXPECT_FALSE(co_await exchange.respond({}, {}));
    --running;
  });
  RawH2 client(server.port());
  client.send_head(1, kGet);
  ASSERT_TRUE(eventually([&] { return running == 1; }));
  client.send_frame(NGHTTP2_RST_STREAM, 0, 1, std::string_view("\0\0\0\x08", 4));
  EXPECT_TRUE(eventually([&] { return running == 0; }));
  EXPECT_EQ(server.stats().open, 1U);
}

TEST(H2Server, AClientThatWaitsForContinueGetsIt) {
  TestServer server([](Exchange& exchange) -> asio::awaitable<void> {
    if (exchange.head().path_with_query == "/no") {
      (void)co_await exchange.respond({.status = 403}, {});
      co_return;
    }
    const std::string body = must(co_await read_whole_body(exchange));
    (void)co_await exchange.respond({.status = body == "abc" ? std::uint16_t{200} : std::uint16_t{400}}, {});
  });
  RawH2 client(server.port());
  const FieldList post{
      {":method", "POST"}, {":scheme", "http"}, {":authority", "a"}, {"expect", "100-continue"}};
  client.send_head(1, with({{":path", "/"}}, post), 0);
  EXPECT_EQ(client.fate(1), "100");
  client.send_frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "abc");
  EXPECT_EQ(client.fate(1), "200");
  client.send_head(3, with({{":path", "/no"}}, post), 0);
  EXPECT_EQ(client.fate(3), "403");
}

TEST(H2Server, CrumbsOfCookiesAreJoined) {
  TestServer server([](Exchange& exchange) -> asio::awaitable<void> {
    EXPECT_EQ(exchange.head().fields.get("cookie"), "a=b; c=d");
    EXPECT_EQ(exchange.head().fields.count("cookie"), 1U);
    must(co_await exchange.respond({}, {}));
  });
  RawH2 client(server.port());
  client.send_head(1, with(kGet, {{"cookie", "a=b"}, {"cookie", "c=d"}}));
  EXPECT_EQ(client.fate(1), "200");
}

TEST(H2Server, AnotherImplementationAgrees) {
  // NOLINTNEXTLINE(bugprone-command-processor): asks whether it is installed
  if (std::system("nghttp --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "nghttp is not installed";
  TestServer server([](Exchange& exchange) -> asio::awaitable<void> {
    const std::string body = must(co_await read_whole_body(exchange));
    Fields trailers;
    must(trailers.add("x-size", fmt::format("{}", body.size())));
    must(co_await exchange.send_head({}, BodySize::unknown()));
    must(co_await exchange.write(as_body(body)));
    must(co_await exchange.finish(&trailers));
  });
  const std::string command = fmt::format(
      "nghttp -v --no-dep -H':method: POST' -d CMakeLists.txt --trailer 'x-t: 1' http://127.0.0.1:{}/ 2>&1",
      server.port());
  std::string output;
  FILE* pipe = ::popen(command.c_str(), "r");  // NOLINT(bugprone-command-processor): nothing foreign is in it
  ASSERT_NE(pipe, nullptr);
  char piece[4096];
  for (std::size_t size = 0; (size = std::fread(piece, 1, sizeof piece, pipe)) != 0;)
    output.append(piece, size);
  EXPECT_EQ(::pclose(pipe), 0) << output;
  EXPECT_TRUE(output.contains("cmake_minimum_required")) << output;
  EXPECT_TRUE(output.contains("x-size: ")) << output;
}

}  // namespace
}  // namespace wisp::net::http
