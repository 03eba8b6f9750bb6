#include "wasi/sockets/tcp.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace wisp::wasi {

namespace {

std::unexpected<SocketError> refused(SocketError error) { return std::unexpected(error); }

// Linux reports what happened to a connection that was waiting as an error of accept() itself.
SocketError accept_error(int error) {
  switch (error) {
    case ECONNRESET:
    case ENETRESET:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ENETUNREACH:
    case EPROTO:
    case ENOPROTOOPT:
    case ENONET:
    case EOPNOTSUPP:
      return SocketError::connection_aborted;
    default:
      return socket_error_from_errno(error);
  }
}

}  // namespace

SocketResult<std::shared_ptr<TcpSocket>> TcpSocket::create(boost::asio::io_context& loop,
                                                           std::shared_ptr<NetworkAccess> access,
                                                           AddressFamily family) {
  auto socket = SocketFd::create(loop, family, SOCK_STREAM);
  if (!socket) return refused(socket.error());
  return std::make_shared<TcpSocket>(std::move(*socket), std::move(access), State::unbound);
}

SocketResult<> TcpSocket::bind_now(const SocketAddress& local) {
  const int on = 1;
  (void)::setsockopt(socket_->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto raw = to_raw(local);
  if (::bind(socket_->get(), raw.get(), raw.size) != 0) {
    return refused(errno == EAFNOSUPPORT ? SocketError::invalid_argument : socket_error_from_errno(errno));
  }
  state_ = State::bound;
  return {};
}

SocketResult<> TcpSocket::bind(const SocketAddress& local) {
  if (state_ != State::unbound) return refused(SocketError::invalid_state);
  if (!is_unicast(local) || !fits_family(local, family())) return refused(SocketError::invalid_argument);
  if (!access_->may_bind(local)) return refused(SocketError::access_denied);
  return bind_now(local);
}

SocketResult<> TcpSocket::connect(const SocketAddress& remote) {
  if (state_ != State::unbound && state_ != State::bound) return refused(SocketError::invalid_state);
  if (!is_unicast(remote) || !is_remote(remote) || !fits_family(remote, family())) {
    return refused(SocketError::invalid_argument);
  }
  if (!access_->may_reach(remote)) return refused(SocketError::access_denied);
  // An unbound socket is left so: binding it here would use up local ports sooner.
  const auto raw = to_raw(remote);
  if (::connect(socket_->get(), raw.get(), raw.size) != 0 && errno != EINPROGRESS) {
    connect_error_ = socket_error_from_errno(errno);
  }
  state_ = State::connecting;
  return {};
}

SocketResult<> TcpSocket::finish_connect() {
  if (state_ != State::connecting) return refused(SocketError::invalid_state);
  if (!connect_error_) {
    if (!socket_->is_ready(POLLOUT)) return refused(SocketError::would_block);
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket_->get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error == 0) {
      state_ = State::connected;
      return {};
    }
    connect_error_ = socket_error_from_errno(error);
  }
  state_ = State::closed;
  return refused(*connect_error_);
}

void TcpSocket::cancel_connect() noexcept {
  if (state_ != State::connecting) return;
  sockaddr none{};
  none.sa_family = AF_UNSPEC;
  (void)::connect(socket_->get(), &none, sizeof none);
  state_ = State::closed;
}

SocketResult<> TcpSocket::listen() {
  if (state_ != State::unbound && state_ != State::bound) return refused(SocketError::invalid_state);
  if (!access_->may_listen()) return refused(SocketError::access_denied);
  if (state_ == State::unbound) {
    if (auto bound = bind_now(unspecified(family())); !bound) return bound;
  }
  if (::listen(socket_->get(), backlog_) != 0) return socket_errno();
  state_ = State::listening;
  return {};
}

SocketResult<std::shared_ptr<TcpSocket>> TcpSocket::accept() {
  if (state_ != State::listening) return refused(SocketError::invalid_state);
  UniqueFd client(::accept4(socket_->get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!client) return refused(accept_error(errno));
  auto accepted = std::make_shared<SocketFd>(socket_->loop(), std::move(client), family());
  return std::make_shared<TcpSocket>(std::move(accepted), access_, State::connected);
}

SocketResult<> TcpSocket::set_backlog(std::uint64_t connections) {
  if (connections == 0) return refused(SocketError::invalid_argument);
  const auto backlog =
      static_cast<int>(std::min<std::uint64_t>(connections, std::numeric_limits<int>::max()));
  switch (state_) {
    case State::unbound:
    case State::bound:
      break;
    case State::listening:
      if (::listen(socket_->get(), backlog) != 0) return refused(SocketError::not_supported);
      break;
    case State::connecting:
    case State::connected:
    case State::closed:
      return refused(SocketError::invalid_state);
  }
  backlog_ = backlog;
  return {};
}

SocketResult<SocketAddress> TcpSocket::local_address() const {
  if (state_ == State::unbound || state_ == State::connecting || state_ == State::closed) {
    return refused(SocketError::invalid_state);
  }
  return socket_->local_address();
}

SocketResult<SocketAddress> TcpSocket::remote_address() const {
  if (state_ != State::connected) return refused(SocketError::invalid_state);
  return socket_->remote_address();
}

const std::shared_ptr<TcpSource>& TcpSocket::source() {
  if (!source_ && state_ == State::connected) source_ = std::make_shared<TcpSource>(socket_);
  return source_;
}

const std::shared_ptr<TcpSink>& TcpSocket::sink() {
  if (!sink_ && state_ == State::connected) sink_ = std::make_shared<TcpSink>(socket_);
  return sink_;
}

bool TcpSocket::ready() {
  if (state_ == State::connecting) {
    if (connect_error_ || socket_->is_ready(POLLOUT)) return true;
    socket_->arm_write();
    return false;
  }
  if (state_ == State::listening) {
    if (socket_->is_ready(POLLIN)) return true;
    socket_->arm_read();
    return false;
  }
  return true;
}

Signal& TcpSocket::changed() noexcept {
  return state_ == State::listening ? socket_->readable() : socket_->writable();
}

}  // namespace wisp::wasi
