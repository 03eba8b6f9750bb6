#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace wisp::component {

/// Whether WAVE reads the word as something of its own, so that a case of this name is written %word.
[[nodiscard]] bool is_wave_keyword(std::string_view word);

/// Reads the tokens of WAVE text, which is valid UTF-8, one at a time and as the caller expects them.
class WaveLexer {
 public:
  WaveLexer(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  /// Skips white space and comments; the position of the next token.
  std::size_t here();

  /// Whether the next token is this punctuation mark, which stays.
  [[nodiscard]] bool next_is(char mark);
  /// Takes it if it is next.
  [[nodiscard]] bool take(char mark);
  [[nodiscard]] Result<> expect(char mark, std::string_view where);
  [[nodiscard]] Result<> finish();

  struct Label {
    std::string_view word;  ///< without %
    bool escaped = false;
    std::size_t at = 0;
  };
  /// A label or keyword that stays; an empty word if something else is next.
  [[nodiscard]] Label peek_label();
  [[nodiscard]] Result<Label> label(std::string_view what);

  /// The text of a number: JSON's grammar, or inf, -inf, nan.
  [[nodiscard]] Result<std::string_view> number(std::string_view what);
  [[nodiscard]] Result<char32_t> character();
  /// A string, single- or multiline.
  [[nodiscard]] Result<std::string> string();

  /// "… at column 3".
  template <class... Args>
  [[nodiscard]] Unexpected error(std::size_t at, fmt::format_string<Args...> format, Args&&... args) const {
    return error_at(at, fmt::format(format, std::forward<Args>(args)...));
  }
  /// "expected a number, found `}` at column 3".
  [[nodiscard]] Unexpected expected(std::string_view what);

 private:
  [[nodiscard]] Unexpected error_at(std::size_t at, std::string message) const;
  [[nodiscard]] Result<std::string> multiline();
  /// Appends the meaning of `text_` from `at_` on up to one character or escape.
  [[nodiscard]] Result<> unescape_one(std::string& out, std::size_t end);

  std::string_view text_;
  std::size_t at_;
};

/// Appends a code point, valid by the caller's promise, as UTF-8.
void append_utf8(std::string& out, char32_t code_point);

/// The first code point of valid UTF-8 text that is not empty, and its length in bytes.
struct CodePoint {
  char32_t value;
  std::size_t length;
};
[[nodiscard]] CodePoint first_code_point(std::string_view text);

}  // namespace wisp::component
