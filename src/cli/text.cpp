#include "cli/text.hpp"

#include "component/binary/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

namespace wisp::cli {
namespace {

/// Bytes of the sequence that begins with `lead`; 0 if none does.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

/// Control characters of both sets, and those that turn the direction of text around.
bool is_control(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return (lead < 0x20 && lead != '\n') || lead == 0x7F;
  if (character.size() == 2) return lead == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
  if (character.size() != 3) return false;
  const auto code =
      static_cast<unsigned>((lead & 0x0F) << 12 | (character[1] & 0x3F) << 6 | (character[2] & 0x3F));
  return (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

/// The first character of `text`, which is not empty; empty if it begins with no UTF-8.
std::string_view first_character(std::string_view text) {
  const auto length = sequence_length(static_cast<unsigned char>(text[0]));
  if (length == 0 || text.size() < length || !component::valid_utf8(text.substr(0, length))) return {};
  return text.substr(0, length);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto character = first_character(text);
    const auto taken = text.substr(0, std::max<std::size_t>(character.size(), 1));
    if (!character.empty() && !is_control(character)) {
      out += character;
    } else {
      for (const char byte : taken) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
    text.remove_prefix(taken.size());
  }
  return out;
}

std::string well_formed(std::string_view text) {
  if (component::valid_utf8(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const auto character = first_character(text);
    out += character.empty() ? "\xEF\xBF\xBD" : character;
    text.remove_prefix(std::max<std::size_t>(character.size(), 1));
  }
  return out;
}

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

std::string pad_right(std::string_view text, std::size_t columns) {
  const auto taken = width(text);
  return std::string(text) + std::string(columns > taken ? columns - taken : 0, ' ');
}

std::string pad_left(std::string_view text, std::size_t columns) {
  const auto taken = width(text);
  return std::string(columns > taken ? columns - taken : 0, ' ') + std::string(text);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace wisp::cli
