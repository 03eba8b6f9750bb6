#include "net/transport.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <string_view>

namespace wisp::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Stream = asio::ssl::stream<Socket>;

class TlsTransport final : public Transport {
 public:
  TlsTransport(std::shared_ptr<Stream> stream, asio::ip::tcp::endpoint peer)
      : shared_(std::make_shared<Shared>(std::move(stream))), peer_(std::move(peer)) {
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(shared_->stream->native_handle(), &protocol, &size);
    h2_ = std::string_view(reinterpret_cast<const char*>(protocol), size) == "h2";
  }

  void read(std::span<std::byte> into, std::shared_ptr<Reader> reader, Look) override {
    shared_->stream->async_read_some(
        asio::buffer(into.data(), into.size()),
        [reader = std::move(reader), shared = shared_](const error_code& error, std::size_t size) {
          if (error && shared->shut && error.category() == asio::error::get_ssl_category()) {
            discard(shared, reader);
          } else {
            reader->on_read(error, size);
          }
        });
  }

  std::size_t write_now(const WriteBuffers&, error_code& error) noexcept override {
    error = {};
    return 0;
  }

  asio::awaitable<error_code> write(WriteBuffers buffers) override {
    // The stream is kept: its connection may close and let go of this transport while the write is out.
    const auto shared = shared_;
    error_code error;
    co_await asio::async_write(*shared->stream, buffers, asio::redirect_error(asio::use_awaitable, error));
    co_return error;
  }

  void shutdown_send() noexcept override {
    if (std::exchange(shared_->shut, true)) return;
    // close_notify, then FIN. The record is handed to the socket before the call returns unless its buffer is
    // full; the peer's own close_notify may come or not.
    shared_->stream->async_shutdown([shared = shared_](const error_code&) {});
    error_code ignored;
    shared_->stream->next_layer().shutdown(asio::socket_base::shutdown_send, ignored);
  }

  void close(Ending ending) noexcept override {
    error_code ignored;
    Socket& socket = shared_->stream->next_layer();
    if (ending == Ending::reset) socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
  }

  asio::ip::tcp::endpoint peer() const noexcept override { return peer_; }
  bool peer_has_closed() const noexcept override {
    return net::peer_has_closed(shared_->stream->next_layer());
  }
  bool settled() const noexcept override { return net::settled(shared_->stream->next_layer()); }
  bool negotiated_h2() const noexcept override { return h2_; }

 private:
  struct Shared {
    explicit Shared(std::shared_ptr<Stream> with) : stream(std::move(with)) {}
    std::shared_ptr<Stream> stream;
    bool shut = false;
    std::array<char, 4096> scratch{};
  };

  /// OpenSSL ends a session that receives data after close_notify. The peer may be sending still, and a close
  /// with unread input would reset what it has not read yet, so the rest is read as it comes and dropped.
  static void discard(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Reader>& reader) {
    shared->stream->next_layer().async_read_some(asio::buffer(shared->scratch),
                                                 [shared, reader](const error_code& error, std::size_t) {
                                                   if (error) {
                                                     reader->on_read(error, 0);
                                                   } else {
                                                     discard(shared, reader);
                                                   }
                                                 });
  }

  std::shared_ptr<Shared> shared_;
  asio::ip::tcp::endpoint peer_;
  bool h2_ = false;
};

struct Handshake {
  explicit Handshake(TimerWheel& wheel, Stream& on) : stream(on), timer(wheel, &Handshake::expired, this) {}
  static void expired(void* self) {
    auto* handshake = static_cast<Handshake*>(self);
    handshake->timed_out = true;
    error_code ignored;
    handshake->stream.next_layer().cancel(ignored);
  }
  Stream& stream;
  Timer timer;
  bool timed_out = false;
};

void prepare(Socket& socket) {
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
}

asio::awaitable<Result<std::unique_ptr<Transport>>> shake(Socket socket, SSL* ssl,
                                                          asio::ssl::stream_base::handshake_type side,
                                                          TimerWheel& wheel,
                                                          std::chrono::milliseconds timeout) {
  prepare(socket);
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  const auto stream = std::make_shared<Stream>(std::move(socket), ssl);
  Handshake handshake(wheel, *stream);
  handshake.timer.arm(timeout);
  ERR_clear_error();
  co_await stream->async_handshake(side, asio::redirect_error(asio::use_awaitable, error));
  handshake.timer.disarm();
  if (!error) co_return std::make_unique<TlsTransport>(stream, peer);
  if (handshake.timed_out) co_return fail(Errc::timeout, "the TLS handshake took too long");
  if (error == asio::error::operation_aborted)
    co_return fail(Errc::cancelled, "the TLS handshake was cancelled");
  const long verified = SSL_get_verify_result(ssl);
  if (side == asio::ssl::stream_base::client && verified != X509_V_OK) {
    co_return fail(Errc::tls_certificate, "the peer's certificate is refused: {}",
                   X509_verify_cert_error_string(verified));
  }
  co_return fail(Errc::tls_handshake, "the TLS handshake failed: {}", error.message());
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<Transport>>> accept_tls(
    Socket socket, std::shared_ptr<const TlsServerContext> context, TimerWheel& wheel,
    std::chrono::milliseconds timeout) {
  SSL* ssl = SSL_new(context->native());
  if (ssl == nullptr) co_return fail(Errc::tls_handshake, "OpenSSL has no memory");
  co_return co_await shake(std::move(socket), ssl, asio::ssl::stream_base::server, wheel, timeout);
}

asio::awaitable<Result<std::unique_ptr<Transport>>> connect_tls(
    Socket socket, std::shared_ptr<const TlsClientContext> context, std::string host, Alpn alpn,
    TimerWheel& wheel, std::chrono::milliseconds timeout) {
  using namespace std::string_view_literals;
  std::string_view offered;
  switch (alpn) {
    case Alpn::h2_and_http_1_1:
      offered = "\x02h2\x08http/1.1"sv;
      break;
    case Alpn::http_1_1:
      offered = "\x08http/1.1"sv;
      break;
    case Alpn::h2:
      offered = "\x02h2"sv;
      break;
  }
  SSL* ssl = SSL_new(context->native());
  if (ssl == nullptr) co_return fail(Errc::tls_handshake, "OpenSSL has no memory");
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl);
  error_code no_address;
  asio::ip::make_address(host, no_address);
  bool ready = SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(offered.data()),
                                   static_cast<unsigned>(offered.size())) == 0;
  if (no_address) {
    X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    ready = ready && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1 &&
            X509_VERIFY_PARAM_set1_host(verify, host.data(), host.size()) == 1;
  } else {
    ready = ready && X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) == 1;
  }
  if (!ready) {
    SSL_free(ssl);
    co_return fail(Errc::tls_handshake, "\"{}\" cannot be verified as a host name", host);
  }
  co_return co_await shake(std::move(socket), ssl, asio::ssl::stream_base::client, wheel, timeout);
}

}  // namespace wisp::net
