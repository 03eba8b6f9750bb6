#pragma once

#include "component/link/channels.hpp"
#include "component/link/host.hpp"
#include "wasi/http/error_code.hpp"
#include "wasi/http/fields.hpp"
#include "wasi/reply.hpp"

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <variant>

/// Shapes of wasi:http/types 0.3, and its parts, one file each.
namespace wisp::wasi::p3 {

using component::Unit;

/// wasi:http/types.header-error
struct FieldsError {
  std::variant<Unit, Unit, Unit, Unit, std::optional<std::string>> value;
};
WISP_VARIANT(FieldsError, "invalid-syntax", "forbidden", "immutable", "size-exceeded", "other")

/// wasi:http/types.request-options-error
struct OptionsError {
  std::variant<Unit, Unit, std::optional<std::string>> value;
};
WISP_VARIANT(OptionsError, "not-supported", "immutable", "other")

/// wasi:http/types.fields
class HttpFields final : public component::HostResource {
 public:
  explicit HttpFields(http::FieldMap map = {}) : map_(std::move(map)) {}
  [[nodiscard]] http::FieldMap& map() noexcept { return map_; }

 private:
  http::FieldMap map_;
};

/// A `result` without payloads.
using Done = std::expected<void, Unit>;
template <class T = void>
using HttpReply = std::expected<T, http::ErrorCode>;

using BodyStream = component::Stream<std::uint8_t>;
/// How a body ended: trailers or none, or why it broke.
using Trailers = HttpReply<std::optional<std::unique_ptr<HttpFields>>>;
using TrailersFuture = component::Future<Trailers>;
/// How a message was transmitted, or handled.
using Transmission = HttpReply<>;
using TransmissionFuture = component::Future<Transmission>;

void add_http_fields(component::HostInterface& types);
void add_http_messages(component::HostInterface& types);

}  // namespace wisp::wasi::p3
