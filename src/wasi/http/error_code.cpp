#include "wasi/http/error_code.hpp"

namespace wisp::wasi::http {

using enum ErrorCase;

std::string_view name_of(const ErrorCode& code) noexcept {
  static constexpr auto kNames = wisp_case_labels(std::type_identity<ErrorCode>{});
  static_assert(kNames.size() == std::variant_size_v<decltype(ErrorCode::value)>);
  return kNames[code.value.index()];
}

ErrorCode server_error(const Error& error) {
  switch (error.code()) {
    case Errc::connection:
    case Errc::connection_closed:
    case Errc::http_incomplete:
      return ErrorCode::of<connection_terminated>();
    case Errc::timeout:
    case Errc::read_timeout:
      return ErrorCode::of<connection_read_timeout>();
    case Errc::http_limit:
      return ErrorCode::of<http_request_body_size>();
    case Errc::http_protocol:
      return ErrorCode::of<http_protocol_error>();
    default:
      return ErrorCode::of<internal_error>(error.message());
  }
}

ErrorCode client_error(const Error& error) {
  switch (error.code()) {
    case Errc::denied:
      return ErrorCode::of<destination_ip_prohibited>();
    case Errc::dns:
      return ErrorCode::of<dns_error>(DnsErrorPayload{.rcode = "SERVFAIL", .info_code = std::nullopt});
    case Errc::dns_not_found:
      return ErrorCode::of<dns_error>(DnsErrorPayload{.rcode = "NXDOMAIN", .info_code = std::nullopt});
    case Errc::connection_refused:
      return ErrorCode::of<connection_refused>();
    case Errc::connection:
    case Errc::connection_closed:
      return ErrorCode::of<connection_terminated>();
    case Errc::connection_timeout:
      return ErrorCode::of<connection_timeout>();
    // As other hosts do: the first byte and every other count as reading from the connection.
    case Errc::response_timeout:
    case Errc::read_timeout:
    case Errc::timeout:
      return ErrorCode::of<connection_read_timeout>();
    case Errc::no_capacity:
      return ErrorCode::of<connection_limit_reached>();
    case Errc::tls_handshake:
      return ErrorCode::of<tls_protocol_error>();
    case Errc::tls_certificate:
      return ErrorCode::of<tls_certificate_error>();
    case Errc::http_incomplete:
      return ErrorCode::of<http_response_incomplete>();
    case Errc::http_limit:
      return ErrorCode::of<http_response_header_section_size>();
    case Errc::http_protocol:
      return ErrorCode::of<http_protocol_error>();
    default:
      return ErrorCode::of<internal_error>(error.message());
  }
}

std::uint16_t status_for(const ErrorCode& code) noexcept {
  switch (code.which()) {
    case connection_limit_reached:
      return 503;
    case dns_timeout:
    case connection_timeout:
    case connection_read_timeout:
    case connection_write_timeout:
    case http_response_timeout:
      return 504;
    default:
      return 502;
  }
}

}  // namespace wisp::wasi::http
