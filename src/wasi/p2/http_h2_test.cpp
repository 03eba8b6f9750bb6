// wasi:http behind HTTP/2: the same guests, many requests on one connection.
#include "net/http/client.hpp"
#include "wasi/p2/http_testing.hpp"

#include <fmt/format.h>

namespace wisp::wasi::p2 {
namespace {

namespace asio = boost::asio;
using namespace http_testing;
using net::http::as_body;
using net::http::BodySize;
using net::http::Client;
using net::http::ClientExchange;
using net::http::testing::LoopThread;
using namespace std::chrono_literals;

/// A client that speaks HTTP/2 to one port.
class H2Client {
 public:
  explicit H2Client(std::uint16_t port) : port_(port) {
    loop_.on_loop(
        [&] { client_ = std::make_unique<Client>(loop_.io(), std::make_shared<net::DnsPool>(1), nullptr); });
  }
  ~H2Client() {
    loop_.on_loop([&] { client_.reset(); });
  }

  asio::awaitable<Result<std::unique_ptr<ClientExchange>>> send(std::string path, BodySize size) {
    net::http::RequestHead head;
    head.method = size.is_known() && size.bytes() == 0 ? "GET" : "POST";
    head.scheme = "http";
    head.authority = fmt::format("127.0.0.1:{}", port_);
    head.path_with_query = std::move(path);
    return client_->send(std::move(head), size, {.protocol = net::http::ClientProtocol::h2_prior_knowledge});
  }

  /// "200 body", or the status and what broke.
  std::string get(std::string path) {
    return loop_.await([](H2Client& self, std::string target) -> asio::awaitable<std::string> {
      auto exchange = co_await self.send(std::move(target), BodySize::none());
      if (!exchange) co_return exchange.error().message();
      co_return co_await self.read(**exchange);
    }(*this, std::move(path)));
  }

  asio::awaitable<std::string> read(ClientExchange& exchange) {
    auto head = co_await exchange.response();
    if (!head) co_return "no response";
    std::string text = fmt::format("{} ", (*head)->status);
    for (;;) {
      auto piece = co_await exchange.read_body(65'536);
      if (!piece) co_return text + "(broken)";
      if (piece->empty()) break;
      text += net::http::as_text(*piece);
    }
    if (const auto* trailers = exchange.trailers(); trailers != nullptr) {
      for (const auto& [name, value] : *trailers) text += fmt::format("{}={};", name, value);
    }
    co_return text;
  }

  LoopThread& loop() { return loop_; }

 private:
  std::uint16_t port_;
  LoopThread loop_;
  std::unique_ptr<Client> client_;
};

TEST(HttpOverH2, OutcomesAreTheSame) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo", {.tree = {.cpu_budget = 100ms}});
  H2Client client(echo.port());
  const struct {
    std::string path, answer;
  } kCases[] = {
      {"/instance", "200 1\n"},
      {"/trailers", "200 with trailers\nx-checksum=1234;"},
      {"/never", "500 500 Internal Server Error: the component gave no answer\n"},
      {"/trap", "502 502 Bad Gateway: the component failed\n"},
      {"/spin", "502 502 Bad Gateway: the component failed\n"},
      {"/mismatch?length=10&n=5", "200 xxxxx(broken)"},
      {"/slow?ms=20", "200 first\nsecond\n"},
  };
  for (const auto& one : kCases) EXPECT_EQ(client.get(one.path), one.answer) << one.path;
  EXPECT_TRUE(echo.comes_to_rest());
  EXPECT_EQ(echo.service().stats().connections, 1U);
}

TEST(HttpOverH2, StreamsBothWaysAtOnce) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  H2Client client(echo.port());
  const std::string seen = client.loop().await([](H2Client& self) -> asio::awaitable<std::string> {
    auto exchange = must(co_await self.send("/echo", BodySize::unknown()));
    must(co_await exchange->response());
    std::string back;
    for (int i = 0; i < 20; ++i) {
      must(co_await exchange->write(as_body(fmt::format("ping {};", i))));
      while (!back.ends_with(fmt::format("ping {};", i)))
        back += net::http::as_text(must(co_await exchange->read_body(1'000)));
    }
    net::http::Fields trailers;
    must(trailers.add("x-end", "1"));
    must(co_await exchange->finish(&trailers));
    co_return back + co_await self.read(*exchange);
  }(client));
  EXPECT_TRUE(seen.starts_with("ping 0;ping 1;")) << seen;
  EXPECT_TRUE(seen.ends_with("ping 19;200 x-end=1;")) << seen;
}

TEST(HttpOverH2, AStreamThatIsResetCancelsItsGuestAlone) {
  WISP_NEEDS_GUEST("http-echo");
  Served echo("http-echo");
  H2Client client(echo.port());
  auto asleep = client.loop().await([](H2Client& self) -> asio::awaitable<std::unique_ptr<ClientExchange>> {
    co_return must(co_await self.send("/sleep?ms=60000", BodySize::none()));
  }(client));
  EXPECT_TRUE(eventually([&] { return echo.service().stats().in_flight == 1; }));
  EXPECT_EQ(client.get("/instance"), "200 1\n");
  client.loop().on_loop([&] { asleep.reset(); });
  EXPECT_TRUE(echo.comes_to_rest());
  EXPECT_EQ(echo.failures(), std::vector{Errc::cancelled});
  EXPECT_EQ(client.get("/instance"), "200 1\n");
  EXPECT_EQ(echo.service().stats().connections, 1U);
}

}  // namespace
}  // namespace wisp::wasi::p2
