#include "cli/terminal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace wisp::cli {
namespace {

std::string_view code(Style style) {
  switch (style) {
    case Style::plain:
      return "";
    case Style::error:
      return "1;31";
    case Style::label:
      return "36";
    case Style::strong:
      return "1";
    case Style::good:
      return "32";
    case Style::dim:
      return "2";
  }
  return "";
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

std::string paint(Colour colour, Style style, std::string_view text) {
  if (colour == Colour::off || style == Style::plain || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code(style), text);
}

void hold_standard_descriptors() noexcept {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // It gets the lowest number that is free, which is this one.
    if (::fcntl(descriptor, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) return;
  }
}

Terminal Terminal::of(int descriptor) {
  const bool is_terminal = isatty(descriptor) == 1;
  // no-color.org: any value but the empty one.
  const bool colour = is_terminal && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  return {descriptor, is_terminal, colour ? Colour::on : Colour::off};
}

bool Terminal::write(std::string_view text) const noexcept {
  while (!text.empty()) {
    const auto written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      if (errno != EPIPE) *trouble_ = errno;
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace wisp::cli
