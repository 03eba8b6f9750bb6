#pragma once

#include "base/result.hpp"
#include "base/signal.hpp"
#include "net/http/message.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace wisp::net::http {

/// Why nobody waits for the response any more.
enum class Lost : std::uint8_t {
  no,           ///< somebody does
  client_left,  ///< connection closed or reset, stream reset, or the peer broke the protocol
  timed_out,    ///< the handler, or the peer in the middle of a body, took longer than the server allows
  shut_down,    ///< the server was destroyed or its drain ran out of patience
};

/// One request and its response, as a handler sees them, over HTTP/1 or HTTP/2.
///
/// Made and owned by the connection; valid until the handler's coroutine ends. All calls on the shard's
/// thread. At most one read_body() and one writing call are in flight at a time, but one of each may be
/// (streaming both ways).
///
/// Awaited calls are cancelled through the coroutine's cancellation slot; a cancelled write aborts the
/// exchange. They fail with Errc::connection once lost() says why, and do not throw except where Asio does
/// for a cancelled coroutine.
///
/// A handler that returns without send_head() has 500 answered for it; without finish() the response is
/// aborted.
class Exchange {
 public:
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  [[nodiscard]] virtual const RequestHead& head() const noexcept = 0;
  /// The client's address.
  [[nodiscard]] virtual boost::asio::ip::tcp::endpoint peer() const noexcept = 0;

  // --- request body
  /// Whether the head announces a body (it may still turn out empty).
  [[nodiscard]] virtual bool has_body() const noexcept = 0;
  /// The announced length, if there is one; 0 when has_body() is false.
  [[nodiscard]] virtual std::optional<std::uint64_t> body_size() const noexcept = 0;
  /// Waits for the next piece of the body, at most `max` (> 0) bytes. Empty means the end; it stays the
  /// answer. The span is valid until the next call or the handler's end. The first call answers `Expect:
  /// 100-continue`. Errors: connection (lost, truncated), http_protocol (bad chunk), http_limit (larger than
  /// the server allows; the client has been answered 413 if the response had not begun), timeout (the client
  /// went silent).
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::span<const std::byte>>> read_body(
      std::size_t max) = 0;
  /// After the end of the body: the trailers, or null if there were none. They are never merged into
  /// head().fields.
  [[nodiscard]] virtual const Fields* trailers() const noexcept = 0;

  // --- response
  /// Sends an interim response (1xx, not 101) before the head. HTTP/1.0 clients get nothing.
  [[nodiscard]] virtual boost::asio::awaitable<Result<>> send_informational(const ResponseHead& head) = 0;
  /// Sends the head. Fails with http_protocol if a name or value cannot be sent or a head went out before.
  [[nodiscard]] virtual boost::asio::awaitable<Result<>> send_head(const ResponseHead& head,
                                                                   BodySize size) = 0;
  /// send_head() and the first bytes of the body in one write.
  [[nodiscard]] virtual boost::asio::awaitable<Result<>> send_head_and_write(
      const ResponseHead& head, BodySize size, std::span<const std::byte> data) = 0;
  /// Writes body bytes; completes when the transport took them all (backpressure), so `data` need live no
  /// longer. Bytes beyond a known size fail with http_protocol and nothing is sent. For HEAD, 204 and 304
  /// bytes are swallowed.
  [[nodiscard]] virtual boost::asio::awaitable<Result<>> write(std::span<const std::byte> data) = 0;
  /// Ends the response; `trailers` may be null and are dropped where the framing has no place for them (known
  /// size in HTTP/1, HTTP/1.0). Fewer bytes than a known size: aborts and fails with http_protocol.
  [[nodiscard]] virtual boost::asio::awaitable<Result<>> finish(const Fields* trailers) = 0;
  /// The fast path: head and the whole body in one write, finished.
  [[nodiscard]] virtual boost::asio::awaitable<Result<>> respond(const ResponseHead& head,
                                                                 std::span<const std::byte> body) = 0;
  /// Truncates the response so that the client can tell: no final chunk and a close, or RST_STREAM.
  virtual void abort() noexcept = 0;

  /// Whether a final head was given to send_head() or its like.
  [[nodiscard]] virtual bool head_sent() const noexcept = 0;

  // --- the other side
  [[nodiscard]] virtual Lost lost() const noexcept = 0;
  /// Fires when lost() changes, also while the handler neither reads nor writes.
  [[nodiscard]] virtual Signal& disconnected() noexcept = 0;

 protected:
  Exchange() = default;
  ~Exchange() = default;
};

/// The bytes of a string, for write() and respond().
[[nodiscard]] inline std::span<const std::byte> as_body(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// The text of bytes.
[[nodiscard]] inline std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace wisp::net::http
