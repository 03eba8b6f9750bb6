#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// Encoded text in plain memory: checking and transcoding. Knows no guest. All functions stay inside their
/// spans whatever the bytes are, so text that changes between two passes is no more than wrong.
namespace wisp::component::text {

/// utf16 is little-endian. ascii is a target only: the part that every encoding shares.
enum class Encoding : std::uint8_t { ascii, latin1, utf8, utf16 };

struct Text {
  std::span<const std::byte> bytes;
  Encoding encoding;

  /// Without its first `count` bytes.
  [[nodiscard]] Text after(std::size_t count) const { return {bytes.subspan(count), encoding}; }
};

/// No overlong, surrogate, out-of-range or cut sequence (Unicode D92); no lone surrogate.
[[nodiscard]] bool is_valid(Text text);

enum class Stop : std::uint8_t {
  end,              ///< all of the source was read
  unrepresentable,  ///< the next code point does not exist in the target encoding
  malformed,        ///< the source is not valid at this point
  full,             ///< no room for the next code point
};

struct Progress {
  std::size_t read;     ///< bytes of the source
  std::size_t written;  ///< bytes of the target
  Stop stop;
};

/// Writes `from` to `into` in the encoding `to` until something stops it, always between code points.
[[nodiscard]] Progress transcode(Text from, Encoding to, std::span<std::byte> into);

}  // namespace wisp::component::text
