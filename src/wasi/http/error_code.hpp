#pragma once

#include "base/result.hpp"
#include "component/link/host_abi.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace wisp::wasi::http {

using component::Unit;

struct DnsErrorPayload {
  std::optional<std::string> rcode;
  std::optional<std::uint16_t> info_code;
};
struct TlsAlertPayload {
  std::optional<std::uint8_t> alert_id;
  std::optional<std::string> alert_message;
};
struct FieldSizePayload {
  std::optional<std::string> field_name;
  std::optional<std::uint32_t> field_size;
};

/// The cases of ErrorCode in the order of the WIT.
enum class ErrorCase : std::uint8_t {
  dns_timeout,
  dns_error,
  destination_not_found,
  destination_unavailable,
  destination_ip_prohibited,
  destination_ip_unroutable,
  connection_refused,
  connection_terminated,
  connection_timeout,
  connection_read_timeout,
  connection_write_timeout,
  connection_limit_reached,
  tls_protocol_error,
  tls_certificate_error,
  tls_alert_received,
  http_request_denied,
  http_request_length_required,
  http_request_body_size,
  http_request_method_invalid,
  http_request_uri_invalid,
  http_request_uri_too_long,
  http_request_header_section_size,
  http_request_header_size,
  http_request_trailer_section_size,
  http_request_trailer_size,
  http_response_incomplete,
  http_response_header_section_size,
  http_response_header_size,
  http_response_body_size,
  http_response_trailer_section_size,
  http_response_trailer_size,
  http_response_transfer_coding,
  http_response_content_coding,
  http_response_timeout,
  http_upgrade_failed,
  http_protocol_error,
  loop_detected,
  configuration_error,
  internal_error,
};

/// wasi:http/types.error-code, the same in 0.2 and 0.3. A plain value.
struct ErrorCode {
  std::variant<Unit, DnsErrorPayload, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit,
               TlsAlertPayload, Unit, Unit, std::optional<std::uint64_t>, Unit, Unit, Unit,
               std::optional<std::uint32_t>, std::optional<FieldSizePayload>, std::optional<std::uint32_t>,
               FieldSizePayload, Unit, std::optional<std::uint32_t>, FieldSizePayload,
               std::optional<std::uint64_t>, std::optional<std::uint32_t>, FieldSizePayload,
               std::optional<std::string>, std::optional<std::string>, Unit, Unit, Unit, Unit, Unit,
               std::optional<std::string>>
      value;

  /// The case with that payload: `ErrorCode::of<ErrorCase::http_request_body_size>(5)`.
  template <ErrorCase C, class... A>
  [[nodiscard]] static ErrorCode of(A&&... payload) {
    ErrorCode code;
    code.value.emplace<static_cast<std::size_t>(C)>(std::forward<A>(payload)...);
    return code;
  }

  [[nodiscard]] ErrorCase which() const noexcept { return static_cast<ErrorCase>(value.index()); }
};

WISP_RECORD(DnsErrorPayload, ("rcode", "info-code"), value.rcode, value.info_code)
WISP_RECORD(TlsAlertPayload, ("alert-id", "alert-message"), value.alert_id, value.alert_message)
WISP_RECORD(FieldSizePayload, ("field-name", "field-size"), value.field_name, value.field_size)
WISP_VARIANT(ErrorCode, "DNS-timeout", "DNS-error", "destination-not-found", "destination-unavailable",
             "destination-IP-prohibited", "destination-IP-unroutable", "connection-refused",
             "connection-terminated", "connection-timeout", "connection-read-timeout",
             "connection-write-timeout", "connection-limit-reached", "TLS-protocol-error",
             "TLS-certificate-error", "TLS-alert-received", "HTTP-request-denied",
             "HTTP-request-length-required", "HTTP-request-body-size", "HTTP-request-method-invalid",
             "HTTP-request-URI-invalid", "HTTP-request-URI-too-long", "HTTP-request-header-section-size",
             "HTTP-request-header-size", "HTTP-request-trailer-section-size", "HTTP-request-trailer-size",
             "HTTP-response-incomplete", "HTTP-response-header-section-size", "HTTP-response-header-size",
             "HTTP-response-body-size", "HTTP-response-trailer-section-size", "HTTP-response-trailer-size",
             "HTTP-response-transfer-coding", "HTTP-response-content-coding", "HTTP-response-timeout",
             "HTTP-upgrade-failed", "HTTP-protocol-error", "loop-detected", "configuration-error",
             "internal-error")

/// The case as WIT spells it: "connection-refused".
[[nodiscard]] std::string_view name_of(const ErrorCode& code) noexcept;

/// What an Error of net/ means to a guest that reads a request body: the client's doings.
[[nodiscard]] ErrorCode server_error(const Error& error);

/// What an Error of net::http::Client means to the guest that sent the request.
[[nodiscard]] ErrorCode client_error(const Error& error);

/// The status that tells a client of the server that its handler answered with `code` (RFC 9110 §15.6): 502,
/// or 503 and 504 where the code means that.
[[nodiscard]] std::uint16_t status_for(const ErrorCode& code) noexcept;

}  // namespace wisp::wasi::http
