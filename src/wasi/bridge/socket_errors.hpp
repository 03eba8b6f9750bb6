#pragma once

#include "wasi/p2/sockets.hpp"
#include "wasi/p3/sockets.hpp"

/// What a provider of wasi:sockets says went wrong, for the other version.
namespace wisp::wasi::bridge {

/// The core's error. Cases that only the other version has become those that stand for them there: a
/// connection-broken of 0.3 and what is "other" are unknown.
[[nodiscard]] SocketError socket_error(p2::NetworkErrorCode code) noexcept;
[[nodiscard]] SocketError socket_error(const p3::SocketErrorCode& code) noexcept;
[[nodiscard]] SocketError socket_error(const p3::LookupErrorCode& code) noexcept;

/// As 0.3 says it: what belongs to calls in two steps, of which it has none, is an invalid state.
[[nodiscard]] p3::SocketErrorCode new_socket_error(p2::NetworkErrorCode code);

}  // namespace wisp::wasi::bridge
