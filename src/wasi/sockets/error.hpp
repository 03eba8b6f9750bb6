#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

namespace wisp::wasi {

/// Why a socket operation failed: the cases that WASI 0.2 and 0.3 name.
enum class SocketError : std::uint8_t {
  unknown,
  access_denied,
  not_supported,
  invalid_argument,
  out_of_memory,
  timeout,
  concurrency_conflict,
  not_in_progress,
  would_block,
  invalid_state,
  new_socket_limit,
  address_not_bindable,
  address_in_use,
  remote_unreachable,
  connection_refused,
  connection_reset,
  connection_aborted,
  datagram_too_large,
  name_unresolvable,
  temporary_resolver_failure,
  permanent_resolver_failure,
  connection_broken,  ///< 0.3 only
};

template <class T = void>
using SocketResult = std::expected<T, SocketError>;

/// The case for an errno; `unknown` for one that has none.
[[nodiscard]] SocketError socket_error_from_errno(int error) noexcept;

/// The case for the current errno, ready to be returned.
[[nodiscard]] std::unexpected<SocketError> socket_errno() noexcept;

/// "connection-refused".
[[nodiscard]] std::string_view socket_error_name(SocketError error) noexcept;

}  // namespace wisp::wasi
