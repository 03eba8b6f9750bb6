#include "wasi/http/message.hpp"

#include <gtest/gtest.h>

namespace wisp::wasi::http {
namespace {

TEST(HttpMessage, ContentLengthIsOneNumber) {
  const struct {
    std::vector<std::string> values;
    bool valid;
    std::optional<std::uint64_t> length;
  } kCases[] = {
      {{}, true, std::nullopt}, {{"0"}, true, 0},        {{"18446744073709551615"}, true, UINT64_MAX},
      {{"5", "5"}, true, 5},    {{"5", "6"}, false, {}}, {{"+5"}, false, {}},
      {{"-1"}, false, {}},      {{""}, false, {}},       {{"18446744073709551616"}, false, {}},
      {{"5, 5"}, false, {}},    {{"0x5"}, false, {}},
  };
  for (const auto& one : kCases) {
    net::http::Fields fields;
    for (const auto& value : one.values) ASSERT_TRUE(fields.add("Content-Length", value));
    const auto length = content_length(fields);
    EXPECT_EQ(length.has_value(), one.valid);
    if (length && one.valid) EXPECT_EQ(*length, one.length);
  }
}

TEST(HttpMessage, KnowsTargetsAndSchemes) {
  for (const char* path : {"", "/", "/a?b=c&d", "*", "?q", "/[x]|y", "/\xc3\xa9", "/%00"})
    EXPECT_TRUE(is_path_with_query(path)) << path;
  for (const char* path : {"a", "/a b", "/a\r\nX: y", "/a#b", "http://x/", "/\t", "/\x7f"})
    EXPECT_FALSE(is_path_with_query(path)) << path;
  for (const char* scheme : {"http", "HTTPS", "a+b-c.1"}) EXPECT_TRUE(is_scheme(scheme)) << scheme;
  for (const char* scheme : {"", "1a", "a b", "a:", "\xc3\xa9"}) EXPECT_FALSE(is_scheme(scheme)) << scheme;
}

TEST(HttpMessage, ARequestOutlivesItsConnection) {
  boost::asio::io_context loop;
  auto head = std::make_unique<net::http::RequestHead>();
  head->method = "GET";
  head->path_with_query = "/path";
  ASSERT_TRUE(head->fields.add("x", "1"));
  ASSERT_TRUE(head->fields.add("proxy-authorization", "secret"));
  IncomingRequest request(loop, *head, nullptr);
  request.detach();
  head.reset();
  EXPECT_EQ(request.head().path_with_query, "/path");
  EXPECT_EQ(request.fields()->size(), 1U);
  EXPECT_NE(request.take_body(), nullptr);
  EXPECT_EQ(request.take_body(), nullptr);
  EXPECT_EQ(request.take_body_if_any(), nullptr);
}

TEST(HttpMessage, FieldsMoveWhenNobodyShares) {
  FieldMap map;
  ASSERT_TRUE(map.append("x", {}));
  auto shared = map.freeze();
  EXPECT_EQ(take(shared).size(), 1U);
  EXPECT_EQ(shared->size(), 1U);  // others still see it
  map = FieldMap();
  EXPECT_EQ(take(std::move(shared)).size(), 1U);
  EXPECT_EQ(take(nullptr).size(), 0U);
}

TEST(HttpErrorCode, NamesAndStatuses) {
  EXPECT_EQ(name_of(ErrorCode::of<ErrorCase::dns_timeout>()), "DNS-timeout");
  EXPECT_EQ(name_of(ErrorCode::of<ErrorCase::internal_error>("x")), "internal-error");
  EXPECT_EQ(name_of(ErrorCode::of<ErrorCase::http_request_denied>()), "HTTP-request-denied");
  EXPECT_EQ(name_of(ErrorCode::of<ErrorCase::http_response_timeout>()), "HTTP-response-timeout");
  EXPECT_EQ(status_for(ErrorCode::of<ErrorCase::http_response_timeout>()), 504);
  EXPECT_EQ(status_for(ErrorCode::of<ErrorCase::connection_limit_reached>()), 503);
  EXPECT_EQ(status_for(ErrorCode::of<ErrorCase::connection_refused>()), 502);
}

TEST(HttpErrorCode, ErrorsOfTheClientHaveTheirCases) {
  using enum ErrorCase;
  const struct {
    Errc error;
    ErrorCase expected;
  } kCases[] = {
      {Errc::denied, destination_ip_prohibited},
      {Errc::dns, dns_error},
      {Errc::dns_not_found, dns_error},
      {Errc::connection_refused, connection_refused},
      {Errc::connection_closed, connection_terminated},
      {Errc::connection_timeout, connection_timeout},
      {Errc::response_timeout, connection_read_timeout},
      {Errc::read_timeout, connection_read_timeout},
      {Errc::no_capacity, connection_limit_reached},
      {Errc::tls_handshake, tls_protocol_error},
      {Errc::tls_certificate, tls_certificate_error},
      {Errc::http_incomplete, http_response_incomplete},
      {Errc::http_limit, http_response_header_section_size},
      {Errc::http_protocol, http_protocol_error},
      {Errc::cancelled, internal_error},
  };
  for (const auto& one : kCases)
    EXPECT_EQ(client_error(Error(one.error, "why")).which(), one.expected) << name(one.error);
}

}  // namespace
}  // namespace wisp::wasi::http
