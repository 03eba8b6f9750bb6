// Heads of HTTP/1 requests, responses and trailers: the first byte says what is read and how the bytes
// arrive. What is accepted does not depend on how it is cut, holds nothing that could end a line, and reads
// the same once written.
#include "net/http/h1_head.hpp"
#include "net/http/h1_write.hpp"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace wisp::net::http;
using State = HeadResult::State;

constexpr HeadLimits kLimits = {.bytes = 2048, .fields = 20, .target = 512};
constexpr HeadLimits kWritten = {.bytes = 8192, .fields = 40, .target = 1024};

void require(bool holds) {
  if (!holds) std::abort();
}

/// Content-Length aside, which moves to the end when it is written.
bool same(Fields a, Fields b) {
  a.remove("content-length");
  b.remove("content-length");
  return std::ranges::equal(a, b, [](const Fields::Field& left, const Fields::Field& right) {
    return left.name == right.name && left.value == right.value;
  });
}

void check_fields(const Fields& fields) {
  require(fields.size() <= kLimits.fields);
  for (const auto [name, value] : fields)
    require(is_token(name) && is_field_value(value) && !is_connection_field(name));
}

void check_framing(const Framing& framing, const Fields& fields, Version version) {
  require(fields.count("content-length") <= 1);
  if (framing.body == BodyKind::chunked)
    require(version == Version::http_1_1 && !fields.contains("content-length"));
  if (framing.body == BodyKind::until_close) require(!framing.keep_alive);
  if (framing.body == BodyKind::length) {
    const auto text = fields.get("content-length");
    // A Connection that names it may have taken the field away.
    require(framing.length != 0 && (!text || parse_content_length(*text) == framing.length));
  }
}

WireFraming wire(const Framing& framing) {
  WireFraming out;
  if (framing.body == BodyKind::length) out.length = framing.length;
  out.chunked = framing.body == BodyKind::chunked;
  return out;
}

/// The end of the head, the same whether `bytes` arrive at once or `step` at a time.
HeadResult scan(std::string_view bytes, std::size_t step) {
  HeadScanner whole, pieces;
  const auto at_once = whole.scan(bytes, kLimits);
  HeadResult result{.state = State::incomplete};
  for (std::size_t size = 0; result.state == State::incomplete && size < bytes.size();) {
    size = std::min(size + step, bytes.size());
    result = pieces.scan(bytes.substr(0, size), kLimits);
  }
  // A head that is too large may be noticed before its end.
  if (bytes.size() <= kLimits.bytes)
    require(result.state == at_once.state && result.size == at_once.size && result.status == at_once.status);
  return result;
}

void request(std::string_view bytes) {
  RequestHead head, again;
  Framing framing, reread;
  if (parse_request_head(bytes, kLimits, head, framing).state != State::complete) return;
  require(is_token(head.method) && !head.path_with_query.empty());
  require(head.path_with_query.find_first_of(std::string_view(" \r\n\0", 4)) == std::string::npos);
  require(framing.body != BodyKind::until_close);
  check_fields(head.fields);
  check_framing(framing, head.fields, head.version);
  if (head.authority.empty()) return require(head.version == Version::http_1_0);
  require(parse_authority(head.authority).has_value());
  std::string text;
  require(write_request_head(text, head, wire(framing)).has_value());
  require(parse_request_head(text, kWritten, again, reread).state == State::complete);
  require(again.method == head.method && again.path_with_query == head.path_with_query);
  require(again.authority == head.authority && same(head.fields, again.fields));
  require(reread.body == framing.body && reread.length == framing.length);
}

void response(std::string_view bytes, std::string_view method) {
  ResponseHead head, again;
  Framing framing, reread;
  Version version{}, written{};
  if (parse_response_head(bytes, kLimits, method, head, version, framing).state != State::complete) return;
  require(head.status >= 100 && head.status <= 999);
  check_fields(head.fields);
  check_framing(framing, head.fields, version);
  std::string text;
  require(write_response_head(text, head, wire(framing), "").has_value());
  require(parse_response_head(text, kWritten, method, again, written, reread).state == State::complete);
  require(again.status == head.status && same(head.fields, again.fields));
}

void trailers(std::string_view bytes) {
  Fields fields;
  if (parse_trailers(bytes, kLimits, fields).state != State::complete) return;
  check_fields(fields);
  std::string text;
  require(write_last_chunk(text, &fields).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto result = scan(bytes, 1 + data[0] / 4U);
  if (result.state != State::complete) return 0;
  const auto head = bytes.substr(0, result.size);
  switch (data[0] % 4) {
    case 0:
      request(head);
      break;
    case 1:
      response(head, "GET");
      break;
    case 2:
      response(head, "HEAD");
      break;
    default:
      trailers(head.substr(0, head.size() - 2));
  }
  return 0;
}
