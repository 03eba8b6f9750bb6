#include "cli/help.hpp"

#include "cli/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace wisp::cli {
namespace {

constexpr std::size_t kLeft = 32;  // columns of names
constexpr std::size_t kAll = 100;
constexpr char kNoBreak = '\x1f';  // a space that wrap() does not see

std::string row(std::string_view left, std::string_view right) {
  std::string out = "  " + std::string(left);
  if (width(out) + 2 > kLeft) {
    out += "\n" + std::string(kLeft, ' ');
  } else {
    out = pad_right(out, kLeft);
  }
  out += wrap(right, kAll - kLeft, kLeft) + "\n";
  std::ranges::replace(out, kNoBreak, ' ');
  return out;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() != 0; }

}  // namespace

std::string wrap(std::string_view text, std::size_t columns, std::size_t indent) {
  std::string out;
  std::size_t used = 0;
  const std::string line_break = "\n" + std::string(indent, ' ');
  while (!text.empty()) {
    // A line that begins with a space is laid out by hand.
    const bool kept = used == 0 && text.front() == ' ';
    const auto end = std::min(text.find_first_of(kept ? "\n" : " \n"), text.size());
    const auto word = text.substr(0, end);
    if (used != 0 && used + 1 + width(word) > columns) {
      out += line_break;
      used = 0;
    }
    if (used != 0) {
      out += ' ';
      ++used;
    }
    out += word;
    used += width(word);
    if (end < text.size() && text[end] == '\n') {
      out += line_break;
      used = 0;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string HelpFormatter::make_usage(const CLI::App*, std::string) const {
  return "\nUsage: " + usage_ + "\n\n";
}

std::string HelpFormatter::make_group(std::string group, bool positional,
                                      std::vector<const CLI::Option*> options) const {
  std::string out = group + ":\n";
  for (const auto* option : options) out += make_option(option, positional);
  return positional ? out + "\n" : out;
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool positional) const {
  std::string left = option->get_name(positional, !positional);
  const auto comma = left.find(',');
  if (comma != std::string::npos) left.insert(comma + 1, " ");
  // "--flag{-}" is CLI11's way to write a flag that may have a value.
  if (const auto brace = left.find('{'); brace != std::string::npos) {
    left = left.substr(0, brace) + "[=" + option->get_type_name() + "]";
  } else if (!positional && takes_value(*option)) {
    left += " " + option->get_type_name();
  }
  std::string right = option->get_description();
  if (!option->get_default_str().empty()) right += " (default: " + option->get_default_str() + ")";
  // The default stays in one piece.
  constexpr std::string_view kDefault = "(default: ";
  if (const auto at = right.rfind(kDefault); at != std::string::npos)
    right[at + kDefault.size() - 1] = kNoBreak;
  return row(left, right);
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  return row(command->get_display_name(), command->get_description());
}

std::string HelpFormatter::make_footer(const CLI::App* app) const {
  return app->get_footer().empty() ? std::string() : wrap(app->get_footer(), kAll, 0) + "\n";
}

std::string check_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  if (problem == std::errc::invalid_argument || stop != end)
    return fmt::format("\"{}\" is no whole number", text);
  if (problem != std::errc() || number > most) return fmt::format("{} is more than {}", text, most);
  if (number < least) return fmt::format("{} is less than {}", text, least);
  return {};
}

CLI::Option* add_milliseconds(CLI::App& app, std::string names, std::uint64_t& value, std::uint64_t least,
                              std::string text) {
  return add_number(app, std::move(names), value, least, std::move(text), kMaxMilliseconds)->type_name("MS");
}

CLI::Option* add_repeatable(CLI::App& app, std::string names, std::vector<std::string>& values,
                            std::string text) {
  return app.add_option(std::move(names), values, std::move(text))->allow_extra_args(false);
}

}  // namespace wisp::cli
