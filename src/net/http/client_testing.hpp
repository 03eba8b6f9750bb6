#pragma once

#include "net/http/client.hpp"
#include "net/http/loopback_testing.hpp"

#include <memory>
#include <string>
#include <utility>

namespace wisp::net::http::testing {

/// A client on a loop of its own.
class TestClient {
 public:
  explicit TestClient(std::shared_ptr<const TlsClientContext> tls = nullptr, ClientLimits limits = {}) {
    loop_.on_loop([&] { client_ = std::make_unique<Client>(loop_.io(), dns_, std::move(tls), limits); });
  }
  ~TestClient() { stop(); }
  void stop() {
    loop_.on_loop([&] { client_.reset(); });
  }
  Client& operator*() { return *client_; }
  Client* operator->() { return client_.get(); }
  LoopThread& loop() { return loop_; }
  /// Runs a coroutine on the client's loop.
  template <class Call>
  auto run(Call call) {
    return loop_.await(call());
  }
  std::uint64_t made() {
    return loop_.on_loop([&] { return client_->connections_made(); });
  }
  std::uint32_t open() {
    return loop_.on_loop([&] { return client_->open_connections(); });
  }

 private:
  LoopThread loop_;
  std::shared_ptr<DnsPool> dns_ = std::make_shared<DnsPool>(1);
  std::unique_ptr<Client> client_;
};

/// A GET of a page of 127.0.0.1.
inline RequestHead get(std::uint16_t port, std::string path = "/", std::string scheme = "http") {
  RequestHead head;
  head.method = "GET";
  head.scheme = std::move(scheme);
  head.authority = fmt::format("127.0.0.1:{}", port);
  head.path_with_query = std::move(path);
  return head;
}

/// The whole body of a response.
inline boost::asio::awaitable<Result<std::string>> read_whole(ClientExchange& exchange) {
  std::string body;
  for (;;) {
    const auto piece = CO_TRY(co_await exchange.read_body(100'000));
    if (piece.empty()) co_return body;
    body += as_text(piece);
  }
}

/// "200 body", or the name of the error.
inline boost::asio::awaitable<std::string> outcome(Client& client, RequestHead head,
                                                   SendOptions options = {}) {
  auto sent = co_await client.send(std::move(head), BodySize::none(), std::move(options));
  if (!sent) co_return std::string(name(sent.error().code()));
  const auto response = co_await (*sent)->response();
  if (!response) co_return std::string(name(response.error().code()));
  const auto body = co_await read_whole(**sent);
  if (!body) co_return std::string(name(body.error().code()));
  co_return fmt::format("{} {}", (*response)->status, *body);
}

}  // namespace wisp::net::http::testing
