#pragma once

#include "base/result.hpp"
#include "net/timer_wheel.hpp"
#include "net/tls.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace wisp::net {

/// A TCP socket that knows its loop's type, which saves a virtual call an operation.
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// Transport::peer_has_closed() of a socket.
[[nodiscard]] bool peer_has_closed(const Socket& socket) noexcept;

/// Transport::settled() of a socket.
[[nodiscard]] bool settled(const Socket& socket) noexcept;

/// What one write gathers; unused ones stay empty.
using WriteBuffers = std::array<boost::asio::const_buffer, 3>;

/// A connected byte stream, plain or TLS. Owned by its connection, which keeps itself alive while a read is
/// out; on the shard's thread. One read and one write may be out at the same time.
class Transport {
 public:
  /// Who gets what was read.
  class Reader {
   public:
    /// `size` bytes lie in the span given to read(), or `error` says why there are none (eof included).
    /// Called from the loop, never from within read().
    virtual void on_read(const boost::system::error_code& error, std::size_t size) noexcept = 0;

   protected:
    ~Reader() = default;
  };

  Transport() = default;
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// When a read first looks for bytes: at once, or when the loop has done what is ready by then. A peer that
  /// was answered just now has sent nothing yet, and asking in vain is a system call.
  enum class Look : std::uint8_t { now, after_others };

  /// Reads at least a byte. `reader` is kept until on_read(), and so are the bytes of `into` meant to be.
  virtual void read(std::span<std::byte> into, std::shared_ptr<Reader> reader, Look look) = 0;

  /// Writes what goes out without waiting and returns how much that was (0 for TLS, which always waits). What
  /// is small counts as written when it is kept for the end of the loop's turn; then errors are the next
  /// write's, or the reader's.
  virtual std::size_t write_now(const WriteBuffers& buffers, boost::system::error_code& error) noexcept = 0;

  /// Whether bytes that count as written wait for the socket to take them; closing would lose them.
  [[nodiscard]] virtual bool owes() noexcept { return false; }

  /// Writes everything, with all that was written before. The bytes must live until it completes.
  [[nodiscard]] virtual boost::asio::awaitable<boost::system::error_code> write(WriteBuffers buffers) = 0;

  /// Tells the peer that nothing follows (FIN). Errors do not matter any more.
  virtual void shutdown_send() noexcept = 0;

  /// How close() ends the stream: in order, or with a reset that the peer cannot take for an end.
  enum class Ending : std::uint8_t { orderly, reset };

  /// Closes; reads and writes that are out complete with operation_aborted.
  virtual void close(Ending ending = Ending::orderly) noexcept = 0;

  [[nodiscard]] virtual boost::asio::ip::tcp::endpoint peer() const noexcept = 0;

  /// Whether the peer has closed its side or the connection is gone, although bytes from before may be
  /// unread. A system call.
  [[nodiscard]] virtual bool peer_has_closed() const noexcept = 0;

  /// Whether closing loses nothing: the peer's side has all that was written, and nothing of the peer's is
  /// unread, which would reset the connection. System calls.
  [[nodiscard]] virtual bool settled() const noexcept = 0;

  /// Whether TLS agreed on "h2".
  [[nodiscard]] virtual bool negotiated_h2() const noexcept { return false; }
};

/// Takes over a connected socket, which becomes non-blocking with TCP_NODELAY.
[[nodiscard]] std::unique_ptr<Transport> make_plain_transport(Socket socket);

/// Runs the server's side of the handshake. Fails with Errc::tls_handshake; with Errc::timeout after
/// `timeout`.
[[nodiscard]] boost::asio::awaitable<Result<std::unique_ptr<Transport>>> accept_tls(
    Socket socket, std::shared_ptr<const TlsServerContext> context, TimerWheel& wheel,
    std::chrono::milliseconds timeout);

/// Which protocols a TLS client offers.
enum class Alpn : std::uint8_t { h2_and_http_1_1, http_1_1, h2 };

/// Runs the client's side: SNI (for names, not addresses), verification of the chain and of `host`. Fails
/// with Errc::tls_certificate, Errc::tls_handshake, Errc::timeout, Errc::cancelled.
[[nodiscard]] boost::asio::awaitable<Result<std::unique_ptr<Transport>>> connect_tls(
    Socket socket, std::shared_ptr<const TlsClientContext> context, std::string host, Alpn alpn,
    TimerWheel& wheel, std::chrono::milliseconds timeout);

}  // namespace wisp::net
