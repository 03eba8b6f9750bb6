#pragma once

#include "net/http/h1_head.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace wisp::net::http {

/// Reads the body of an HTTP/1 message out of the bytes of its connection, without copying. Strict about
/// chunks as h1_head.hpp is about heads: sizes are hex digits and nothing else, lines end in CRLF, extensions
/// are visible text of bounded length and ignored.
class BodyDecoder {
 public:
  struct Step {
    enum class Kind : std::uint8_t { need_more, data, end, refused };
    Kind kind;
    std::size_t skip = 0;     ///< framing bytes before the data (or before the end), to be consumed
    std::string_view data;    ///< then these, a view into the argument
    const char* reason = "";  ///< refused: why
  };

  /// `trailer_limits` bound the trailer section.
  void start(const Framing& framing, HeadLimits trailer_limits) noexcept;

  /// The next piece of `bytes`, at most `max` of data. The caller consumes skip + data.size() and calls
  /// again.
  [[nodiscard]] Step next(std::string_view bytes, std::size_t max);

  [[nodiscard]] bool done() const noexcept { return state_ == State::done; }
  /// Whether the end of the connection is the end of the body.
  [[nodiscard]] bool until_close() const noexcept { return state_ == State::until_close; }
  /// After the end of a chunked body; empty if there were none.
  [[nodiscard]] const Fields& trailers() const noexcept { return trailers_; }

 private:
  enum class State : std::uint8_t { done, length, until_close, chunk_size, chunk_data, chunk_end, trailer };

  Step chunk_size(std::string_view bytes);
  Step trailer(std::string_view bytes);

  State state_ = State::done;
  std::uint64_t left_ = 0;             // of the body or of the chunk
  std::uint64_t extension_bytes_ = 0;  // ignored so far
  HeadLimits limits_{};
  HeadScanner scanner_;
  Fields trailers_;
};

}  // namespace wisp::net::http
