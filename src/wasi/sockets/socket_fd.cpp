#include "wasi/sockets/socket_fd.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace wisp::wasi {

SocketResult<std::shared_ptr<SocketFd>> SocketFd::create(boost::asio::io_context& loop, AddressFamily family,
                                                         int type) {
  const int domain = family == AddressFamily::ipv4 ? AF_INET : AF_INET6;
  UniqueFd fd(::socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return socket_errno();
  const int on = 1;
  if (family == AddressFamily::ipv6 &&
      ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
    return socket_errno();
  }
  return std::make_shared<SocketFd>(loop, std::move(fd), family);
}

SocketFd::SocketFd(boost::asio::io_context& loop, UniqueFd fd, AddressFamily family)
    : loop_(loop), fd_(std::move(fd)), family_(family) {}

SocketFd::~SocketFd() {
  // The descriptor is closed by fd_; asio only has to forget it.
  if (events_) events_->release();
}

bool SocketFd::is_ready(short events) const noexcept {
  pollfd one{fd_.get(), events, 0};
  return ::poll(&one, 1, 0) > 0;
}

boost::asio::posix::stream_descriptor& SocketFd::events() {
  if (!events_) events_.emplace(loop_, fd_.get());
  return *events_;
}

void SocketFd::arm_read() {
  if (signals_->read_armed) return;
  signals_->read_armed = true;
  events().async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [signals = signals_](const boost::system::error_code&) {
                        signals->read_armed = false;
                        signals->readable.fire();
                      });
}

void SocketFd::arm_write() {
  if (signals_->write_armed) return;
  signals_->write_armed = true;
  events().async_wait(boost::asio::posix::stream_descriptor::wait_write,
                      [signals = signals_](const boost::system::error_code&) {
                        signals->write_armed = false;
                        signals->writable.fire();
                      });
}

SocketResult<SocketAddress> SocketFd::local_address() const {
  RawAddress raw;
  raw.size = sizeof raw.storage;
  if (::getsockname(fd_.get(), raw.get(), &raw.size) != 0) return socket_errno();
  return from_raw(raw);
}

SocketResult<SocketAddress> SocketFd::remote_address() const {
  RawAddress raw;
  raw.size = sizeof raw.storage;
  if (::getpeername(fd_.get(), raw.get(), &raw.size) != 0) return socket_errno();
  return from_raw(raw);
}

bool SocketReadiness::ready() {
  if (socket_->is_ready(event_)) return true;
  event_ == POLLIN ? socket_->arm_read() : socket_->arm_write();
  return false;
}

Signal& SocketReadiness::changed() noexcept {
  return event_ == POLLIN ? socket_->readable() : socket_->writable();
}

}  // namespace wisp::wasi
