#include "net/http/h1_head.hpp"

#include "net/http/syntax.hpp"

#include <cstring>

namespace wisp::net::http {
namespace {

using State = HeadResult::State;

constexpr HeadResult refuse(std::uint16_t status, const char* reason) {
  return {.state = State::refused, .status = status, .reason = reason};
}
constexpr HeadResult bad(const char* reason) { return refuse(400, reason); }

constexpr HeadResult kFine = {.state = State::complete};

/// A field that the connection acts upon.
enum class Known : std::uint8_t { no, host, connection, content_length, transfer_encoding, expect, dropped };

Known known(std::string_view name) noexcept {
  switch (name.size()) {
    case 4:
      return same_name(name, "host") ? Known::host : Known::no;
    case 6:
      return same_name(name, "expect") ? Known::expect : Known::no;
    case 7:
      return same_name(name, "upgrade") ? Known::dropped : Known::no;
    case 10:
      if (same_name(name, "connection")) return Known::connection;
      return same_name(name, "keep-alive") ? Known::dropped : Known::no;
    case 14:
      if (same_name(name, "content-length")) return Known::content_length;
      return same_name(name, "http2-settings") ? Known::dropped : Known::no;
    case 16:
      return same_name(name, "proxy-connection") ? Known::dropped : Known::no;
    case 17:
      return same_name(name, "transfer-encoding") ? Known::transfer_encoding : Known::no;
    default:
      return Known::no;
  }
}

/// Takes one line off `bytes`; its end is there, a HeadScanner has seen it.
std::string_view take_line(std::string_view& bytes) noexcept {
  const std::size_t end = bytes.find('\n');
  std::string_view line = bytes.substr(0, end == 0 || end == std::string_view::npos ? 0 : end - 1);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  return line;
}

/// What the fields of one head say.
struct Collected {
  std::string_view host;
  bool has_host = false;
  bool has_length = false;
  std::uint64_t length = 0;
  bool chunked = false;
  bool close = false;
  bool keep_alive = false;
  bool expect_continue = false;
  bool unknown_expectation = false;
  bool nominates = false;  // Connection names other fields
};

void for_each_option(std::string_view list, auto&& option) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    option(trim(list.substr(0, comma)));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
}

HeadResult collect(Known what, std::string_view value, Collected& collected) {
  switch (what) {
    case Known::host:
      if (collected.has_host) return bad("more than one Host");
      collected.has_host = true;
      collected.host = value;
      break;
    case Known::content_length: {
      const auto length = parse_content_length(value);
      if (!length) return bad("Content-Length is not a number");
      if (collected.has_length) return bad("more than one Content-Length");
      collected.has_length = true;
      collected.length = *length;
      break;
    }
    case Known::transfer_encoding:
      if (collected.chunked || !same_name(value, "chunked"))
        return bad("Transfer-Encoding is not just chunked");
      collected.chunked = true;
      break;
    case Known::connection: {
      bool tokens = true;
      for_each_option(value, [&](std::string_view option) {
        if (same_name(option, "close")) {
          collected.close = true;
        } else if (same_name(option, "keep-alive")) {
          collected.keep_alive = true;
        } else if (!option.empty()) {
          collected.nominates = true;
          tokens = tokens && all_are(option, kToken);
        }
      });
      if (!tokens) return bad("Connection is malformed");
      break;
    }
    case Known::expect:
      (same_name(value, "100-continue") ? collected.expect_continue : collected.unknown_expectation) = true;
      break;
    case Known::dropped:
    case Known::no:
      break;
  }
  return kFine;
}

/// Splits "name: value". An obs-fold line starts with a space and has no valid name.
bool split_field(std::string_view line, std::string_view& name, std::string_view& value) noexcept {
  const std::size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  name = line.substr(0, colon);
  value = trim(line.substr(colon + 1));
  return all_are(name, kToken) && all_are(value, kFieldValue);
}

/// Reads field lines until the empty one. Connection-level fields go to `collected` only; Content-Length to
/// both.
HeadResult parse_fields(std::string_view& bytes, const HeadLimits& limits, Fields& fields,
                        Collected& collected) {
  const std::string_view all = bytes;
  std::size_t count = 0;
  for (;;) {
    const std::string_view line = take_line(bytes);
    if (line.empty()) break;
    if (++count > limits.fields) return refuse(431, "too many fields");
    std::string_view name;
    std::string_view value;
    if (!split_field(line, name, value)) return bad("a field line is malformed");
    const Known what = known(name);
    if (what != Known::no) {
      if (const HeadResult result = collect(what, value, collected); result.state != State::complete)
        return result;
      if (what != Known::content_length) continue;
    }
    if (!fields.add(name, value)) return refuse(431, "the fields are too large");
  }
  if (collected.nominates) {
    std::string_view again = all;
    for (;;) {
      const std::string_view line = take_line(again);
      if (line.empty()) break;
      std::string_view name;
      std::string_view value;
      if (!split_field(line, name, value) || known(name) != Known::connection) continue;
      for_each_option(value, [&](std::string_view option) { fields.remove(option); });
    }
  }
  return kFine;
}

bool take_prefix_without_case(std::string_view& text, std::string_view prefix) noexcept {
  if (!same_name(text.substr(0, prefix.size()), prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// method SP target SP version, with exactly one space each.
HeadResult parse_request_line(std::string_view line, const HeadLimits& limits, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad("the request line is malformed");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(method)) return bad("the method is not a token");
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is(version[5], kDigit) || version[6] != '.' ||
      !is(version[7], kDigit)) {
    return bad("the version is malformed");
  }
  if (version[5] != '1') return refuse(505, "the version is not supported");
  if (version[7] != '0' && version[7] != '1') return refuse(505, "the version is not supported");
  if (target.size() > limits.target) return refuse(414, "the request target is too long");
  if (target.empty() || !all_are(target, kTarget)) return bad("the request target is malformed");
  head.version = version[7] == '0' ? Version::http_1_0 : Version::http_1_1;
  head.method = method;
  if (method == "CONNECT") return refuse(501, "CONNECT is not supported");
  std::string_view rest = target;
  if (rest.front() == '/') {
    head.path_with_query = rest;
  } else if (rest == "*" && method == "OPTIONS") {
    head.path_with_query = rest;
  } else if (take_prefix_without_case(rest, "http://") || take_prefix_without_case(rest, "https://")) {
    const std::size_t end = rest.find_first_of("/?");
    head.authority = rest.substr(0, end);
    if (!parse_authority(head.authority)) return bad("the authority of the request target is malformed");
    if (end != std::string_view::npos && rest[end] == '?') head.path_with_query = "/";
    head.path_with_query += end == std::string_view::npos ? "/" : rest.substr(end);
  } else {
    return bad("the request target is malformed");
  }
  return kFine;
}

HeadResult settle_host(const Collected& collected, RequestHead& head) {
  if (!collected.has_host) {
    return head.version == Version::http_1_0 ? kFine : bad("Host is missing");
  }
  // A plain name or address without brackets and port is the common case; all of it is checked either way.
  if (!parse_authority(collected.host)) return bad("Host is malformed");
  if (head.authority.empty()) {
    head.authority = collected.host;
  } else if (!same_name(head.authority, collected.host)) {
    return bad("Host and the request target differ");
  }
  return kFine;
}

}  // namespace

bool is_connection_field(std::string_view name) noexcept {
  switch (known(name)) {
    case Known::host:
    case Known::connection:
    case Known::transfer_encoding:
    case Known::expect:
    case Known::dropped:
      return true;
    case Known::no:
    case Known::content_length:
      return false;
  }
  return false;
}

HeadResult HeadScanner::scan(std::string_view bytes, const HeadLimits& limits) noexcept {
  if (scanned_ == 0 && !bytes.empty() && bytes.front() != '\r' && !is(bytes.front(), kToken)) {
    return bad("this is not HTTP");
  }
  while (scanned_ < bytes.size()) {
    const void* found = std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_);
    if (found == nullptr) {
      scanned_ = bytes.size();
      break;
    }
    const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (end == line_ || bytes[end - 1] != '\r') return bad("a line ends without CR");
    scanned_ = end + 1;
    const bool empty = end - line_ == 1;
    line_ = scanned_;
    if (scanned_ > limits.bytes) return refuse(431, "the head is too large");
    if (!empty) {
      ++lines_;
    } else if (lines_ != 0) {
      return {.state = State::complete, .size = scanned_};
    } else if (scanned_ > 2) {
      return bad("empty lines before the request");
    }
  }
  if (bytes.size() > limits.bytes) return refuse(431, "the head is too large");
  return {.state = State::incomplete};
}

HeadResult parse_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head,
                              Framing& framing) {
  head.clear();
  framing = {};
  std::string_view rest = bytes;
  std::string_view line = take_line(rest);
  if (line.empty()) line = take_line(rest);
  if (const HeadResult result = parse_request_line(line, limits, head); result.state != State::complete)
    return result;
  Collected collected;
  if (const HeadResult result = parse_fields(rest, limits, head.fields, collected);
      result.state != State::complete) {
    return result;
  }
  if (const HeadResult result = settle_host(collected, head); result.state != State::complete) return result;
  if (collected.chunked) {
    if (collected.has_length) return bad("both Content-Length and Transfer-Encoding");
    if (head.version == Version::http_1_0) return bad("Transfer-Encoding in HTTP/1.0");
    framing.body = BodyKind::chunked;
  } else if (collected.has_length && collected.length != 0) {
    framing.body = BodyKind::length;
    framing.length = collected.length;
  }
  if (collected.unknown_expectation) return refuse(417, "the expectation is not supported");
  framing.expect_continue = collected.expect_continue && head.version != Version::http_1_0;
  framing.keep_alive = !collected.close && (head.version == Version::http_1_1 || collected.keep_alive);
  return {.state = State::complete, .size = bytes.size()};
}

HeadResult parse_response_head(std::string_view bytes, const HeadLimits& limits, std::string_view method,
                               ResponseHead& head, Version& version, Framing& framing) {
  head.fields.clear();
  framing = {};
  std::string_view rest = bytes;
  const std::string_view line = take_line(rest);
  // "HTTP/1.1 200 reason"; the space after the status may be missing when there is no reason.
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || (line[7] != '0' && line[7] != '1') ||
      line[8] != ' ' || !all_are(line.substr(9, 3), kDigit) || (line.size() > 12 && line[12] != ' ') ||
      !all_are(line, kFieldValue)) {
    return bad("the status line is malformed");
  }
  head.status = static_cast<std::uint16_t>((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
  if (head.status < 100) return bad("the status is out of range");
  version = line[7] == '0' ? Version::http_1_0 : Version::http_1_1;
  Collected collected;
  if (const HeadResult result = parse_fields(rest, limits, head.fields, collected);
      result.state != State::complete) {
    return result;
  }
  framing.keep_alive = !collected.close && (version == Version::http_1_1 || collected.keep_alive);
  if (collected.chunked && collected.has_length) return bad("both Content-Length and Transfer-Encoding");
  if (collected.chunked && version == Version::http_1_0) return bad("Transfer-Encoding in HTTP/1.0");
  if (method == "HEAD" || head.status < 200 || head.status == 204 || head.status == 304) {
    framing.body = BodyKind::none;
  } else if (collected.chunked) {
    framing.body = BodyKind::chunked;
  } else if (collected.has_length) {
    framing.body = collected.length == 0 ? BodyKind::none : BodyKind::length;
    framing.length = collected.length;
  } else {
    framing.body = BodyKind::until_close;
    framing.keep_alive = false;
  }
  return {.state = State::complete, .size = bytes.size()};
}

HeadResult parse_trailers(std::string_view bytes, const HeadLimits& limits, Fields& fields) {
  std::size_t count = 0;
  while (!bytes.empty()) {
    const std::string_view line = take_line(bytes);
    if (++count > limits.fields) return refuse(431, "too many trailers");
    std::string_view name;
    std::string_view value;
    if (!split_field(line, name, value)) return bad("a trailer line is malformed");
    if (known(name) != Known::no) return bad("a trailer frames or routes the message");
    if (!fields.add(name, value)) return refuse(431, "the trailers are too large");
  }
  return {.state = State::complete};
}

}  // namespace wisp::net::http
