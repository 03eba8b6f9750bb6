#pragma once

#include "component/link/wit_provider.hpp"
#include "wasi/bridge/adapter.hpp"
#include "wasi/bridge/socket_errors.hpp"

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// The resources of wasi:sockets that providers define, and how calls of their functions are passed on.
namespace wisp::wasi::bridge {

struct OldNetwork {
  static constexpr std::string_view kInterface = "wasi:sockets/network@0.2", kName = "network";
};
struct OldAddresses {
  static constexpr std::string_view kInterface = "wasi:sockets/ip-name-lookup@0.2",
                                    kName = "resolve-address-stream";
};
struct OldTcp {
  static constexpr std::string_view kInterface = "wasi:sockets/tcp@0.2", kName = "tcp-socket";
};
struct OldUdp {
  static constexpr std::string_view kInterface = "wasi:sockets/udp@0.2", kName = "udp-socket";
};
struct OldIncoming {
  static constexpr std::string_view kInterface = "wasi:sockets/udp@0.2", kName = "incoming-datagram-stream";
};
struct OldOutgoing {
  static constexpr std::string_view kInterface = "wasi:sockets/udp@0.2", kName = "outgoing-datagram-stream";
};
struct NewTcp {
  static constexpr std::string_view kInterface = "wasi:sockets/types@0.3", kName = "tcp-socket";
};
struct NewUdp {
  static constexpr std::string_view kInterface = "wasi:sockets/types@0.3", kName = "udp-socket";
};

/// All bridges of wasi:sockets share the provider's instance.
inline constexpr std::string_view kSockets = "wasi:sockets";

[[nodiscard]] inline p2::NetworkErrorCode other_code(const p3::SocketErrorCode& code) {
  return p2::to_network_error(socket_error(code));
}
[[nodiscard]] inline p3::SocketErrorCode other_code(p2::NetworkErrorCode code) {
  return new_socket_error(code);
}

/// What a provider answered, as the other version says it.
template <class Mine, class Theirs>
[[nodiscard]] Mine other_version(Theirs answer) {
  if constexpr (std::is_same_v<Mine, Theirs>) {
    return answer;
  } else {
    if (!answer) return Refusal(other_code(answer.error()));
    if constexpr (std::is_void_v<typename Theirs::value_type>) {
      return {};
    } else {
      return *std::move(answer);
    }
  }
}

/// "[method]tcp-socket.name"
template <component::NamesResource R>
[[nodiscard]] std::string method(std::string_view name) {
  return fmt::format("[method]{}.{}", R::kName, name);
}

/// A provider's method on its resource R.
template <component::NamesResource R, class Answer, class... A>
using Method = component::ProviderFunction<Answer(component::Lent<R>, A...)>;

template <component::NamesResource R, class Answer, class... A>
[[nodiscard]] Result<Method<R, Answer, A...>> find_method(const component::ProviderRef& from,
                                                          std::string_view name) {
  return Method<R, Answer, A...>::find(from, {std::string(R::kInterface), method<R>(name)});
}

/// A method of R that `make` makes.
template <component::NamesResource R>
[[nodiscard]] Adapted made(std::string_view name, Adapted::Make make) {
  return {.name = method<R>(name), .stand_in = {}, .make = std::move(make)};
}

/// A method of the bridge's class Handle that is the provider's method `theirs` with an answer of the other
/// version. Handle: its socket() is a Foreign.
template <class Handle, class Mine, class Theirs, class... A>
[[nodiscard]] Adapted passed_on(std::string name, std::string theirs) {
  using R = typename Handle::Theirs;
  return {.name = method<R>(name),
          .stand_in = {},
          .make = [name = std::move(theirs)](const component::ProviderRef& from, const std::string&)
              -> Result<std::unique_ptr<component::HostFunction>> {
            auto function = TRY((find_method<R, Theirs, A...>(from, name)));
            return component::make_host_function(
                [function = std::move(function)](component::Caller& caller, Handle& self,
                                                 A... arguments) -> Result<Mine> {
                  const auto& socket = self.socket();
                  return other_version<Mine>(
                      TRY(function.call_in(socket.tree(), caller, socket, std::move(arguments)...)));
                });
          }};
}

}  // namespace wisp::wasi::bridge
