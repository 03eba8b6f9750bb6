#include "component/binary/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace wisp::component {
namespace {

/// Length of the well-formed sequence at `at`, which starts with a byte >= 0x80 and has `left` bytes; 0 if
/// ill-formed (Unicode, table 3-7).
std::size_t sequence(const unsigned char* at, std::size_t left) noexcept {
  const auto continues = [&](std::size_t index, unsigned low, unsigned high) {
    return index < left && at[index] >= low && at[index] <= high;
  };
  const unsigned lead = at[0];
  if (lead >= 0xc2 && lead <= 0xdf) return continues(1, 0x80, 0xbf) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const unsigned low = lead == 0xe0 ? 0xa0 : 0x80, high = lead == 0xed ? 0x9f : 0xbf;
    return continues(1, low, high) && continues(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const unsigned low = lead == 0xf0 ? 0x90 : 0x80, high = lead == 0xf4 ? 0x8f : 0xbf;
    return continues(1, low, high) && continues(2, 0x80, 0xbf) && continues(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool valid_utf8(std::string_view text) noexcept {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const std::size_t size = text.size();
  std::size_t at = 0;
  while (at < size) {
    std::uint64_t word;
    if (size - at >= sizeof word) {
      std::memcpy(&word, bytes + at, sizeof word);
      if ((word & 0x8080808080808080u) == 0) {
        at += sizeof word;
        continue;
      }
    }
    if (bytes[at] < 0x80) {
      ++at;
      continue;
    }
    const auto length = sequence(bytes + at, size - at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace wisp::component
