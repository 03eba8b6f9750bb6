#pragma once

#include "base/result.hpp"
#include "base/signal.hpp"
#include "net/dns.hpp"
#include "net/http/message.hpp"
#include "net/tls.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace wisp::net::http {

enum class ClientProtocol : std::uint8_t {
  automatic,           ///< https: what ALPN says; http: HTTP/1.1
  http_1_1,            ///< HTTP/1.1 only
  h2_prior_knowledge,  ///< HTTP/2 only, over cleartext too
};

/// Decides about an address before it is connected to, after name lookup. A failure is passed on; one that is
/// Errc::denied lets the next address of the name be tried.
using AddressPolicy = std::function<Result<>(const boost::asio::ip::address& address, std::uint16_t port)>;

struct SendOptions {
  ClientProtocol protocol = ClientProtocol::automatic;
  /// Connections are only shared between requests of the same key: tenant and policy.
  std::string pool_key;
  AddressPolicy policy;                                ///< empty: everything is allowed
  std::chrono::milliseconds connect_timeout{600'000};  ///< lookup, connect and TLS handshake together
  std::chrono::milliseconds first_byte_timeout{
      600'000};  ///< from the end of the request to the response head
  std::chrono::milliseconds between_bytes_timeout{600'000};  ///< silence while a body read waits
  std::size_t max_head_bytes = std::size_t{128} << 10;       ///< response head or trailers
  std::size_t max_head_fields = 512;
};

/// One request sent, and its response. Owned by the caller; on the shard's thread; not longer than the
/// Client. Destroying it before both bodies are through resets the stream, or closes the connection; else the
/// connection is used again.
///
/// At most one writing and one reading call are in flight at a time; one of each may be.
///
/// Errors of all calls: connection_refused, connection_closed, connection_timeout, tls_handshake,
/// tls_certificate, dns, denied while connecting; response_timeout, read_timeout, http_protocol,
/// http_incomplete (the peer closed too early), http_limit (head too large) after that; cancelled.
class ClientExchange {
 public:
  virtual ~ClientExchange() = default;
  ClientExchange(const ClientExchange&) = delete;
  ClientExchange& operator=(const ClientExchange&) = delete;

  /// Writes bytes of the request body; completes when the transport took them. More than a known size:
  /// http_protocol.
  [[nodiscard]] virtual boost::asio::awaitable<Result<>> write(std::span<const std::byte> data) = 0;
  /// Ends the request body, with trailers if not null (dropped where there is no place for them). Less than a
  /// known size aborts. Not needed after BodySize::none().
  [[nodiscard]] virtual boost::asio::awaitable<Result<>> finish(const Fields* trailers) = 0;
  /// Truncates: RST_STREAM, or the connection is closed.
  virtual void abort() noexcept = 0;

  /// Waits for the response head; interim responses are skipped. Valid as long as the exchange; asking again
  /// is free.
  [[nodiscard]] virtual boost::asio::awaitable<Result<ResponseHead*>> response() = 0;
  /// After response(): it has no body, and no trailers follow.
  [[nodiscard]] virtual bool bodiless() const noexcept = 0;
  /// The response's HTTP version; after response().
  [[nodiscard]] virtual Version version() const noexcept = 0;
  /// Next piece of the response body, at most `max` (> 0) bytes, valid until the next call; empty is the end.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::span<const std::byte>>> read_body(
      std::size_t max) = 0;
  /// read_body() where it need not wait; else nothing.
  [[nodiscard]] virtual std::optional<Result<std::span<const std::byte>>> read_now(std::size_t max) = 0;
  /// After the end: the trailers, or null.
  [[nodiscard]] virtual const Fields* trailers() const noexcept = 0;

 protected:
  ClientExchange() = default;
};

struct ClientLimits {
  std::uint32_t connections = 1'024;  ///< open at once on this shard; then Errc::no_capacity
  std::uint32_t idle_per_key = 256;   ///< HTTP/1 connections kept for one (scheme, authority, pool_key)
  std::chrono::milliseconds idle_timeout{60'000};    ///< then an idle connection is closed
  std::size_t buffer_bytes = std::size_t{64} << 10;  ///< unread response bytes held for an exchange
};

/// HTTP client of one shard with its pool of connections, keyed by (scheme, authority, protocol, pool_key). A
/// request that fails on a kept connection before a response byte came, and has no body, is sent once more on
/// a new one.
///
/// Owned by the shard's owner; must outlive its exchanges.
class Client {
 public:
  /// `dns` is shared between shards; `tls` may be null where https is never asked for.
  Client(boost::asio::io_context& io, std::shared_ptr<DnsPool> dns,
         std::shared_ptr<const TlsClientContext> tls, ClientLimits limits = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Takes or makes a connection and sends the head (with the end, if `size` is none). The head's scheme must
  /// be "http" or "https" (else http_protocol).
  [[nodiscard]] boost::asio::awaitable<Result<std::unique_ptr<ClientExchange>>> send(RequestHead head,
                                                                                     BodySize size,
                                                                                     SendOptions options);

  /// send() of a request without a body where that need not wait: over a connection that is there. Else null,
  /// and the arguments as they were.
  [[nodiscard]] std::shared_ptr<ClientExchange> send_now(RequestHead& head, SendOptions& options);

  /// Connections open now, idle ones included.
  [[nodiscard]] std::uint32_t open_connections() const noexcept;
  /// Connections made since the start; tests of reuse look here.
  [[nodiscard]] std::uint64_t connections_made() const noexcept;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace wisp::net::http
