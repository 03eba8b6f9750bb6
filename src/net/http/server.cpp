#include "net/http/server.hpp"

#include "net/http/server_state.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <sys/socket.h>

namespace wisp::net::http {

namespace asio = boost::asio;
using boost::system::error_code;

ServerConnection::ServerConnection(std::shared_ptr<Server::State> server) : server_(std::move(server)) {
  place_ = server_->connections.insert(server_->connections.end(), this);
  ++server_->stats.open;
}

ServerConnection::~ServerConnection() {
  server_->connections.erase(place_);
  --server_->stats.open;
  if (server_->connections.empty()) server_->emptied.fire();
}

Server::State::State(asio::io_context& loop, ServerOptions with, Handler call)
    : io(loop), options(std::move(with)), handler(std::move(call)), wheel(loop), acceptor(loop) {}

Result<> Server::State::open() {
  error_code error;
  const auto address = asio::ip::make_address(options.host, error);
  if (error) return fail(Errc::listen, "\"{}\" is not an address", options.host);
  const asio::ip::tcp::endpoint endpoint(address, options.port);
  const auto check = [&](std::string_view what) -> Result<> {
    if (!error) return {};
    return fail(Errc::listen, "cannot {} {}:{}: {}", what, options.host, options.port, error.message());
  };
  if (options.port_use == PortUse::own && options.port != 0) {
    // A listener of somebody else with SO_REUSEPORT shows only to a socket without it.
    Acceptor probe(io);
    probe.open(endpoint.protocol(), error);
    TRY(check("open a socket for"));
    probe.set_option(asio::socket_base::reuse_address(true), error);
    probe.bind(endpoint, error);
    TRY(check("listen on"));
  }
  acceptor.open(endpoint.protocol(), error);
  TRY(check("open a socket for"));
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  TRY(check("listen on"));
  acceptor.set_option(asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>(true), error);
  TRY(check("share"));
  acceptor.bind(endpoint, error);
  TRY(check("listen on"));
  acceptor.listen(options.backlog, error);
  TRY(check("listen on"));
  acceptor.non_blocking(true, error);
  TRY(check("listen on"));
  port = acceptor.local_endpoint(error).port();
  return check("listen on");
}

asio::awaitable<void> Server::State::accept_loop() {
  const auto self = shared_from_this();
  asio::steady_timer pause(io);
  while (acceptor.is_open()) {
    error_code error;
    Socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (!acceptor.is_open()) break;
    if (error) {
      // Out of descriptors or memory, most likely: connections that end make room, so wait a little.
      if (error == asio::error::operation_aborted) break;
      if (error == asio::error::connection_aborted) continue;
      pause.expires_after(std::chrono::milliseconds(50));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    adopt(std::move(socket));
  }
}

void Server::State::adopt(Socket socket) {
  ++stats.accepted;
  if (stats.open + handshakes >= options.limits.connections) {
    ++stats.refused;
    return;  // closes it
  }
  if (options.tls) {
    asio::co_spawn(io, handshake(std::move(socket)), asio::detached);
  } else {
    start_h1(shared_from_this(), make_plain_transport(std::move(socket)));
  }
}

asio::awaitable<void> Server::State::handshake(Socket socket) {
  const auto self = shared_from_this();
  ++handshakes;
  auto transport = co_await accept_tls(std::move(socket), options.tls, wheel, options.limits.head_timeout);
  --handshakes;
  if (!transport || stopped) co_return;
  if ((*transport)->negotiated_h2()) {
    start_h2(self, std::move(*transport), {});
  } else {
    start_h1(self, std::move(*transport));
  }
}

void Server::State::stop_accepting() noexcept {
  if (!acceptor.is_open()) return;
  // Connections that the kernel has completed already would be reset by closing the listener.
  error_code error;
  for (int left = options.backlog; left > 0; --left) {
    Socket socket(io);
    acceptor.accept(socket, error);
    if (error) break;
    adopt(std::move(socket));
  }
  acceptor.close(error);
}

void Server::State::kill_all() noexcept {
  stopped = true;
  const auto self = shared_from_this();
  for (auto next = connections.begin(); next != connections.end();) {
    ServerConnection* connection = *next++;
    connection->kill();
  }
}

std::string error_text(std::uint16_t status, std::string_view reason) {
  if (reason.empty()) return fmt::format("{} {}\n", status, reason_phrase(status));
  return fmt::format("{} {}: {}\n", status, reason_phrase(status), reason);
}

Server::Server(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

Result<std::unique_ptr<Server>> Server::listen(asio::io_context& io, ServerOptions options, Handler handler) {
  auto state = std::make_shared<State>(io, std::move(options), std::move(handler));
  TRY(state->open());
  asio::co_spawn(io, state->accept_loop(), asio::detached);
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::~Server() {
  error_code ignored;
  state_->acceptor.close(ignored);
  state_->kill_all();
}

std::uint16_t Server::port() const noexcept { return state_->port; }
const ServerStats& Server::stats() const noexcept { return state_->stats; }

asio::awaitable<void> Server::drain(std::chrono::milliseconds patience) {
  const auto state = state_;
  state->stop_accepting();
  state->draining = true;
  for (auto next = state->connections.begin(); next != state->connections.end();) {
    ServerConnection* connection = *next++;
    connection->drain();
  }
  Timer patience_timer(
      state->wheel, [](void* context) { static_cast<State*>(context)->kill_all(); }, state.get());
  patience_timer.arm(patience);
  while (!state->connections.empty()) {
    if (!co_await state->emptied.wait()) break;
  }
}

}  // namespace wisp::net::http
