#pragma once

#include "net/event.hpp"
#include "net/http/h1_write.hpp"
#include "net/http/server.hpp"
#include "net/timer_wheel.hpp"
#include "net/transport.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>

#include <list>
#include <memory>
#include <string_view>

namespace wisp::net::http {

/// A connection as its server sees it. Registers itself for as long as it lives.
class ServerConnection {
 public:
  explicit ServerConnection(std::shared_ptr<Server::State> server);
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  /// Begins a drain: closes at once if idle, else after the requests in flight.
  virtual void drain() noexcept = 0;
  /// Closes now; handlers are cancelled.
  virtual void kill() noexcept = 0;

  [[nodiscard]] Server::State& server() noexcept { return *server_; }
  [[nodiscard]] const std::shared_ptr<Server::State>& shared_server() const noexcept { return server_; }

 protected:
  virtual ~ServerConnection();

 private:
  std::shared_ptr<Server::State> server_;
  std::list<ServerConnection*>::iterator place_;
};

/// What the connections of one shard's server share. Lives as long as the last of them.
struct Server::State : std::enable_shared_from_this<Server::State> {
  using Acceptor =
      boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

  State(boost::asio::io_context& loop, ServerOptions with, Handler call);

  [[nodiscard]] Result<> open();
  /// Accepts until the listener is closed.
  [[nodiscard]] boost::asio::awaitable<void> accept_loop();
  /// Gives an accepted socket a connection, after the TLS handshake if there is one.
  void adopt(Socket socket);
  void stop_accepting() noexcept;
  void kill_all() noexcept;

  boost::asio::io_context& io;
  ServerOptions options;
  Handler handler;
  TimerWheel wheel;
  Acceptor acceptor;
  std::uint16_t port = 0;
  ServerStats stats;
  DateCache date;
  std::list<ServerConnection*> connections;
  std::uint32_t handshakes = 0;
  bool draining = false;
  bool stopped = false;
  Event emptied;  // fires when the last connection has gone

 private:
  boost::asio::awaitable<void> handshake(Socket socket);
};

/// Starts an HTTP/1 connection (which hands over to HTTP/2 when it sees the preface).
void start_h1(std::shared_ptr<Server::State> server, std::unique_ptr<Transport> transport);

/// Starts an HTTP/2 connection; `received` has been read from it already.
void start_h2(std::shared_ptr<Server::State> server, std::unique_ptr<Transport> transport,
              std::string_view received);

/// The body of answers that the server gives by itself: "400 Bad Request: why\n".
[[nodiscard]] std::string error_text(std::uint16_t status, std::string_view reason);

}  // namespace wisp::net::http
