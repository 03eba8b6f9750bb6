#include "wasi/sockets/udp.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace wisp::wasi {

namespace {

constexpr std::size_t kMaxDatagram = 65535;
constexpr int kMaxUnheard = 64;  // datagrams thrown away in one receive()

std::unexpected<SocketError> refused(SocketError error) { return std::unexpected(error); }

/// The port that a socket has, 0: none.
std::uint16_t port_of(int fd) {
  RawAddress local;
  local.size = sizeof local.storage;
  if (::getsockname(fd, local.get(), &local.size) != 0) return 0;
  return from_raw(local).port;
}

/// Takes the peer away. The local address becomes that of no route again unless it was bound; a port that
/// Linux chose itself is given back.
int dissolve(int fd) {
  sockaddr none{};
  none.sa_family = AF_UNSPEC;
  return ::connect(fd, &none, sizeof none);
}

/// As dissolve(), but the port stays with the socket whoever chose it.
int dissolve_but_port(int fd, AddressFamily family) {
  const auto port = port_of(fd);
  const int result = dissolve(fd);
  if (port == 0 || port_of(fd) != 0) return result;
  auto any = unspecified(family);
  any.port = port;
  const auto raw = to_raw(any);
  (void)::bind(fd, raw.get(), raw.size);
  return result;
}

}  // namespace

SocketResult<std::shared_ptr<UdpSocket>> UdpSocket::create(boost::asio::io_context& loop,
                                                           std::shared_ptr<NetworkAccess> access,
                                                           AddressFamily family) {
  auto socket = SocketFd::create(loop, family, SOCK_DGRAM);
  if (!socket) return refused(socket.error());
  return std::make_shared<UdpSocket>(std::move(*socket), std::move(access));
}

SocketResult<> UdpSocket::bind(const SocketAddress& local) {
  if (bound_) return refused(SocketError::invalid_state);
  if (!fits_family(local, family())) return refused(SocketError::invalid_argument);
  if (!access_->may_bind(local)) return refused(SocketError::access_denied);
  const auto raw = to_raw(local);
  if (::bind(socket_->get(), raw.get(), raw.size) != 0) {
    return refused(errno == EAFNOSUPPORT ? SocketError::invalid_argument : socket_error_from_errno(errno));
  }
  bound_ = true;
  return {};
}

SocketResult<> UdpSocket::connect(const SocketAddress& remote) {
  if (!fits_family(remote, family()) || !is_remote(remote)) return refused(SocketError::invalid_argument);
  if (!access_->may_hear(remote)) return refused(SocketError::access_denied);
  const auto raw = to_raw(remote);
  // The local address is that of the route to the new peer, not to the one before.
  if (remote_) (void)dissolve_but_port(socket_->get(), family());
  if (::connect(socket_->get(), raw.get(), raw.size) != 0) {
    const auto error = socket_error_from_errno(errno);
    (void)(bound_ ? dissolve_but_port(socket_->get(), family()) : dissolve(socket_->get()));
    remote_.reset();
    return refused(error);
  }
  bound_ = true;
  remote_ = remote;
  return {};
}

SocketResult<> UdpSocket::disconnect() {
  if (!remote_) return refused(SocketError::invalid_state);
  remote_.reset();
  if (dissolve_but_port(socket_->get(), family()) != 0) return socket_errno();
  return {};
}

SocketResult<> UdpSocket::send(ByteView data, const std::optional<SocketAddress>& to) {
  if (data.size() > kMaxDatagram) return refused(SocketError::datagram_too_large);
  if (!to && !remote_) return refused(SocketError::invalid_argument);
  const SocketAddress target = to ? *to : *remote_;
  if (!is_remote(target) || !fits_family(target, family())) return refused(SocketError::invalid_argument);
  if (remote_ && target != *remote_) return refused(SocketError::invalid_argument);
  if (!access_->may_reach(target)) return refused(SocketError::access_denied);
  const auto raw = to_raw(target);
  const ssize_t sent =
      remote_ ? ::send(socket_->get(), data.data(), data.size(), MSG_NOSIGNAL)
              : ::sendto(socket_->get(), data.data(), data.size(), MSG_NOSIGNAL, raw.get(), raw.size);
  if (sent < 0) return socket_errno();
  bound_ = true;
  return {};
}

SocketResult<Datagram> UdpSocket::receive() {
  if (!bound_) return refused(SocketError::invalid_state);
  // On the heap: this runs on a guest's stack.
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kMaxDatagram);
  for (int attempt = 0; attempt < kMaxUnheard; ++attempt) {
    RawAddress raw;
    raw.size = sizeof raw.storage;
    const ssize_t got = ::recvfrom(socket_->get(), buffer.get(), kMaxDatagram, 0, raw.get(), &raw.size);
    if (got < 0) return socket_errno();
    const auto remote = from_raw(raw);
    // What was queued before connect() still comes from others.
    if (remote_ && (remote.address != remote_->address || remote.port != remote_->port)) continue;
    if (!access_->may_hear(remote)) continue;
    return Datagram{Bytes(buffer.get(), buffer.get() + got), remote};
  }
  return refused(SocketError::would_block);
}

SocketResult<SocketAddress> UdpSocket::local_address() const {
  if (!bound_) return refused(SocketError::invalid_state);
  return socket_->local_address();
}

}  // namespace wisp::wasi
