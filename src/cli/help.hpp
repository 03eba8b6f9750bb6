#pragma once

#include <CLI/CLI.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace wisp::cli {

/// How `--help` looks: options in groups, `--name VALUE` on the left, what they do and their default on the
/// right, wrapped at 100 columns.
class HelpFormatter final : public CLI::Formatter {
 public:
  /// `usage`: what follows "Usage: ".
  explicit HelpFormatter(std::string usage) : usage_(std::move(usage)) {}

 private:
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_group(std::string group, bool positional,
                         std::vector<const CLI::Option*> options) const override;
  std::string make_option(const CLI::Option* option, bool positional) const override;
  std::string make_subcommand(const CLI::App* command) const override;
  std::string make_footer(const CLI::App* app) const override;

  std::string usage_;
};

/// `text` in lines of at most `columns`, joined by line breaks and `indent` spaces. Its own line breaks
/// stay, and lines that begin with a space stay as they are.
[[nodiscard]] std::string wrap(std::string_view text, std::size_t columns, std::size_t indent);

/// Adds an option that may be given many times and takes one value each time.
CLI::Option* add_repeatable(CLI::App& app, std::string names, std::vector<std::string>& values,
                            std::string text);

/// Adds an option that takes a whole number of a range (CLI11 itself would wrap "-1" around); `value` holds
/// its default.
template <std::unsigned_integral T>
CLI::Option* add_number(CLI::App& app, std::string names, T& value, T least, std::string text,
                        T most = std::numeric_limits<T>::max());

/// What a time may be at most: a year.
constexpr std::uint64_t kMaxMilliseconds = 365ULL * 24 * 60 * 60 * 1000;

/// A time in milliseconds, up to a year: more would overflow where nanoseconds are counted.
CLI::Option* add_milliseconds(CLI::App& app, std::string names, std::uint64_t& value, std::uint64_t least,
                              std::string text);

/// Why `text` is no number in this range; empty if it is one.
[[nodiscard]] std::string check_number(std::string_view text, std::uint64_t least, std::uint64_t most);

template <std::unsigned_integral T>
CLI::Option* add_number(CLI::App& app, std::string names, T& value, T least, std::string text, T most) {
  return app.add_option(std::move(names), value, std::move(text))
      ->default_str(std::to_string(value))
      ->check(
          CLI::Validator([least, most](std::string& typed) { return check_number(typed, least, most); }, ""));
}

}  // namespace wisp::cli
