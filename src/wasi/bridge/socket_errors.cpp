#include "wasi/bridge/socket_errors.hpp"

#include <string_view>
#include <type_traits>

namespace wisp::wasi::bridge {

namespace {

constexpr auto kLast = SocketError::connection_broken;

/// The cases have the core's names.
template <class Code>
SocketError named(const Code& code) noexcept {
  constexpr auto labels = wisp_case_labels(std::type_identity<Code>{});
  const std::string_view name = labels[code.value.index()];
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(kLast); ++i)
    if (socket_error_name(static_cast<SocketError>(i)) == name) return static_cast<SocketError>(i);
  return SocketError::unknown;
}

}  // namespace

SocketError socket_error(p2::NetworkErrorCode code) noexcept { return static_cast<SocketError>(code); }
SocketError socket_error(const p3::SocketErrorCode& code) noexcept { return named(code); }
SocketError socket_error(const p3::LookupErrorCode& code) noexcept { return named(code); }

p3::SocketErrorCode new_socket_error(p2::NetworkErrorCode code) {
  const SocketError error = socket_error(code);
  const bool steps = error == SocketError::concurrency_conflict || error == SocketError::not_in_progress ||
                     error == SocketError::would_block;
  return p3::to_socket_error(steps ? SocketError::invalid_state : error);
}

}  // namespace wisp::wasi::bridge
