#pragma once

#include "component/link/host.hpp"
#include "wasi/http/fields.hpp"
#include "wasi/http/method.hpp"
#include "wasi/p2/http.hpp"
#include "wasi/p2/http_resources.hpp"
#include "wasi/reply.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <variant>

/// Shapes of wasi:http/types 0.2, and its parts, one file each.
namespace wisp::wasi::p2 {

using component::Unit;

using http::Method;
using http::Scheme;
using http::to_method;
using http::to_scheme;
using http::to_text;
using http::to_token;

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

void add_http_fields(component::HostInterface& types);
void add_http_messages(component::HostInterface& types, const HttpOptions& options);
void add_http_bodies(component::HostInterface& types);

}  // namespace wisp::wasi::p2
