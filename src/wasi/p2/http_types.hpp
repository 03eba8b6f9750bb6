#pragma once

#include "component/link/host.hpp"
#include "wasi/http/fields.hpp"
#include "wasi/p2/http.hpp"
#include "wasi/p2/http_resources.hpp"
#include "wasi/p2/reply.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <variant>

/// Shapes of wasi:http/types 0.2, and its parts, one file each.
namespace wisp::wasi::p2 {

using component::Unit;

/// wasi:http/types.method
struct Method {
  std::variant<Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, std::string> value;
};
WISP_VARIANT(Method, "get", "head", "post", "put", "delete", "connect", "options", "trace", "patch", "other")

/// wasi:http/types.scheme
struct Scheme {
  std::variant<Unit, Unit, std::string> value;
};
WISP_VARIANT(Scheme, "HTTP", "HTTPS", "other")

/// wasi:http/types.header-error
struct FieldsError {
  std::variant<Unit, Unit, Unit> value;
};
WISP_VARIANT(FieldsError, "invalid-syntax", "forbidden", "immutable")

/// A `result` without payloads.
using Done = std::expected<void, Unit>;
template <class T>
using Maybe = std::expected<T, Unit>;
template <class T = void>
using HttpReply = std::expected<T, http::ErrorCode>;

[[nodiscard]] Method to_method(std::string_view token);
[[nodiscard]] std::string to_token(Method method);
[[nodiscard]] Scheme to_scheme(std::string_view text);
[[nodiscard]] std::string to_text(Scheme scheme);

void add_http_fields(component::HostInterface& types);
void add_http_messages(component::HostInterface& types, const HttpOptions& options);
void add_http_bodies(component::HostInterface& types);

}  // namespace wisp::wasi::p2
