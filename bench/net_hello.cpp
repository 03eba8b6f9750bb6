// A hello handler over net/http without wasm: what the server itself costs. net_hello [PORT] [SHARDS]
#include "net/http/server.hpp"

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace http = wisp::net::http;

int main(int argc, char** argv) {
  const auto port = static_cast<std::uint16_t>(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 8080);
  const auto shards = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 2UL;
  std::vector<std::unique_ptr<boost::asio::io_context>> loops;
  std::vector<std::unique_ptr<http::Server>> servers;
  std::vector<std::jthread> threads;
  for (unsigned long i = 0; i < shards; ++i) {
    auto& io = *loops.emplace_back(std::make_unique<boost::asio::io_context>(1));
    auto handler = [](http::Exchange& exchange) -> boost::asio::awaitable<void> {
      http::ResponseHead head;
      if (!head.fields.add("Content-Type", "text/plain")) co_return;
      (void)co_await exchange.respond(head, http::as_body("Hello, world\n"));
    };
    http::ServerOptions options;
    options.port = servers.empty() ? port : servers.front()->port();
    options.port_use = servers.empty() ? http::PortUse::own : http::PortUse::join;
    auto server = http::Server::listen(io, std::move(options), handler);
    if (!server) {
      std::fprintf(stderr, "%s\n", server.error().message().c_str());
      return 1;
    }
    servers.push_back(std::move(*server));
  }
  std::fprintf(stderr, "listening on %d with %lu shards\n", servers.front()->port(), shards);
  for (auto& io : loops) threads.emplace_back([&io] { io->run(); });
}
