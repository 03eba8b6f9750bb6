#pragma once

#include "net/http/message.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace wisp::net::http {

// Heads of HTTP/1.x, read strictly. Two recipients that read a message differently can be played against each
// other (request smuggling), so everything that RFC 9112 lets a recipient tolerate is refused: bare CR or LF,
// folded lines, space before a colon, several lengths, a length beside Transfer-Encoding, codings other than
// chunked. There is no lenient mode.

struct HeadLimits {
  std::size_t bytes;
  std::size_t fields;
  std::size_t target;
};

/// How the body of a message ends.
enum class BodyKind : std::uint8_t { none, length, chunked, until_close };

/// What a head says about the connection and the body.
struct Framing {
  BodyKind body = BodyKind::none;
  std::uint64_t length = 0;
  bool keep_alive = true;
  bool expect_continue = false;
};

/// A step of reading a head.
struct HeadResult {
  enum class State : std::uint8_t { complete, incomplete, refused };
  State state;
  std::size_t size = 0;      ///< complete: bytes of the head
  std::uint16_t status = 0;  ///< refused: what a server answers
  const char* reason = "";   ///< refused: why, a sentence without the value
};

/// Finds the end of a head in what has arrived so far, without looking at a byte twice.
class HeadScanner {
 public:
  /// `bytes` starts at the head each time and has grown since. Complete: size counts the final empty line.
  [[nodiscard]] HeadResult scan(std::string_view bytes, const HeadLimits& limits) noexcept;
  void reset() noexcept { *this = {}; }

 private:
  std::size_t scanned_ = 0;
  std::size_t line_ = 0;  // start of the line being looked at
  std::size_t lines_ = 0;
};

/// Reads a request head that a HeadScanner found complete. `head` is cleared first; its scheme stays empty.
/// An empty line before the request line is skipped.
[[nodiscard]] HeadResult parse_request_head(std::string_view bytes, const HeadLimits& limits,
                                            RequestHead& head, Framing& framing);

/// Reads a response head to a request with `method`; as above. framing.body follows RFC 9112 §6.3.
[[nodiscard]] HeadResult parse_response_head(std::string_view bytes, const HeadLimits& limits,
                                             std::string_view method, ResponseHead& head, Version& version,
                                             Framing& framing);

/// Reads trailer fields, lines without the final empty one. Fields that frame or route are refused.
[[nodiscard]] HeadResult parse_trailers(std::string_view bytes, const HeadLimits& limits, Fields& fields);

/// Whether a field acts on the connection it came over and is never passed on: those listed at RequestHead.
[[nodiscard]] bool is_connection_field(std::string_view name) noexcept;

}  // namespace wisp::net::http
