#include "component/abi/wave_lexer.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace wisp::component {
namespace {

bool is_digit(char each) { return each >= '0' && each <= '9'; }
bool is_letter(char each) { return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z'); }
bool is_label_char(char each) { return is_letter(each) || is_digit(each) || each == '-'; }

int hex_digit(char each) {
  if (is_digit(each)) return each - '0';
  if (each >= 'a' && each <= 'f') return each - 'a' + 10;
  if (each >= 'A' && each <= 'F') return each - 'A' + 10;
  return -1;
}

}  // namespace

bool is_wave_keyword(std::string_view word) {
  constexpr std::array<std::string_view, 8> kKeywords{"true", "false", "some", "none",
                                                      "ok",   "err",   "inf",  "nan"};
  return std::ranges::find(kKeywords, word) != kKeywords.end();
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  const std::uint32_t value = code_point;
  if (value < 0x80) return put(value);
  if (value < 0x800) {
    put(0xc0 | (value >> 6));
  } else {
    if (value < 0x10000) {
      put(0xe0 | (value >> 12));
    } else {
      put(0xf0 | (value >> 18));
      put(0x80 | ((value >> 12) & 0x3f));
    }
    put(0x80 | ((value >> 6) & 0x3f));
  }
  put(0x80 | (value & 0x3f));
}

CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t index) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[index]));
  };
  const auto lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  std::uint32_t value = lead & (0x7fu >> length);
  for (std::size_t index = 1; index < length; ++index) value = (value << 6) | (byte(index) & 0x3f);
  return {value, length};
}

std::size_t WaveLexer::here() {
  while (at_ < text_.size()) {
    if (std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    } else if (text_.substr(at_).starts_with("//")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else {
      break;
    }
  }
  return at_;
}

bool WaveLexer::next_is(char mark) { return here() < text_.size() && text_[at_] == mark; }

bool WaveLexer::take(char mark) {
  if (!next_is(mark)) return false;
  ++at_;
  return true;
}

Result<> WaveLexer::expect(char mark, std::string_view where) {
  if (!take(mark)) return expected(fmt::format("`{}` {}", mark, where));
  return {};
}

Result<> WaveLexer::finish() {
  if (here() < text_.size()) return expected("the end");
  return {};
}

WaveLexer::Label WaveLexer::peek_label() {
  Label label{.word = {}, .escaped = false, .at = here()};
  std::size_t begin = at_;
  if (begin < text_.size() && text_[begin] == '%') {
    label.escaped = true;
    ++begin;
  }
  if (begin >= text_.size() || !is_letter(text_[begin])) return label;
  std::size_t end = begin;
  while (end < text_.size() && is_label_char(text_[end])) ++end;
  label.word = text_.substr(begin, end - begin);
  return label;
}

Result<WaveLexer::Label> WaveLexer::label(std::string_view what) {
  const auto label = peek_label();
  if (label.word.empty()) return expected(what);
  at_ += label.word.size() + (label.escaped ? 1 : 0);
  return label;
}

Result<std::string_view> WaveLexer::number(std::string_view what) {
  const auto begin = here();
  std::size_t end = begin;
  const auto rest = [&] { return text_.substr(end); };
  const auto digits = [&] {
    const auto from = end;
    while (end < text_.size() && is_digit(text_[end])) ++end;
    return end > from;
  };
  if (rest().starts_with('-')) ++end;
  if (rest().starts_with("inf") || (end == begin && rest().starts_with("nan"))) {
    end += 3;
  } else {
    const auto first = end;
    if (!digits()) return expected(what);
    if (text_[first] == '0' && end > first + 1) return error(begin, "a number does not begin with 0");
    if (rest().starts_with('.')) {
      ++end;
      if (!digits()) return error(begin, "digits are missing after the point");
    }
    if (rest().starts_with('e') || rest().starts_with('E')) {
      ++end;
      if (rest().starts_with('+') || rest().starts_with('-')) ++end;
      if (!digits()) return error(begin, "digits are missing in the exponent");
    }
  }
  if (end < text_.size() && (is_label_char(text_[end]) || text_[end] == '_' || text_[end] == '.'))
    return error(begin, "malformed number");
  at_ = end;
  return text_.substr(begin, end - begin);
}

Result<> WaveLexer::unescape_one(std::string& out, std::size_t end) {
  if (text_[at_] != '\\') {
    const auto length = first_code_point(text_.substr(at_)).length;
    out += text_.substr(at_, length);
    at_ += length;
    return {};
  }
  const auto begin = at_++;
  constexpr std::string_view kLetters = "'\"\\tnr", kMeanings = "'\"\\\t\n\r";
  if (at_ < end) {
    if (const auto found = kLetters.find(text_[at_]); found != kLetters.npos) {
      out += kMeanings[found];
      ++at_;
      return {};
    }
    if (text_.substr(at_, end - at_).starts_with("u{")) {
      std::uint32_t value = 0;
      std::size_t digits = 0;
      for (at_ += 2; at_ < end && digits < 7 && hex_digit(text_[at_]) >= 0; ++at_, ++digits)
        value = value << 4 | static_cast<std::uint32_t>(hex_digit(text_[at_]));
      const bool scalar = value < 0x110000 && (value < 0xd800 || value > 0xdfff);
      if (digits >= 1 && digits <= 6 && scalar && at_ < end && text_[at_] == '}') {
        ++at_;
        append_utf8(out, value);
        return {};
      }
    }
  }
  return error(begin, "unknown escape");
}

Result<char32_t> WaveLexer::character() {
  const auto begin = here();
  if (!take('\'')) return expected("a character in single quotes");
  if (at_ >= text_.size()) return error(begin, "the closing quote is missing");
  if (text_[at_] == '\'') return error(begin, "a character is missing between the quotes");
  if (text_[at_] == '\n') return error(at_, "a line break is written \\n");
  std::string out;
  TRY(unescape_one(out, text_.size()));
  if (at_ >= text_.size() || text_[at_] != '\'')
    return error(begin, "one character and a closing quote expected");
  ++at_;
  return first_code_point(out).value;
}

Result<std::string> WaveLexer::string() {
  const auto begin = here();
  if (text_.substr(begin).starts_with("\"\"\"")) return multiline();
  if (!take('"')) return expected("a string in double quotes");
  std::string out;
  while (true) {
    if (at_ >= text_.size()) return error(begin, "the closing quote is missing");
    if (text_[at_] == '"') break;
    if (text_[at_] == '\n') return error(at_, "a line break in a string is written \\n");
    TRY(unescape_one(out, text_.size()));
  }
  ++at_;
  return out;
}

// The indentation of the closing quotes is taken from each line.
Result<std::string> WaveLexer::multiline() {
  const auto begin = at_;
  const auto end = text_.find("\"\"\"", begin + 3);
  if (end == text_.npos) return error(begin, "the closing \"\"\" is missing");
  const auto indent_at = text_.rfind('\n', end);
  if (indent_at == text_.npos || indent_at < begin)
    return error(begin, "a line break must follow the opening \"\"\"");
  const auto indent = text_.substr(indent_at + 1, end - indent_at - 1);
  if (indent.find_first_not_of(' ') != indent.npos)
    return error(end, "only spaces may stand before the closing \"\"\"");

  at_ = begin + 3;
  if (text_[at_] == '\r') ++at_;
  if (text_[at_] != '\n') return error(at_, "a line break must follow the opening \"\"\"");
  std::string out;
  for (bool first = true; at_ < indent_at; first = false) {
    ++at_;  // the line break
    if (!text_.substr(at_).starts_with(indent))
      return error(at_, "lines must be indented at least as much as the closing \"\"\"");
    at_ += indent.size();
    if (!first) out += '\n';
    const auto next = text_.find('\n', at_);
    const auto line_end = next > at_ && text_[next - 1] == '\r' ? next - 1 : next;
    while (at_ < line_end) TRY(unescape_one(out, line_end));
    at_ = next;
  }
  at_ = end + 3;
  return out;
}

Unexpected WaveLexer::expected(std::string_view what) {
  const auto at = here();
  if (at >= text_.size()) return error(at, "expected {}, found the end", what);
  auto label = peek_label();
  auto found = text_.substr(at, label.word.size() + (label.escaped ? 1 : 0));
  if (found.empty()) found = text_.substr(at, first_code_point(text_.substr(at)).length);
  return error(at, "expected {}, found `{}`", what, found);
}

Unexpected WaveLexer::error_at(std::size_t at, std::string message) const {
  const auto before = text_.substr(0, at);
  const auto line_start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  const auto column =
      1 + std::ranges::count_if(before.substr(line_start), [](char each) { return (each & 0xc0) != 0x80; });
  const auto line = 1 + std::ranges::count(before, '\n');
  if (line == 1) return fail(Errc::wave_syntax, "{} at column {}", message, column);
  return fail(Errc::wave_syntax, "{} at line {}, column {}", message, line, column);
}

}  // namespace wisp::component
