#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace wisp::cli {

/// `text` with control characters and bytes that are no UTF-8 written as \xNN: file names and the names
/// inside a component come from strangers and must not steer the terminal. Line breaks stay.
[[nodiscard]] std::string printable(std::string_view text);

/// `text` with bytes that are no UTF-8 replaced by U+FFFD: what JSON may hold.
[[nodiscard]] std::string well_formed(std::string_view text);

/// Columns that printable text takes: its code points. (East Asian double width is not known here.)
[[nodiscard]] std::size_t width(std::string_view text);

/// `text` with spaces to its right (or left) until it takes `columns`.
[[nodiscard]] std::string pad_right(std::string_view text, std::size_t columns);
[[nodiscard]] std::string pad_left(std::string_view text, std::size_t columns);

/// The one of `candidates` that is nearest to a mistyped word, if one is near enough to be meant; else empty.
template <class Range>
[[nodiscard]] std::string nearest(std::string_view word, const Range& candidates);

/// Letters to change, add or leave out to get from one word to the other.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

template <class Range>
std::string nearest(std::string_view word, const Range& candidates) {
  std::string best;
  std::size_t least = word.size() / 3 + 2;  // from here on it is another word
  for (const auto& candidate : candidates) {
    const auto distance = edit_distance(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace wisp::cli
