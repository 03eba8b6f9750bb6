#include "net/transport.hpp"

#include "net/event.hpp"
#include "net/send_batch.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <vector>

namespace wisp::net {
namespace {

namespace asio = boost::asio;

class PlainTransport;

/// What a socket did not take of a small write that counts as written. Held by the write of it.
struct Rest {
  PlainTransport* owner;  // null: gone
  std::vector<std::byte> bytes;
  std::size_t sent = 0;
  Event written;
  bool then_shut_down = false;
};

class PlainTransport final : public Transport, private SendBatch::Sender {
 public:
  explicit PlainTransport(Socket socket)
      : socket_(std::move(socket)),
        batch_(
            asio::use_service<SendBatch>(static_cast<asio::io_context&>(socket_.get_executor().context()))) {
    boost::system::error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    peer_ = socket_.remote_endpoint(ignored);
  }
  ~PlainTransport() override {
    send_batched();
    if (rest_) rest_->owner = nullptr;
  }

  void read(std::span<std::byte> into, std::shared_ptr<Reader> reader, Look look) override {
    if (look == Look::now) return read(into, std::move(reader));
    asio::post(socket_.get_executor(),
               [this, into, reader = std::move(reader)]() mutable { read(into, std::move(reader)); });
  }

  std::size_t write_now(const WriteBuffers& buffers, boost::system::error_code& error) noexcept override {
    send_batched();
    error = broken_;
    if (error || rest_) return 0;
    const std::size_t size = asio::buffer_size(buffers);
    if (size == 0) return 0;
    if (batch_.add(*this, socket_.native_handle(), buffers, size)) {
      batched_ = true;
      return size;
    }
    return send(buffers, error);
  }

  asio::awaitable<boost::system::error_code> write(WriteBuffers buffers) override {
    send_batched();
    if (const auto rest = rest_) {
      if (!co_await rest->written.wait()) co_return asio::error::operation_aborted;
    }
    boost::system::error_code error = broken_;
    if (!error)
      co_await asio::async_write(socket_, buffers, asio::redirect_error(asio::use_awaitable, error));
    co_return error;
  }

  void shutdown_send() noexcept override {
    send_batched();
    if (rest_) {
      rest_->then_shut_down = true;
      return;
    }
    boost::system::error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  }

  void close(Ending ending) noexcept override {
    send_batched();
    boost::system::error_code ignored;
    if (ending == Ending::reset) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
  }

  asio::ip::tcp::endpoint peer() const noexcept override { return peer_; }
  bool peer_has_closed() const noexcept override { return net::peer_has_closed(socket_); }
  bool owes() noexcept override {
    send_batched();
    return rest_ != nullptr;
  }
  bool settled() const noexcept override { return !batched_ && !rest_ && net::settled(socket_); }

 private:
  void read(std::span<std::byte> into, std::shared_ptr<Reader> reader) {
    socket_.async_read_some(asio::buffer(into.data(), into.size()),
                            [reader = std::move(reader)](const boost::system::error_code& error,
                                                         std::size_t size) { reader->on_read(error, size); });
  }

  /// Ends what is in the batch: before the socket is used in any other way.
  void send_batched() noexcept {
    if (batched_) batch_.flush();
  }

  // One system call, and send() where there is one buffer: it is the cheaper of the two.
  std::size_t send(const WriteBuffers& buffers, boost::system::error_code& error) noexcept {
    std::array<iovec, std::tuple_size_v<WriteBuffers>> parts;
    std::size_t count = 0;
    for (const auto& buffer : buffers) {
      if (buffer.size() == 0) continue;
      parts[count++] = {.iov_base = const_cast<void*>(buffer.data()), .iov_len = buffer.size()};
    }
    ssize_t sent = 0;
    do {
      if (count == 1) {
        sent =
            ::send(socket_.native_handle(), parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
      } else {
        const msghdr message{.msg_name = nullptr,
                             .msg_namelen = 0,
                             .msg_iov = parts.data(),
                             .msg_iovlen = count,
                             .msg_control = nullptr,
                             .msg_controllen = 0,
                             .msg_flags = 0};
        sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
      }
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno != EAGAIN && errno != EWOULDBLOCK) error.assign(errno, boost::system::system_category());
    return 0;
  }

  void on_sent(std::span<const std::byte> unsent, const boost::system::error_code& error) noexcept override {
    batched_ = false;
    broken_ = error;
    if (error || unsent.empty()) return;
    rest_ = std::make_shared<Rest>(this, std::vector(unsent.begin(), unsent.end()));
    write_rest();
  }

  // Piece by piece, since what is composed of several writes would look at a socket that has gone meanwhile.
  void write_rest() noexcept {
    const auto left = std::span<const std::byte>(rest_->bytes).subspan(rest_->sent);
    socket_.async_write_some(asio::buffer(left.data(), left.size()),
                             [rest = rest_](const boost::system::error_code& error, std::size_t size) {
                               if (rest->owner != nullptr) rest->owner->rest_went_on(error, size);
                             });
  }

  void rest_went_on(const boost::system::error_code& error, std::size_t size) noexcept {
    rest_->sent += size;
    if (!error && rest_->sent < rest_->bytes.size()) return write_rest();
    const auto rest = std::exchange(rest_, nullptr);
    broken_ = error;
    if (rest->then_shut_down) shutdown_send();
    rest->written.fire();
  }

  Socket socket_;
  SendBatch& batch_;
  asio::ip::tcp::endpoint peer_;
  std::shared_ptr<Rest> rest_;
  boost::system::error_code broken_;
  bool batched_ = false;
};

}  // namespace

bool peer_has_closed(const Socket& socket) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(const_cast<Socket&>(socket).native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
    return true;
  return info.tcpi_state != TCP_ESTABLISHED;
}

bool settled(const Socket& socket) noexcept {
  const int descriptor = const_cast<Socket&>(socket).native_handle();
  int unread = 0;
  int unsent = 0;
  if (::ioctl(descriptor, FIONREAD, &unread) != 0 || ::ioctl(descriptor, SIOCOUTQ, &unsent) != 0) return true;
  return unread == 0 && unsent == 0;
}

std::unique_ptr<Transport> make_plain_transport(Socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

}  // namespace wisp::net
