#pragma once

#include "base/result.hpp"
#include "net/http/exchange.hpp"
#include "net/tls.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace wisp::net::http {

/// What a server allows. Zero switches a limit off only where it says so.
struct ServerLimits {
  std::size_t head_bytes = std::size_t{64} << 10;  ///< request line and fields; more is answered 431
  std::size_t head_fields = 256;                   ///< fields in a head or in trailers; more is answered 431
  std::size_t target_bytes = std::size_t{32} << 10;  ///< request target; more is answered 414
  std::uint64_t body_bytes = 0;                      ///< request body; more is answered 413. 0: no limit
  std::size_t buffer_bytes = std::size_t{64}
                             << 10;    ///< unread body bytes held for a connection (a stream in HTTP/2)
  std::uint32_t connections = 10'000;  ///< of this shard; above it new ones are closed at once
  std::uint32_t requests_per_connection = 0;  ///< then closed cleanly. 0: no limit
  std::uint32_t h2_streams = 100;             ///< concurrent streams of an HTTP/2 connection

  std::chrono::milliseconds head_timeout{
      10'000};  ///< from the first byte (or accept, TLS included) to the end of a head; 408
  std::chrono::milliseconds idle_timeout{75'000};   ///< between requests
  std::chrono::milliseconds body_timeout{60'000};   ///< silence while the handler waits for body bytes
  std::chrono::milliseconds write_timeout{60'000};  ///< a write that makes no progress
  std::chrono::milliseconds handler_timeout{
      0};  ///< from head to finish(): cancels the handler, 504 if no head was sent. 0: none
};

/// What an access log line is made of; the views end with the call, and are empty where a head was refused
/// before they were known.
struct AccessRecord {
  std::string_view method;
  std::string_view path_with_query;
  std::string_view authority;
  Version version;
  boost::asio::ip::tcp::endpoint peer;
  std::uint16_t status;          ///< as sent; 499 if the client left before a head was sent
  std::uint64_t response_bytes;  ///< body bytes handed to the transport
  std::chrono::nanoseconds duration;
};

/// Whether a server wants its port for itself. Shards of one server share theirs through SO_REUSEPORT, which
/// would let two programs share one by accident.
enum class PortUse : std::uint8_t {
  own,   ///< fails if anybody listens there
  join,  ///< joins those who listen there already
};

struct ServerOptions {
  std::string host = "127.0.0.1";  ///< address to listen on, numeric
  std::uint16_t port =
      0;  ///< 0: the kernel picks, see Server::port(); others of the same server join it there
  PortUse port_use = PortUse::own;  ///< of the first shard; join for the others
  int backlog = 4096;               ///< connections the kernel queues for accept
  ServerLimits limits;
  std::shared_ptr<const TlsServerContext> tls;  ///< null: cleartext (HTTP/1 and h2c by prior knowledge)
  std::function<void(const AccessRecord&)>
      access_log;  ///< called on the shard after each response; may be empty
};

/// Called once a request; the returned coroutine runs on the shard and the exchange lives as long as it does.
using Handler = std::function<boost::asio::awaitable<void>(Exchange&)>;

/// Counters of one shard's server.
struct ServerStats {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  ///< closed at the connection limit
  std::uint64_t requests = 0;
  std::uint64_t rejected = 0;   ///< answered with an error before a handler saw them
  std::uint32_t open = 0;       ///< connections now
  std::uint32_t in_flight = 0;  ///< handlers running now
};

/// The HTTP server of one shard: a listener of its own (SO_REUSEPORT, so several shards share a port) and the
/// connections it accepted. Owned by the shard's owner; everything happens on the thread that runs `io`.
///
///     auto first = TRY(Server::listen(io0, {.port = 8000}, handler0));          // port 0 works too
///     auto second = TRY(Server::listen(io1, {.port = first->port(), .port_use = PortUse::join}, handler1));
///     ... io0.run(), io1.run() on their threads ...
///     co_await first->drain(30s);
///
/// Destroying it closes all connections; handlers still running are cancelled and hold what they need until
/// they end.
class Server {
 public:
  /// Listens and starts to accept. Fails with Errc::listen. Call before the shard runs, or on its thread.
  [[nodiscard]] static Result<std::unique_ptr<Server>> listen(boost::asio::io_context& io,
                                                              ServerOptions options, Handler handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] const ServerStats& stats() const noexcept;

  /// Stops accepting, closes idle connections, lets requests in flight finish (Connection: close, GOAWAY) and
  /// completes when no connection is left, or closes what is left after `patience`.
  [[nodiscard]] boost::asio::awaitable<void> drain(std::chrono::milliseconds patience);

  /// Implementation, shared with the connections; see server_state.hpp.
  struct State;

 private:
  explicit Server(std::shared_ptr<State> state) noexcept;
  std::shared_ptr<State> state_;
};

}  // namespace wisp::net::http
