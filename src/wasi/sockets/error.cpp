#include "wasi/sockets/error.hpp"

#include <array>
#include <cerrno>

namespace wisp::wasi {

SocketError socket_error_from_errno(int error) noexcept {
  switch (error) {
    case EPERM:
    case EACCES:
      return SocketError::access_denied;
    case EADDRINUSE:
      return SocketError::address_in_use;
    case EADDRNOTAVAIL:
      return SocketError::address_not_bindable;
    case EAGAIN:
    case EINTR:
      return SocketError::would_block;
    case EALREADY:
      return SocketError::concurrency_conflict;
    case ETIMEDOUT:
      return SocketError::timeout;
    case EPIPE:
      return SocketError::connection_broken;
    case ECONNREFUSED:
      return SocketError::connection_refused;
    case ECONNRESET:
      return SocketError::connection_reset;
    case ECONNABORTED:
      return SocketError::connection_aborted;
    case EINVAL:
      return SocketError::invalid_argument;
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ENETUNREACH:
    case ENONET:
      return SocketError::remote_unreachable;
    case EISCONN:
    case ENOTCONN:
    case EDESTADDRREQ:
      return SocketError::invalid_state;
    case EMFILE:
    case ENFILE:
      return SocketError::new_socket_limit;
    case EMSGSIZE:
      return SocketError::datagram_too_large;
    case ENOMEM:
    case ENOBUFS:
      return SocketError::out_of_memory;
    case EOPNOTSUPP:
    case ENOPROTOOPT:
    case EPFNOSUPPORT:
    case EPROTONOSUPPORT:
    case EPROTOTYPE:
    case ESOCKTNOSUPPORT:
    case EAFNOSUPPORT:
      return SocketError::not_supported;
    default:
      return SocketError::unknown;
  }
}

std::unexpected<SocketError> socket_errno() noexcept {
  return std::unexpected(socket_error_from_errno(errno));
}

std::string_view socket_error_name(SocketError error) noexcept {
  static constexpr auto names = std::to_array<std::string_view>({"unknown",
                                                                 "access-denied",
                                                                 "not-supported",
                                                                 "invalid-argument",
                                                                 "out-of-memory",
                                                                 "timeout",
                                                                 "concurrency-conflict",
                                                                 "not-in-progress",
                                                                 "would-block",
                                                                 "invalid-state",
                                                                 "new-socket-limit",
                                                                 "address-not-bindable",
                                                                 "address-in-use",
                                                                 "remote-unreachable",
                                                                 "connection-refused",
                                                                 "connection-reset",
                                                                 "connection-aborted",
                                                                 "datagram-too-large",
                                                                 "name-unresolvable",
                                                                 "temporary-resolver-failure",
                                                                 "permanent-resolver-failure",
                                                                 "connection-broken"});
  const auto index = static_cast<std::size_t>(error);
  return index < names.size() ? names[index] : "unknown";
}

}  // namespace wisp::wasi
