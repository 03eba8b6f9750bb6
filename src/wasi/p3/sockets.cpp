#include "wasi/p3/sockets.hpp"

#include <cstddef>
#include <string_view>

namespace wisp::wasi::p3 {

namespace {

// The names of the cases are the core's, so the labels are the table. The last case is "other".
template <class Code>
Code named(SocketError error) {
  constexpr auto labels = wisp_case_labels(std::type_identity<Code>{});
  constexpr std::size_t kOther = labels.size() - 1;
  const std::string_view name = socket_error_name(error);
  Code code;
  const bool found = [&]<std::size_t... I>(std::index_sequence<I...>) {
    return ((labels[I] == name && (code.value.template emplace<I>(), true)) || ...);
  }(std::make_index_sequence<kOther>());
  if (!found) {
    auto& text = code.value.template emplace<kOther>();
    if (error != SocketError::unknown) text.emplace(name);
  }
  return code;
}

}  // namespace

SocketErrorCode to_socket_error(SocketError error) { return named<SocketErrorCode>(error); }
LookupErrorCode to_lookup_error(SocketError error) { return named<LookupErrorCode>(error); }

}  // namespace wisp::wasi::p3
