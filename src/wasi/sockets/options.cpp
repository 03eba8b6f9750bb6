#include "wasi/sockets/options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>

namespace wisp::wasi::options {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

SocketResult<int> get(const SocketFd& socket, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(socket.get(), level, name, &value, &size) != 0) return socket_errno();
  return value;
}

SocketResult<> set(const SocketFd& socket, int level, int name, int value) {
  if (::setsockopt(socket.get(), level, name, &value, sizeof value) != 0) return socket_errno();
  return {};
}

template <class T, class F>
SocketResult<T> as(const SocketResult<int>& value, F convert) {
  if (!value) return std::unexpected(value.error());
  return static_cast<T>(convert(*value));
}

SocketResult<> set_seconds(const SocketFd& socket, int name, std::uint64_t nanoseconds) {
  if (nanoseconds == 0) return std::unexpected(SocketError::invalid_argument);
  // At least a second, so that nothing is rounded to zero; at most what Linux takes.
  const auto seconds =
      std::clamp<std::uint64_t>(nanoseconds / kSecond, 1, std::numeric_limits<std::int16_t>::max());
  return set(socket, IPPROTO_TCP, name, static_cast<int>(seconds));
}

SocketResult<std::uint64_t> get_seconds(const SocketFd& socket, int name) {
  return as<std::uint64_t>(get(socket, IPPROTO_TCP, name),
                           [](int seconds) { return static_cast<std::uint64_t>(seconds) * kSecond; });
}

SocketResult<> set_buffer(const SocketFd& socket, int name, std::uint64_t bytes) {
  if (bytes == 0) return std::unexpected(SocketError::invalid_argument);
  // The kernel doubles what it is given.
  return set(socket, SOL_SOCKET, name, static_cast<int>(std::min<std::uint64_t>(bytes, 1u << 30)));
}

SocketResult<std::uint64_t> get_buffer(const SocketFd& socket, int name) {
  return as<std::uint64_t>(get(socket, SOL_SOCKET, name), [](int doubled) { return doubled / 2; });
}

}  // namespace

SocketResult<bool> keep_alive(const SocketFd& socket) {
  return as<bool>(get(socket, SOL_SOCKET, SO_KEEPALIVE), [](int value) { return value != 0; });
}
SocketResult<> set_keep_alive(const SocketFd& socket, int on) {
  return set(socket, SOL_SOCKET, SO_KEEPALIVE, on);
}

SocketResult<std::uint64_t> keep_alive_idle(const SocketFd& socket) {
  return get_seconds(socket, TCP_KEEPIDLE);
}
SocketResult<> set_keep_alive_idle(const SocketFd& socket, std::uint64_t nanoseconds) {
  return set_seconds(socket, TCP_KEEPIDLE, nanoseconds);
}
SocketResult<std::uint64_t> keep_alive_interval(const SocketFd& socket) {
  return get_seconds(socket, TCP_KEEPINTVL);
}
SocketResult<> set_keep_alive_interval(const SocketFd& socket, std::uint64_t nanoseconds) {
  return set_seconds(socket, TCP_KEEPINTVL, nanoseconds);
}
SocketResult<std::uint32_t> keep_alive_count(const SocketFd& socket) {
  return as<std::uint32_t>(get(socket, IPPROTO_TCP, TCP_KEEPCNT), [](int value) { return value; });
}
SocketResult<> set_keep_alive_count(const SocketFd& socket, std::uint32_t count) {
  if (count == 0) return std::unexpected(SocketError::invalid_argument);
  return set(socket, IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(std::min<std::uint32_t>(count, 127)));
}

SocketResult<std::uint8_t> hop_limit(const SocketFd& socket) {
  return as<std::uint8_t>(socket.family() == AddressFamily::ipv4
                              ? get(socket, IPPROTO_IP, IP_TTL)
                              : get(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS),
                          [](int value) { return value; });
}
SocketResult<> set_hop_limit(const SocketFd& socket, std::uint8_t hops) {
  if (hops == 0) return std::unexpected(SocketError::invalid_argument);
  return socket.family() == AddressFamily::ipv4 ? set(socket, IPPROTO_IP, IP_TTL, hops)
                                                : set(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS, hops);
}

SocketResult<std::uint64_t> receive_buffer(const SocketFd& socket) { return get_buffer(socket, SO_RCVBUF); }
SocketResult<> set_receive_buffer(const SocketFd& socket, std::uint64_t bytes) {
  return set_buffer(socket, SO_RCVBUF, bytes);
}
SocketResult<std::uint64_t> send_buffer(const SocketFd& socket) { return get_buffer(socket, SO_SNDBUF); }
SocketResult<> set_send_buffer(const SocketFd& socket, std::uint64_t bytes) {
  return set_buffer(socket, SO_SNDBUF, bytes);
}

}  // namespace wisp::wasi::options
