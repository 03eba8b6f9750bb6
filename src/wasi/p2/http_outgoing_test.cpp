// wasi:http/outgoing-handler end to end: a proxy guest between a raw client and an origin of ours.
#include "net/http/loopback_testing.hpp"
#include "wasi/p2/http_testing.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

namespace wisp::wasi::p2 {
namespace {

using namespace http_testing;
using namespace std::chrono_literals;
using net::http::as_body;
using net::http::BodySize;
using net::http::Exchange;
using net::http::ResponseHead;
using net::http::testing::read_whole_body;
using net::http::testing::TestServer;
namespace asio = boost::asio;

asio::awaitable<void> pause(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

/// What the origin does, by path.
asio::awaitable<void> origin(Exchange& exchange) {
  const std::string path = exchange.head().path_with_query;
  ResponseHead head;
  if (path == "/show") {
    std::string text = exchange.head().method + " " + exchange.head().authority + "\n";
    for (const auto& [name, value] : exchange.head().fields) text += fmt::format("{}: {}\n", name, value);
    const auto body = co_await read_whole_body(exchange);
    text += body ? *body : "broken body";
    must(head.fields.add("x-origin", "yes"));
    must(head.fields.add("proxy-authenticate", "no"));
    must(co_await exchange.respond(head, as_body(text)));
  } else if (path == "/silent") {
    while (exchange.lost() == net::http::Lost::no) co_await pause(5ms);
  } else if (path == "/half") {
    must(co_await exchange.send_head_and_write(head, BodySize::unknown(), as_body("half")));
    while (exchange.lost() == net::http::Lost::no) co_await pause(5ms);
  } else if (path == "/broken") {
    must(co_await exchange.send_head_and_write(head, BodySize::unknown(), as_body("half")));
    exchange.abort();
  } else if (path == "/trailers") {
    must(co_await exchange.send_head_and_write(head, BodySize::unknown(), as_body("body")));
    net::http::Fields trailers;
    must(trailers.add("x-end", "1"));
    must(co_await exchange.finish(&trailers));
  } else if (path == "/large") {
    must(co_await exchange.send_head(head, BodySize::known(20'000'000)));
    const std::string piece(100'000, 'y');
    for (int i = 0; i < 200; ++i) {
      if (!co_await exchange.write(as_body(piece))) co_return;
    }
    must(co_await exchange.finish(nullptr));
  } else {
    must(co_await exchange.respond(head, as_body("origin\n")));
  }
}

std::string through(const TestServer& server, std::string_view path, std::string_view more = {}) {
  return fmt::format("/?url=http://127.0.0.1:{}{}{}", server.port(), path, more);
}

TEST(HttpOutgoing, ProxiesARequestAndItsAnswer) {
  WISP_NEEDS_GUEST("http-proxy");
  TestServer server(origin);
  Served proxy("http-proxy", {}, {fmt::format("127.0.0.1:{}", server.port())});
  const Reply reply = proxy.request("PUT", through(server, "/show"), "a body", "x-mine: 1\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.head.find("x-origin: yes\r\n"), std::string::npos) << reply.head;
  EXPECT_EQ(reply.head.find("proxy-authenticate"), std::string::npos) << reply.head;
  EXPECT_TRUE(reply.body.starts_with(fmt::format("PUT 127.0.0.1:{}\n", server.port()))) << reply.body;
  EXPECT_NE(reply.body.find("x-mine: 1\n"), std::string::npos) << reply.body;
  EXPECT_TRUE(reply.body.ends_with("a body")) << reply.body;
  EXPECT_TRUE(proxy.comes_to_rest());
  EXPECT_TRUE(proxy.failures().empty());
}

TEST(HttpOutgoing, FailuresHaveTheirNames) {
  WISP_NEEDS_GUEST("http-proxy");
  TestServer server(origin);
  std::uint16_t closed = 0;
  {
    const TestServer gone(origin);
    closed = gone.port();
  }
  Served proxy(
      "http-proxy", {},
      {fmt::format("127.0.0.1:{}", server.port()), fmt::format("127.0.0.1:{}", closed), "name.invalid"});
  const struct {
    std::string target, error;
  } cases[] = {
      {"/?url=http://127.0.0.2:80/", "HTTP-request-denied"},
      {"/?url=http://example.com/", "HTTP-request-denied"},
      {"/?url=http://localhost:1/", "HTTP-request-denied"},
      {"/?url=https://127.0.0.1:1/", "HTTP-request-denied"},
      {"/?url=ftp://127.0.0.1/", "HTTP-protocol-error"},
      {fmt::format("/?url=http://127.0.0.1:{}/", closed), "connection-refused"},
      {through(server, "/silent", "&first-byte-ms=100"), "connection-read-timeout"},
      {"/?url=http://name.invalid/", "DNS-error"},
  };
  for (const auto& one : cases) {
    const Reply reply = proxy.get(one.target);
    EXPECT_EQ(reply.status, 502) << one.target;
    EXPECT_EQ(reply.body, fmt::format("error {}\n", one.error)) << one.target;
    EXPECT_TRUE(proxy.comes_to_rest()) << one.target;
  }
}

TEST(HttpOutgoing, AnAddressBehindANameIsJudgedToo) {
  WISP_NEEDS_GUEST("http-proxy");
  TestServer server(origin);
  // The name is allowed anywhere; the loopback address it leads to is not.
  Served proxy("http-proxy", {}, {"*"});
  const Reply reply = proxy.get(fmt::format("/?url=http://localhost:{}/", server.port()));
  EXPECT_EQ(reply.status, 502);
  EXPECT_TRUE(reply.body == "error destination-IP-prohibited\n" ||
              reply.body == "error HTTP-request-denied\n")
      << reply.body;
}

TEST(HttpOutgoing, WhatBreaksUpstreamBreaksHere) {
  WISP_NEEDS_GUEST("http-proxy");
  TestServer server(origin);
  Served proxy("http-proxy", {}, {fmt::format("127.0.0.1:{}", server.port())});
  for (const std::string& target :
       {through(server, "/broken"), through(server, "/half", "&between-ms=100")}) {
    const Reply reply = proxy.get(target);
    EXPECT_FALSE(reply.whole && reply.status == 200) << target << " " << reply.head << reply.body;
    EXPECT_TRUE(proxy.comes_to_rest());
  }
}

TEST(HttpOutgoing, PassesTrailersAndLargeBodies) {
  WISP_NEEDS_GUEST("http-proxy");
  TestServer server(origin);
  Served proxy("http-proxy", {}, {fmt::format("127.0.0.1:{}", server.port())});
  const Reply trailers = proxy.get(through(server, "/trailers"));
  EXPECT_EQ(trailers.body, "body");
  EXPECT_EQ(trailers.trailers, "x-end: 1\r\n");
  const Reply large = proxy.get(through(server, "/large"));
  EXPECT_TRUE(large.whole);
  EXPECT_EQ(large.body.size(), 20'000'000U);
  const std::string body(3'000'000, 'z');
  const Reply up = proxy.request("POST", through(server, "/show"), body);
  EXPECT_TRUE(up.body.ends_with(body));
}

TEST(HttpOutgoing, AClientThatLeavesEndsTheRequestUpstream) {
  WISP_NEEDS_GUEST("http-proxy");
  TestServer server(origin);
  Served proxy("http-proxy", {}, {fmt::format("127.0.0.1:{}", server.port())});
  for (const std::string_view path : {"/silent", "/half"}) {
    RawClient client(proxy.port());
    client.send(fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", through(server, path)));
    EXPECT_TRUE(eventually([&] { return server.stats().in_flight == 1; })) << path;
    client.reset();
    EXPECT_TRUE(proxy.comes_to_rest()) << path;
    EXPECT_TRUE(eventually([&] { return server.stats().in_flight == 0 || server.stats().open == 0; }))
        << path;
    server.stop();
    return;
  }
}

TEST(HttpOutgoing, RequestsUnderWayAreBounded) {
  WISP_NEEDS_GUEST("http-steps");
  TestServer server(origin);
  Served steps("http-steps", {}, {fmt::format("127.0.0.1:{}", server.port())});
  for (int i = 0; i < 2; ++i) {
    const Reply reply = steps.get(fmt::format("/hoard?host=127.0.0.1:{}", server.port()));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "256\n");
    EXPECT_TRUE(steps.comes_to_rest());
    EXPECT_TRUE(eventually([&] { return server.stats().in_flight == 0; }));
  }
}

TEST(HttpOutgoing, ARequestGivenUpMakesRoom) {
  WISP_NEEDS_GUEST("http-steps");
  TestServer server(origin);
  Served steps("http-steps", {}, {fmt::format("127.0.0.1:{}", server.port())});
  EXPECT_EQ(steps.get(fmt::format("/give-up?host=127.0.0.1:{}", server.port())).body, "300\n");
  EXPECT_TRUE(steps.comes_to_rest());
}

TEST(HttpOutgoing, SendsToAnotherGuestAndBack) {
  WISP_NEEDS_GUEST("http-proxy");
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  Served proxy("http-proxy", {}, {"127.0.0.1"});
  const std::string body(500'000, 'q');
  const Reply reply = proxy.request("POST", fmt::format("/?url=http://127.0.0.1:{}/echo", echo.port()), body);
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.body == body);
}

}  // namespace
}  // namespace wisp::wasi::p2
