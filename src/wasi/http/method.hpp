#pragma once

#include "component/link/host_abi.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace wisp::wasi::http {

using component::Unit;

/// wasi:http/types.method, the same in 0.2 and 0.3. A plain value.
struct Method {
  std::variant<Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, std::string> value;
};
WISP_VARIANT(Method, "get", "head", "post", "put", "delete", "connect", "options", "trace", "patch", "other")

/// wasi:http/types.scheme, the same in 0.2 and 0.3. A plain value.
struct Scheme {
  std::variant<Unit, Unit, std::string> value;
};
WISP_VARIANT(Scheme, "HTTP", "HTTPS", "other")

[[nodiscard]] Method to_method(std::string_view token);
[[nodiscard]] std::string to_token(Method method);
[[nodiscard]] Scheme to_scheme(std::string_view text);
[[nodiscard]] std::string to_text(Scheme scheme);

}  // namespace wisp::wasi::http
