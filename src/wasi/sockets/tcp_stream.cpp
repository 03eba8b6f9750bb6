#include "wasi/sockets/tcp_stream.hpp"

#include <boost/asio/steady_timer.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace wisp::wasi {

namespace {

constexpr auto kLinger = std::chrono::seconds(10);

Failure socket_failure(SocketError error) { return Failure{std::string(socket_error_name(error)), error}; }

}  // namespace

StreamResult<ByteView> TcpSource::read(std::size_t max) {
  if (!end_.open()) return end_.take();
  if (max == 0) return ByteView();
  max = std::min(max, kMaxRead);
  if (buffer_.size() < max) buffer_.resize(max);
  const ssize_t got = ::recv(socket_->get(), buffer_.data(), max, 0);
  if (got > 0) return ByteView(buffer_.data(), static_cast<std::size_t>(got));
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return ByteView();
  if (got == 0) {
    end_.end();
  } else {
    end_.fail(socket_failure(socket_error_from_errno(errno)));
  }
  return end_.take();
}

bool TcpSource::ready() {
  if (!end_.open() || socket_->is_ready(POLLIN)) return true;
  socket_->arm_read();
  return false;
}

void TcpSource::shut_down() {
  if (!end_.open()) return;
  end_.end();
  ::shutdown(socket_->get(), SHUT_RD);
  socket_->readable().fire();
}

// Outlives its sink while bytes are still to be sent.
class TcpSink::Pump final : public Waiter, public std::enable_shared_from_this<Pump> {
 public:
  explicit Pump(std::shared_ptr<SocketFd> socket) : socket_(std::move(socket)) {}

  [[nodiscard]] EndState& end() noexcept { return end_; }
  [[nodiscard]] SocketFd& socket() noexcept { return *socket_; }
  [[nodiscard]] Signal& changed() noexcept { return changed_; }
  [[nodiscard]] bool sending() const noexcept { return sent_ < pending_.size(); }
  [[nodiscard]] bool closing() const noexcept { return closing_; }

  void write(ByteView bytes) {
    if (!sending()) {
      bytes = bytes.subspan(send(bytes));
      pending_.clear();
      sent_ = 0;
    }
    if (!end_.open()) return;
    pending_.insert(pending_.end(), bytes.begin(), bytes.end());
    if (sending()) wait();
  }

  void shut_down() {
    closing_ = true;
    if (!sending()) finish();
  }

  void linger() {
    if (!sending() || !end_.open()) return;
    timer_.emplace(socket_->loop(), kLinger);
    timer_->async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error) return;
      self->end_.end();
      self->link_.unlink();
      self->self_.reset();
    });
  }

  // Tells whoever waits for capacity, without pending bytes of our own.
  void watch() {
    if (!sending()) wait();
  }

 private:
  void wake() noexcept override {
    const auto self = shared_from_this();
    self_.reset();
    if (sending()) sent_ += send(ByteView(pending_).subspan(sent_));
    if (sending() && end_.open()) {
      wait();
      return;
    }
    pending_.clear();
    sent_ = 0;
    if (timer_) timer_.reset();
    if (closing_) finish();
    changed_.fire();
  }

  void wait() {
    if (sending()) self_ = shared_from_this();  // until everything is sent
    if (!link_.linked()) link_.link(socket_->writable(), *this);
    socket_->arm_write();
  }

  std::size_t send(ByteView bytes) {
    std::size_t total = 0;
    while (total < bytes.size()) {
      const ssize_t sent = ::send(socket_->get(), bytes.data() + total, bytes.size() - total, MSG_NOSIGNAL);
      if (sent >= 0) {
        total += static_cast<std::size_t>(sent);
      } else if (errno == EAGAIN) {
        return total;
      } else if (errno == EPIPE) {
        end_.end();
        return bytes.size();
      } else if (errno != EINTR) {
        end_.fail(socket_failure(socket_error_from_errno(errno)));
        return bytes.size();
      }
    }
    return total;
  }

  void finish() {
    if (!end_.open()) return;
    end_.end();
    ::shutdown(socket_->get(), SHUT_WR);
    changed_.fire();
  }

  std::shared_ptr<SocketFd> socket_;
  Bytes pending_;
  std::size_t sent_ = 0;  // of pending_
  bool closing_ = false;
  EndState end_;
  Signal changed_;
  SignalLink link_;
  std::shared_ptr<Pump> self_;
  std::optional<boost::asio::steady_timer> timer_;
};

TcpSink::TcpSink(std::shared_ptr<SocketFd> socket) : pump_(std::make_shared<Pump>(std::move(socket))) {}

TcpSink::~TcpSink() { pump_->linger(); }

StreamResult<std::size_t> TcpSink::capacity() {
  if (!pump_->end().open()) return pump_->end().take();
  if (pump_->sending() || pump_->closing()) return 0;
  return pump_->socket().is_ready(POLLOUT) ? kMaxRead : 0;
}

StreamResult<> TcpSink::write(ByteView bytes) {
  if (pump_->end().open() && !pump_->closing()) pump_->write(bytes);
  if (!pump_->end().open()) return pump_->end().take();
  return {};
}

StreamResult<> TcpSink::flush() {
  if (!pump_->end().open()) return pump_->end().take();
  return {};
}

bool TcpSink::ready() {
  if (!pump_->end().open()) return true;
  if (!pump_->sending() && !pump_->closing() && pump_->socket().is_ready(POLLOUT)) return true;
  pump_->watch();
  return false;
}

Signal& TcpSink::changed() noexcept { return pump_->changed(); }

void TcpSink::shut_down() {
  if (pump_->end().open()) pump_->shut_down();
}

}  // namespace wisp::wasi
