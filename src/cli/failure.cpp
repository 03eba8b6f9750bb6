#include "cli/failure.hpp"

#include "cli/json.hpp"
#include "cli/text.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>

namespace wisp::cli {
namespace {

constexpr std::size_t kLabelColumns = 9;

/// "  label       text", further lines of the text below the first.
std::string detail_lines(std::string_view label, std::string_view text, std::size_t columns, Colour colour) {
  std::string out;
  std::string_view head = label;
  while (true) {
    const auto end = text.find('\n');
    const auto line = printable(text.substr(0, end));
    out +=
        "  " + paint(colour, Style::label, head) + std::string(columns + 3 - width(head), ' ') + line + "\n";
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
    head = {};
  }
}

std::string_view trimmed(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

}  // namespace

int exit_status(const Error& error) {
  switch (error.code()) {
    case Errc::guest_exit:
      return error.exit_status();
    case Errc::usage:
    case Errc::wave_syntax:
      return kExitUsage;
    case Errc::instantiation:
    case Errc::no_capacity:
    case Errc::out_of_mappings:
      return kExitFailure;
    case Errc::memory_limit:
      return kExitTrap;
    default:
      break;
  }
  const int number = static_cast<int>(error.code());
  if (number < 300) return kExitRefused;
  if (number >= 400 && number < 500) return kExitTrap;
  return kExitFailure;
}

std::string render(const Error& error, Colour colour) {
  std::string out = paint(colour, Style::error, fmt::format("error[{}]", code_text(error.code()))) + ": " +
                    paint(colour, Style::strong, printable(error.message())) + "\n";
  std::size_t columns = kLabelColumns;
  for (const auto& detail : error.details()) columns = std::max(columns, width(printable(detail.label)));
  for (const auto& detail : error.details())
    out += detail_lines(printable(detail.label), detail.text, columns, colour);
  if (!error.backtrace().empty())
    out += detail_lines("backtrace", trimmed(error.backtrace()), columns, colour);
  out += detail_lines("more", fmt::format("wisp explain {}", code_text(error.code())), columns, colour);
  return out;
}

std::string render_json(const Error& error) {
  boost::json::array details;
  for (const auto& detail : error.details())
    details.push_back({{"label", json_text(detail.label)}, {"text", json_text(detail.text)}});
  boost::json::object body{
      {"code", code_text(error.code())},         {"name", json_text(name(error.code()))},
      {"title", json_text(title(error.code()))}, {"message", json_text(error.message())},
      {"details", std::move(details)},           {"backtrace", json_text(trimmed(error.backtrace()))},
      {"exit_status", exit_status(error)},
  };
  return json_line(boost::json::object{{"error", std::move(body)}});
}

void report(const Error& error, const Console& console) {
  if (console.format == OutputFormat::json) {
    console.err.write(render_json(error));
  } else {
    console.err.write(render(error, console.err.colour()));
  }
}

Error about(std::string_view file, const Error& error) {
  std::string_view message = error.message();
  if (message.starts_with(file)) return error;
  std::string sentence;
  for (const std::string_view subject : {"the component ", "the file ", "the artifact "}) {
    if (!message.starts_with(subject)) continue;
    sentence = fmt::format("{} {}", file, message.substr(subject.size()));
    break;
  }
  if (sentence.empty()) sentence = fmt::format("{}: {}", file, message);
  Error named(error.code(), std::move(sentence));
  for (const auto& detail : error.details()) named.add(detail.label, detail.text);
  named.set_backtrace(error.backtrace());
  named.set_exit_status(error.exit_status());
  return named;
}

}  // namespace wisp::cli
