#include "net/http/h1_body.hpp"

#include "net/http/syntax.hpp"

#include <algorithm>

namespace wisp::net::http {
namespace {

using Step = BodyDecoder::Step;
using Kind = Step::Kind;

constexpr std::size_t kMaxChunkLine = 256;
constexpr std::uint64_t kMaxExtensions = 16 << 10;  // of a whole body: they are work without payload

constexpr Step refuse(const char* reason) { return {.kind = Kind::refused, .reason = reason}; }

std::uint64_t hex_value(char c) noexcept {
  return static_cast<std::uint64_t>(c <= '9' ? c - '0' : lower(c) - 'a' + 10);
}

/// *( ";" token [ "=" ( token / quoted-string ) ] ) of RFC 9112 §7.1.1, without the white space it calls bad.
bool are_extensions(std::string_view text) noexcept {
  const auto take_token = [&text] {
    const std::size_t before = text.size();
    while (!text.empty() && is(text.front(), kToken)) text.remove_prefix(1);
    return text.size() != before;
  };
  while (!text.empty()) {
    if (text.front() != ';') return false;
    text.remove_prefix(1);
    if (!take_token()) return false;
    if (!text.starts_with('=')) continue;
    text.remove_prefix(1);
    if (!text.starts_with('"')) {
      if (!take_token()) return false;
      continue;
    }
    text.remove_prefix(1);
    while (!text.empty() && text.front() != '"')
      text.remove_prefix(text.starts_with('\\') && text.size() > 1 ? 2 : 1);
    if (text.empty()) return false;
    text.remove_prefix(1);
  }
  return true;
}

}  // namespace

void BodyDecoder::start(const Framing& framing, HeadLimits trailer_limits) noexcept {
  left_ = framing.length;
  extension_bytes_ = 0;
  limits_ = trailer_limits;
  scanner_.reset();
  trailers_.clear();
  switch (framing.body) {
    case BodyKind::none:
      state_ = State::done;
      break;
    case BodyKind::length:
      state_ = framing.length == 0 ? State::done : State::length;
      break;
    case BodyKind::chunked:
      state_ = State::chunk_size;
      break;
    case BodyKind::until_close:
      state_ = State::until_close;
      break;
  }
}

Step BodyDecoder::chunk_size(std::string_view bytes) {
  std::size_t at = 0;
  std::uint64_t size = 0;
  while (at < bytes.size() && is(bytes[at], kHex)) {
    if (at == 15) return refuse("a chunk size has too many digits");
    size = size * 16 + hex_value(bytes[at]);
    ++at;
  }
  if (at == bytes.size()) return {.kind = Kind::need_more};
  if (at == 0) return refuse("a chunk size is malformed");
  const std::size_t digits = at;
  if (bytes[at] == ';') {
    while (at < bytes.size() && is(bytes[at], kFieldValue)) {
      if (++at > kMaxChunkLine) return refuse("a chunk extension is too long");
    }
    if (at == bytes.size()) return {.kind = Kind::need_more};
  }
  if (bytes[at] != '\r') return refuse("a chunk size is malformed");
  if (at + 1 == bytes.size()) return {.kind = Kind::need_more};
  if (bytes[at + 1] != '\n') return refuse("a chunk size line ends without CRLF");
  if (!are_extensions(bytes.substr(digits, at - digits))) return refuse("a chunk extension is malformed");
  extension_bytes_ += at - digits;
  if (extension_bytes_ > kMaxExtensions) return refuse("too many chunk extensions");
  left_ = size;
  state_ = size == 0 ? State::trailer : State::chunk_data;
  return {.kind = Kind::need_more, .skip = at + 2};
}

Step BodyDecoder::trailer(std::string_view bytes) {
  if (bytes.starts_with("\r\n")) {
    state_ = State::done;
    return {.kind = Kind::end, .skip = 2};
  }
  if (bytes.empty() || bytes == "\r") return {.kind = Kind::need_more};
  if (bytes.front() == '\r') return refuse("the chunked body ends without CRLF");
  const HeadResult scanned = scanner_.scan(bytes, limits_);
  switch (scanned.state) {
    case HeadResult::State::incomplete:
      return {.kind = Kind::need_more};
    case HeadResult::State::refused:
      return refuse(scanned.reason);
    case HeadResult::State::complete:
      break;
  }
  const HeadResult parsed = parse_trailers(bytes.substr(0, scanned.size - 2), limits_, trailers_);
  if (parsed.state != HeadResult::State::complete) return refuse(parsed.reason);
  state_ = State::done;
  return {.kind = Kind::end, .skip = scanned.size};
}

Step BodyDecoder::next(std::string_view bytes, std::size_t max) {
  std::size_t skip = 0;
  for (;;) {
    const std::string_view rest = bytes.substr(skip);
    switch (state_) {
      case State::done:
        return {.kind = Kind::end, .skip = skip};
      case State::until_close:
        if (rest.empty()) return {.kind = Kind::need_more, .skip = skip};
        return {.kind = Kind::data, .skip = skip, .data = rest.substr(0, max)};
      case State::length:
      case State::chunk_data: {
        if (rest.empty()) return {.kind = Kind::need_more, .skip = skip};
        const std::size_t most = left_ < max ? static_cast<std::size_t>(left_) : max;
        const std::string_view data = rest.substr(0, most);
        left_ -= data.size();
        if (left_ == 0) state_ = state_ == State::length ? State::done : State::chunk_end;
        return {.kind = Kind::data, .skip = skip, .data = data};
      }
      case State::chunk_end:
        if (!std::string_view("\r\n").starts_with(rest.substr(0, 2)))
          return refuse("a chunk ends without CRLF");
        if (rest.size() < 2) return {.kind = Kind::need_more, .skip = skip};
        skip += 2;
        state_ = State::chunk_size;
        break;
      case State::chunk_size: {
        const Step step = chunk_size(rest);
        if (step.kind == Kind::refused) return step;
        if (step.skip == 0) return {.kind = Kind::need_more, .skip = skip};
        skip += step.skip;
        break;
      }
      case State::trailer: {
        Step step = trailer(rest);
        step.skip += skip;
        return step;
      }
    }
  }
}

}  // namespace wisp::net::http
