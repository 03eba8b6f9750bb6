#pragma once

#include "component/link/host_abi.hpp"
#include "wasi/ip_address.hpp"
#include "wasi/reply.hpp"
#include "wasi/sockets/error.hpp"

#include <expected>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

/// What the interfaces of wasi:sockets 0.3 share.
namespace wisp::wasi::p3 {

using component::Unit;

/// wasi:sockets/types.error-code
struct SocketErrorCode {
  std::variant<Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit,
               std::optional<std::string>>
      value;
};
WISP_VARIANT(SocketErrorCode, "access-denied", "not-supported", "invalid-argument", "out-of-memory",
             "timeout", "invalid-state", "address-not-bindable", "address-in-use", "remote-unreachable",
             "connection-refused", "connection-broken", "connection-reset", "connection-aborted",
             "datagram-too-large", "other")

/// wasi:sockets/ip-name-lookup.error-code
struct LookupErrorCode {
  std::variant<Unit, Unit, Unit, Unit, Unit, std::optional<std::string>> value;
};
WISP_VARIANT(LookupErrorCode, "access-denied", "invalid-argument", "name-unresolvable",
             "temporary-resolver-failure", "permanent-resolver-failure", "other")

/// The case of that name; an error without a case is "other" with its name.
[[nodiscard]] SocketErrorCode to_socket_error(SocketError error);
[[nodiscard]] LookupErrorCode to_lookup_error(SocketError error);

template <class T = void>
using SocketReply = std::expected<T, SocketErrorCode>;

[[nodiscard]] inline Refusal<SocketErrorCode> refuse(SocketError error) {
  return Refusal(to_socket_error(error));
}

/// A core result as the guest is told it.
template <class T>
[[nodiscard]] SocketReply<T> reply(SocketResult<T> result) {
  if (!result) return refuse(result.error());
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return std::move(*result);
  }
}

}  // namespace wisp::wasi::p3
