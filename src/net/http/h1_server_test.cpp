#include "net/http/loopback_testing.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>

namespace wisp::net::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace testing;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

asio::awaitable<void> sleep_for(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

Handler echo() {
  return [](Exchange& exchange) -> asio::awaitable<void> {
    const auto body = co_await read_whole_body(exchange);
    if (!body) co_return;
    (void)co_await exchange.respond({}, as_body(*body));
  };
}

/// A head without its Date, for comparison.
std::string without_date(std::string response) {
  const std::size_t at = response.find("Date: ");
  if (at != std::string::npos) response.erase(at, response.find("\r\n", at) + 2 - at);
  return response;
}

TEST(H1Server, AnswersAndKeepsTheConnection) {
  TestServer server(say("hello"));
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.send(kGet);
    EXPECT_EQ(without_date(client.read_response()), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  }
  EXPECT_EQ(server.stats().accepted, 1U);
  EXPECT_EQ(server.stats().requests, 3U);
}

TEST(H1Server, ConnectionPersistsAsVersionAndFieldsSay) {
  struct Row {
    const char* request;
    const char* expected;  // of the Connection field
    bool closes;
  };
  const Row rows[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "Connection: close\r\n", true},
      {"GET / HTTP/1.0\r\n\r\n", "Connection: close\r\n", true},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive\r\n", false},
  };
  TestServer server(say("x"));
  for (const Row& row : rows) {
    SCOPED_TRACE(row.request);
    RawClient client(server.port());
    client.send(row.request);
    EXPECT_EQ(without_date(client.read_response()),
              std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n") + row.expected + "\r\nx");
    if (row.closes) {
      EXPECT_EQ(client.read_all(), "");
    } else {
      client.send(row.request);
      EXPECT_TRUE(client.read_response().ends_with("\r\n\r\nx"));
    }
  }
}

TEST(H1Server, PipelinedRequestsAreAnsweredInOrder) {
  TestServer server([](Exchange& exchange) -> asio::awaitable<void> {
    if (exchange.head().path_with_query == "/slow") co_await sleep_for(20ms);
    (void)co_await exchange.respond({}, as_body(exchange.head().path_with_query));
  });
  RawClient client(server.port());
  client.send(
      "GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\nGET /c HTTP/1.1\r\nHost: "
      "a\r\n\r\n");
  EXPECT_TRUE(client.read_response().ends_with("/slow"));
  EXPECT_TRUE(client.read_response().ends_with("/b"));
  EXPECT_TRUE(client.read_response().ends_with("/c"));
}

TEST(H1Server, ManyPipelinedRequestsWithBodiesInOddPieces) {
  TestServer server(echo());
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 200; ++i) {
    const std::string body(static_cast<std::size_t>(i) * 7, static_cast<char>('a' + i % 26));
    all += fmt::format("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
  }
  std::jthread sender([&] {
    for (std::size_t at = 0; at < all.size(); at += 1237) client.send(std::string_view(all).substr(at, 1237));
  });
  for (int i = 0; i < 200; ++i) {
    const std::string response = client.read_response();
    EXPECT_TRUE(response.ends_with(
        "\r\n\r\n" + std::string(static_cast<std::size_t>(i) * 7, static_cast<char>('a' + i % 26))))
        << i;
  }
}

TEST(H1Server, HeadIsSeenAsSent) {
  std::string seen;
  TestServer server([&](Exchange& exchange) -> asio::awaitable<void> {
    const RequestHead& head = exchange.head();
    seen = fmt::format("{} {} {} {}", head.method, head.scheme, head.authority, head.path_with_query);
    for (const auto [name, value] : head.fields) seen += fmt::format("|{}={}", name, value);
    (void)co_await exchange.respond({}, {});
  });
  RawClient client(server.port());
  client.send(
      "PUT /p?q HTTP/1.1\r\nhOST: Ex.org:81\r\nX-A: b\r\nConnection: x-c\r\nX-C: d\r\ncontent-length: "
      "0\r\n\r\n");
  client.read_response();
  EXPECT_EQ(seen, "PUT http Ex.org:81 /p?q|X-A=b|content-length=0");
}

TEST(H1Server, BodiesComeInAndGoOut) {
  TestServer server(echo());
  const std::string big(300'000, 'z');
  struct Row {
    const char* name;
    std::string request;
    std::string body;
  };
  const Row rows[] = {
      {"length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "abc"},
      {"chunked",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x\r\nbc\r\n0\r\n\r\n",
       "abc"},
      {"big", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + big, big},
      {"big chunk",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n493E0\r\n" + big + "\r\n0\r\n\r\n",
       big},
      {"get with body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "abc"},
  };
  RawClient client(server.port());
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    client.send(row.request);
    const std::string response = client.read_response();
    EXPECT_TRUE(response.ends_with("\r\n\r\n" + row.body)) << response.size();
  }
}

TEST(H1Server, StreamsWithChunksAndTrailers) {
  TestServer server([](Exchange& exchange) -> asio::awaitable<void> {
    ResponseHead head{.status = 201};
    must(head.fields.add("X-A", "b"));
    must(head.fields.add("transfer-encoding", "gzip"));
    must(head.fields.add("content-length", "77"));
    must(co_await exchange.send_head_and_write(head, BodySize::unknown(), as_body("abc")));
    must(co_await exchange.write({}));
    must(co_await exchange.write(as_body("0123456789")));
    Fields trailers;
    must(trailers.add("X-Sum", "13"));
    must(co_await exchange.finish(&trailers));
  });
  RawClient client(server.port());
  client.send(kGet);
  EXPECT_EQ(without_date(client.read_until("\r\n\r\n")),
            "HTTP/1.1 201 Created\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "3\r\nabc\r\na\r\n0123456789\r\n0\r\nX-Sum: 13\r\n\r\n");
  client.send("GET / HTTP/1.0\r\n\r\n");  // no chunks for 1.0: the end of the connection is the end
  const std::string old = client.read_all();
  EXPECT_TRUE(old.contains("Connection: close\r\n\r\n")) << old;
  EXPECT_TRUE(old.ends_with("\r\n\r\nabc0123456789")) << old;
}

TEST(H1Server, RequestTrailersAreReadAfterTheBody) {
  std::string seen;
  TestServer server([&](Exchange& exchange) -> asio::awaitable<void> {
    EXPECT_EQ(exchange.trailers(), nullptr);
    const std::string body = must(co_await read_whole_body(exchange));
    if (exchange.trailers() != nullptr) seen = *exchange.trailers()->get("x-sum");
    EXPECT_FALSE(exchange.head().fields.contains("x-sum"));
    (void)co_await exchange.respond({}, as_body(body));
  });
  RawClient client(server.port());
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n");
  EXPECT_TRUE(client.read_response().ends_with("abc"));
  EXPECT_EQ(seen, "3");
}

TEST(H1Server, ResponsesWithoutBodySaySo) {
  struct Row {
    const char* method;
    std::uint16_t status;
    BodySize size;
    const char* expected;
  };
  const Row rows[] = {
      {"HEAD", 200, BodySize::known(5), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
      {"HEAD", 200, BodySize::unknown(), "HTTP/1.1 200 OK\r\n\r\n"},
      {"GET", 204, BodySize::none(), "HTTP/1.1 204 No Content\r\n\r\n"},
      {"GET", 204, BodySize::unknown(), "HTTP/1.1 204 No Content\r\n\r\n"},
      {"GET", 304, BodySize::known(5), "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"},
      {"GET", 299, BodySize::none(), "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n"},
  };
  TestServer server([&](Exchange& exchange) -> asio::awaitable<void> {
    const Row& row = rows[exchange.head().path_with_query.at(1) - '0'];
    must(co_await exchange.send_head({.status = row.status}, row.size));
    if (row.status != 299) must(co_await exchange.write(as_body("abcde")));
    must(co_await exchange.finish(nullptr));
  });
  RawClient client(server.port());
  for (const Row& row : rows) {
    client.send(fmt::format("{} /{} HTTP/1.1\r\nHost: a\r\n\r\n", row.method, &row - rows));
    EXPECT_EQ(without_date(client.read_until("\r\n\r\n")), row.expected);
  }
  client.send("GET /5 HTTP/1.1\r\nHost: a\r\n\r\n");  // nothing of a body is in between
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 299"));
}

TEST(H1Server, BodySizeIsEnforced) {
  std::atomic<Errc> over{};
  std::atomic<Errc> under{};
  TestServer server([&](Exchange& exchange) -> asio::awaitable<void> {
    must(co_await exchange.send_head({}, BodySize::known(4)));
    over = (co_await exchange.write(as_body("abcde"))).error().code();
    must(co_await exchange.write(as_body("ab")));
    under = (co_await exchange.finish(nullptr)).error().code();
  });
  RawClient client(server.port());
  client.send(kGet);
  EXPECT_TRUE(client.read_all().ends_with("Content-Length: 4\r\n\r\nab"));
  EXPECT_TRUE(eventually([&] { return under == Errc::http_protocol; }));
  EXPECT_EQ(over, Errc::http_protocol);
}

TEST(H1Server, ResponseSplittingIsRefused) {
  TestServer server([&](Exchange& exchange) -> asio::awaitable<void> {
    ResponseHead head;
    must(head.fields.add("X", "a\r\nSet-Cookie: b"));
    EXPECT_FALSE(co_await exchange.respond(head, {}));
    head.fields.clear();
    must(head.fields.add("X Y", "a"));
    EXPECT_FALSE(co_await exchange.respond(head, {}));
    EXPECT_FALSE(exchange.head_sent());
    EXPECT_FALSE(co_await exchange.respond({.status = 101}, {}));
    EXPECT_FALSE(co_await exchange.respond({.status = 1000}, {}));
    must(co_await exchange.respond({}, as_body("fine")));
    EXPECT_FALSE(co_await exchange.respond({}, {}));
  });
  RawClient client(server.port());
  client.send(kGet);
  EXPECT_EQ(without_date(client.read_response()), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine");
}

TEST(H1Server, AHandlerThatDoesNotAnswerIsA500) {
  TestServer server([](Exchange& exchange) -> asio::awaitable<void> {
    if (exchange.head().path_with_query == "/throw") throw std::runtime_error("x");
    if (exchange.head().path_with_query == "/half") {
      (void)co_await exchange.send_head_and_write({}, BodySize::unknown(), as_body("abc"));
    }
    if (exchange.head().path_with_query == "/half-unframed") {
      (void)co_await exchange.send_head_and_write({}, BodySize::unknown(), as_body("abc"));
    }
    co_return;
  });
  for (const char* path : {"/none", "/throw"}) {
    RawClient client(server.port());
    client.send(fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", path));
    EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 500 Internal Server Error\r\n")) << path;
  }
  RawClient client(server.port());
  client.send("GET /half HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.read_all().ends_with("\r\n\r\n3\r\nabc\r\n"));  // no last chunk
  RawClient old(server.port());
  old.send("GET /half-unframed HTTP/1.0\r\n\r\n");
  old.read_all();
  EXPECT_TRUE(old.was_reset());  // an orderly end would look complete
}

TEST(H1Server, ExpectationIsAnsweredWhenTheBodyIsWanted) {
  TestServer server([](Exchange& exchange) -> asio::awaitable<void> {
    if (exchange.head().path_with_query == "/no") {
      (void)co_await exchange.respond({.status = 403}, {});
      co_return;
    }
    const std::string body = must(co_await read_whole_body(exchange));
    (void)co_await exchange.respond({}, as_body(body));
  });
  RawClient yes(server.port());
  yes.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(yes.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  yes.send("abc");
  EXPECT_TRUE(yes.read_response().ends_with("abc"));
  RawClient no(server.port());
  no.send("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  const std::string refused =
      no.read_all();  // the body may or may not follow, so the connection cannot go on
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 403 Forbidden\r\n")) << refused;
  EXPECT_TRUE(refused.contains("Connection: close\r\n")) << refused;
}

TEST(H1Server, InformationalResponsesPrecedeTheHead) {
  TestServer server([](Exchange& exchange) -> asio::awaitable<void> {
    ResponseHead hints{.status = 103};
    must(hints.fields.add("Link", "x"));
    must(co_await exchange.send_informational(hints));
    EXPECT_FALSE(co_await exchange.send_informational({.status = 101}));
    must(co_await exchange.respond({}, as_body("x")));
    EXPECT_FALSE(co_await exchange.send_informational(hints));
  });
  RawClient client(server.port());
  client.send(kGet);
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
  EXPECT_TRUE(client.read_response().starts_with("HTTP/1.1 200 OK"));
}

TEST(H1Server, ReadsAndWritesAtTheSameTime) {
  TestServer server([](Exchange& exchange) -> asio::awaitable<void> {
    must(co_await exchange.send_head({}, BodySize::unknown()));
    for (;;) {
      const auto piece = must(co_await exchange.read_body(1000));
      if (piece.empty()) break;
      must(co_await exchange.write(piece));
    }
    must(co_await exchange.finish(nullptr));
  });
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.read_until("\r\n\r\n");
  for (int i = 0; i < 5; ++i) {
    client.send("4\r\nping\r\n");
    EXPECT_EQ(client.read_until("ping\r\n"), "4\r\nping\r\n");
  }
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "0\r\n\r\n");
}

TEST(H1Server, UnreadRestOfABodyIsSkippedOrEndsTheConnection) {
  TestServer server(say("x"));
  RawClient here(server.port());
  here.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  here.read_response();
  EXPECT_TRUE(here.read_response().starts_with("HTTP/1.1 200 OK"));
  RawClient later(server.port());
  later.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\nabc");
  later.read_response();
  EXPECT_EQ(later.read_all(), "");
}

TEST(H1Server, RefusalsAreAnsweredAndEndTheConnection) {
  struct Row {
    const char* name;
    std::string request;
    const char* status;
  };
  const std::string next = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  const Row rows[] = {
      {"length and chunked",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
           next,
       "400"},
      {"space before colon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nabcde" + next, "400"},
      {"bare LF", "GET / HTTP/1.1\nHost: a\n\n" + next, "400"},
      {"no host", "GET / HTTP/1.1\r\n\r\n" + next, "400"},
      {"chunk size",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n" + next,
       "400"},
      {"chunk without CRLF",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc0\r\n\r\n" + next, "400"},
      {"large head", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n", "431"},
      {"many fields",
       "GET / HTTP/1.1\r\nHost: a\r\n" +
           [] {
             std::string fields;
             for (int i = 0; i < 300; ++i) fields += "A: b\r\n";
             return fields;
           }() +
           "\r\n",
       "431"},
      {"long target", "GET /" + std::string(40'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", "414"},
      {"large body",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x') + next, "413"},
      {"large chunked body",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, 'x') +
           "\r\n0\r\n\r\n" + next,
       "413"},
      {"CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n" + next, "501"},
      {"version", "GET / HTTP/3.0\r\nHost: a\r\n\r\n" + next, "505"},
  };
  std::atomic<int> smuggled = 0;
  ServerOptions options;
  options.limits.body_bytes = 1000;
  TestServer server(
      [&](Exchange& exchange) -> asio::awaitable<void> {
        if (exchange.head().path_with_query == "/smuggled") ++smuggled;
        return echo()(exchange);
      },
      options);
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    RawClient client(server.port());
    client.send(row.request);
    const std::string response = client.read_all();
    EXPECT_TRUE(response.starts_with(std::string("HTTP/1.1 ") + row.status)) << response;
    EXPECT_EQ(response.find("HTTP/1.1", 1), std::string::npos) << response;
    EXPECT_TRUE(response.contains("Connection: close\r\n")) << response;
    EXPECT_FALSE(client.was_reset());
  }
  EXPECT_EQ(smuggled, 0);
}

TEST(H1Server, DisconnectIsNoticedWhileTheHandlerWaits) {
  struct Noticed final : Waiter {
    std::atomic<int> count = 0;
    void wake() noexcept override { ++count; }
  } noticed;
  std::atomic<int> running = 0;
  TestServer server([&](Exchange& exchange) -> asio::awaitable<void> {
    SignalLink link;
    link.link(exchange.disconnected(), noticed);
    ++running;
    if (exchange.head().path_with_query == "/body")
      (void)co_await exchange.read_body(10);  // and leaves the rest
    while (exchange.lost() == Lost::no) co_await sleep_for(2ms);
    EXPECT_EQ(exchange.lost(), Lost::client_left);
    const auto body = co_await exchange.read_body(10);
    if (exchange.has_body()) EXPECT_FALSE(body);
    --running;
  });
  for (const char* request : {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                              "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc"}) {
    for (const bool reset : {false, true}) {
      noticed.count = 0;
      RawClient client(server.port());
      client.send(request);
      ASSERT_TRUE(eventually([&] { return running == 1; }));
      if (reset) {
        client.reset();
      } else {
        client.close();
      }
      EXPECT_TRUE(eventually([&] { return running == 0; }));
      EXPECT_EQ(noticed.count, 1);
    }
  }
  EXPECT_TRUE(eventually([&] { return server.stats().open == 0; }));
}

TEST(H1Server, DisconnectIsNoticedBehindABodyThatNobodyReads) {
  std::atomic<int> running = 0;
  TestServer server([&](Exchange& exchange) -> asio::awaitable<void> {
    ++running;
    while (exchange.lost() == Lost::no) co_await sleep_for(2ms);
    EXPECT_EQ(exchange.lost(), Lost::client_left);
    --running;
  });
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'));
  ASSERT_TRUE(eventually([&] { return running == 1; }));
  client.close();
  EXPECT_TRUE(eventually([&] { return running == 0; }));
}

TEST(H1Server, WritesToAClientThatDoesNotReadWaitAndEndWithIt) {
  std::atomic<bool> ended = false;
  std::atomic<std::size_t> written = 0;
  TestServer server([&](Exchange& exchange) -> asio::awaitable<void> {
    must(co_await exchange.send_head({}, BodySize::unknown()));
    const std::string piece(1 << 20, 'x');
    while (co_await exchange.write(as_body(piece))) written += piece.size();
    EXPECT_EQ(exchange.lost(), Lost::client_left);
    ended = true;
  });
  RawClient client(server.port());
  client.send(kGet);
  client.read_until("\r\n\r\n");
  std::size_t before = 1;
  EXPECT_TRUE(eventually([&] {  // it stops when the buffers between are full
    std::this_thread::sleep_for(50ms);
    return std::exchange(before, written.load()) == written && before != 0;
  }));
  EXPECT_LT(written, 64U << 20);
  EXPECT_FALSE(ended);
  client.reset();
  EXPECT_TRUE(eventually([&] { return ended.load(); }));
}

TEST(H1Server, TimeLimits) {
  ServerOptions options;
  options.limits.head_timeout = 60ms;
  options.limits.idle_timeout = 60ms;
  options.limits.body_timeout = 60ms;
  options.limits.write_timeout = 60ms;
  options.limits.handler_timeout = 400ms;
  std::atomic<int> cancelled = 0;
  TestServer server(
      [&](Exchange& exchange) -> asio::awaitable<void> {
        const std::string& path = exchange.head().path_with_query;
        if (path == "/hang" || path == "/half") {
          if (path == "/half") (void)co_await exchange.send_head({}, BodySize::unknown());
          try {
            co_await sleep_for(1h);
          } catch (const boost::system::system_error&) {
            EXPECT_EQ(exchange.lost(), Lost::timed_out);
            ++cancelled;
            throw;
          }
        } else if (path == "/flood") {
          (void)co_await exchange.send_head({}, BodySize::unknown());
          const std::string piece(1 << 20, 'x');
          while (co_await exchange.write(as_body(piece))) {
          }
          ++cancelled;
        } else {
          const auto body = co_await read_whole_body(exchange);
          if (!body) EXPECT_EQ(body.error().code(), Errc::timeout);
          if (body) (void)co_await exchange.respond({}, as_body(*body));
        }
      },
      options);
  struct Row {
    const char* name;
    const char* request;
    const char* expected;  // how what is received begins; "" nothing at all
  };
  const Row rows[] = {
      {"no request", "", ""},
      {"half a head", "GET / HTTP/1.1\r\nHo", "HTTP/1.1 408 Request Timeout\r\n"},
      {"idle", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
      {"half a body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab",
       "HTTP/1.1 408 Request Timeout\r\n"},
      {"handler", "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 504 Gateway Timeout\r\n"},
      {"handler after the head", "GET /half HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    RawClient client(server.port());
    client.send(row.request);
    const std::string response = client.read_all();
    if (*row.expected == '\0') {
      EXPECT_EQ(response, "");
    } else {
      EXPECT_TRUE(response.starts_with(row.expected)) << response;
    }
    EXPECT_EQ(response.find("HTTP/1.1", 1), std::string::npos) << response;
  }
  EXPECT_TRUE(eventually([&] { return cancelled == 2; }));
  RawClient slow_reader(server.port());
  slow_reader.send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return cancelled == 3; }));
  EXPECT_TRUE(eventually([&] { return server.stats().in_flight == 0; }));
}

TEST(H1Server, DrippedHeadIsOneTimeLimitNotOnePerByte) {
  ServerOptions options;
  options.limits.head_timeout = 150ms;
  TestServer server(say("x"), options);
  RawClient client(server.port());
  std::atomic<bool> stop = false;
  std::jthread drip([&] {
    client.send("GET / HTTP/1.1\r\nX: ");
    while (!stop) {
      client.send("y");
      std::this_thread::sleep_for(10ms);
    }
  });
  EXPECT_TRUE(client.read_until("\r\n").starts_with("HTTP/1.1 408"));
  stop = true;
}

TEST(H1Server, LimitsOnConnectionsAndRequests) {
  ServerOptions options;
  options.limits.connections = 2;
  options.limits.requests_per_connection = 2;
  TestServer server(say("x"), options);
  RawClient one(server.port());
  one.send(kGet);
  EXPECT_FALSE(one.read_response().contains("Connection: close"));
  RawClient two(server.port());
  two.send(kGet);
  two.read_response();
  {
    RawClient three(server.port());
    EXPECT_EQ(three.read_all(), "");
  }
  EXPECT_EQ(server.stats().refused, 1U);
  one.send(kGet);
  EXPECT_TRUE(one.read_response().contains("Connection: close"));
  EXPECT_EQ(one.read_all(), "");
  one.close();
  ASSERT_TRUE(eventually([&] { return server.stats().open == 1; }));
  RawClient four(server.port());
  four.send(kGet);
  EXPECT_TRUE(four.read_response().starts_with("HTTP/1.1 200"));
}

TEST(H1Server, DrainClosesIdleConnectionsAndFinishesWhatIsInFlight) {
  std::atomic<bool> go = false;
  std::atomic<int> running = 0;
  TestServer server([&](Exchange& exchange) -> asio::awaitable<void> {
    if (exchange.head().path_with_query == "/wait") {
      ++running;
      while (!go) co_await sleep_for(2ms);
    }
    (void)co_await exchange.respond({}, as_body("done"));
  });
  RawClient idle(server.port());
  idle.send(kGet);
  idle.read_response();
  RawClient fresh(server.port());
  RawClient busy(server.port());
  busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return running == 1; }));
  auto drained = asio::co_spawn(server.loop().io(), server.server().drain(30s), asio::use_future);
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_EQ(fresh.read_all(), "");
  EXPECT_EQ(drained.wait_for(0s), std::future_status::timeout);
  go = true;
  const std::string response = busy.read_all();
  EXPECT_TRUE(response.contains("Connection: close\r\n")) << response;
  EXPECT_TRUE(response.ends_with("done"));
  busy.close();
  EXPECT_EQ(drained.wait_for(10s), std::future_status::ready);
}

TEST(H1Server, DrainLosesPatience) {
  std::atomic<int> running = 0;
  Lost lost = Lost::no;
  TestServer server([&](Exchange& exchange) -> asio::awaitable<void> {
    ++running;
    try {
      co_await sleep_for(1h);
    } catch (const boost::system::system_error&) {
      lost = exchange.lost();
    }
  });
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(eventually([&] { return running == 1; }));
  server.loop().await(server.server().drain(50ms));
  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(lost, Lost::shut_down);
}

TEST(H1Server, ShardsShareAPort) {
  TestServer first(say("x"));
  ServerOptions options;
  options.port = first.port();
  {
    asio::io_context io{1};
    const auto alone = Server::listen(io, options, say("x"));
    ASSERT_FALSE(alone);
    EXPECT_TRUE(alone.error().message().contains("in use")) << alone.error().message();
  }
  options.port_use = PortUse::join;
  TestServer second(say("x"), options);
  EXPECT_EQ(first.port(), second.port());
  for (int i = 0; i < 64; ++i) {
    RawClient client(first.port());
    client.send(kGet);
    EXPECT_TRUE(client.read_response().starts_with("HTTP/1.1 200 OK"));
  }
  EXPECT_EQ(first.stats().requests + second.stats().requests, 64U);
  EXPECT_NE(first.stats().requests, 0U);
  EXPECT_NE(second.stats().requests, 0U);
}

TEST(H1Server, AccessLogTellsWhatWasSent) {
  std::vector<std::string> lines;
  std::atomic<std::size_t> count = 0;
  ServerOptions options;
  options.access_log = [&](const AccessRecord& record) {
    lines.push_back(fmt::format("{} {} {} {} {}", record.method, record.authority, record.path_with_query,
                                record.status, record.response_bytes));
    EXPECT_GE(record.duration.count(), 0);
    ++count;
  };
  TestServer server(
      [](Exchange& exchange) -> asio::awaitable<void> {
        if (exchange.head().path_with_query == "/wait") {
          while (exchange.lost() == Lost::no) co_await sleep_for(2ms);
          co_return;
        }
        if (exchange.head().path_with_query == "/stream") {
          (void)co_await exchange.send_head_and_write({}, BodySize::unknown(), as_body("abc"));
          (void)co_await exchange.write(as_body("de"));
          (void)co_await exchange.finish(nullptr);
        } else {
          (void)co_await exchange.respond({.status = 404}, as_body("no"));
        }
      },
      options);
  RawClient client(server.port());
  client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  client.read_response();
  client.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  client.read_until("0\r\n\r\n");
  client.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return server.stats().in_flight == 1; }));
  client.close();
  ASSERT_TRUE(eventually([&] { return count == 3; }));
  RawClient bad(server.port());
  bad.send("GET /b HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n");
  bad.read_all();
  ASSERT_TRUE(eventually([&] { return count == 4; }));
  EXPECT_EQ(lines.back().substr(0, 11), "GET  /b 400");
  lines.pop_back();
  EXPECT_EQ(lines, (std::vector<std::string>{"GET h /a 404 2", "GET h /stream 200 5", "GET h /wait 499 0"}));
}

TEST(H1Server, ListeningFailsWithASentence) {
  asio::io_context io{1};
  const auto bad = Server::listen(io, {.host = "localhost"}, say("x"));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code(), Errc::listen);
  const auto foreign = Server::listen(io, {.host = "192.0.2.1"}, say("x"));
  ASSERT_FALSE(foreign);
  EXPECT_TRUE(foreign.error().message().starts_with("cannot listen on 192.0.2.1:0: "))
      << foreign.error().message();
}

}  // namespace
}  // namespace wisp::net::http
