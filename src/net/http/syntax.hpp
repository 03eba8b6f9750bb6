#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace wisp::net::http {

/// What a byte may be part of, as bits of one table.
enum CharClass : std::uint8_t {
  kToken = 1,       ///< tchar
  kFieldValue = 2,  ///< visible ASCII, space, tab, 0x80–0xFF
  kTarget = 4,      ///< request target: visible ASCII without '#'
  kHost = 8,        ///< unreserved, percent, sub-delims without comma
  kDigit = 16,
  kHex = 32,
};

namespace detail {
constexpr std::array<std::uint8_t, 256> make_char_classes() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool digit = c >= '0' && c <= '9';
    const bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const auto in = [c](std::string_view set) {
      return c != 0 && c < 128 && set.contains(static_cast<char>(c));
    };
    std::uint8_t bits = 0;
    if (digit || alpha || in("!#$%&'*+-.^_`|~")) bits |= kToken;
    if (c == '\t' || (c >= 0x20 && c != 0x7F)) bits |= kFieldValue;
    if (c > 0x20 && c < 0x7F && c != '#') bits |= kTarget;
    if (digit || alpha || in("-._~%!$&'()*+;=")) bits |= kHost;
    if (digit) bits |= kDigit;
    if (digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) bits |= kHex;
    table[c] = bits;
  }
  return table;
}
inline constexpr std::array<std::uint8_t, 256> kCharClasses = make_char_classes();
}  // namespace detail

[[nodiscard]] constexpr bool is(char c, CharClass what) noexcept {
  return (detail::kCharClasses[static_cast<unsigned char>(c)] & what) != 0;
}

[[nodiscard]] constexpr bool all_are(std::string_view text, CharClass what) noexcept {
  std::uint8_t common = what;
  for (const char c : text) common &= detail::kCharClasses[static_cast<unsigned char>(c)];
  return common == what;
}

[[nodiscard]] constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

/// Without spaces and tabs at either end.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace wisp::net::http
