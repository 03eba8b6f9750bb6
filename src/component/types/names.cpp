#include "component/types/names.hpp"

#include <algorithm>

namespace wisp::component {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/// Takes the text up to `separator` off the front; the whole text if there is none.
std::string_view next_part(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const auto part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return part;
}

/// `check` holds for each of the parts that `separator` cuts the text into, of which there is at least one.
template <class Check>
bool every_part(std::string_view text, char separator, Check check) {
  for (bool first = true;; first = false) {
    const bool last = text.find(separator) == std::string_view::npos;
    if (!check(next_part(text, separator), first)) return false;
    if (last) return true;
  }
}

bool is_word(std::string_view part) {
  return !part.empty() && std::ranges::all_of(part, [](char c) { return is_digit(c) || is_lower(c); });
}
bool is_acronym(std::string_view part) {
  return !part.empty() && std::ranges::all_of(part, [](char c) { return is_digit(c) || is_upper(c); });
}

/// Grammar `words`.
bool is_words(std::string_view text) {
  return every_part(text, '-', [](std::string_view part, bool first) {
    return is_word(part) && !(first && is_digit(part.front()));
  });
}

/// Grammar `label`.
bool is_label(std::string_view text) {
  return every_part(text, '-', [](std::string_view part, bool first) {
    return (is_word(part) || is_acronym(part)) && !(first && is_digit(part.front()));
  });
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit) && (text.size() == 1 || text.front() != '0');
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_digit(c) || is_lower(c) || is_upper(c) || c == '-';
  });
}

bool is_prerelease(std::string_view text) {
  return every_part(text, '.', [](std::string_view part, bool) {
    return is_identifier(part) && (!std::ranges::all_of(part, is_digit) || is_number(part));
  });
}

bool is_build(std::string_view text) {
  return every_part(text, '.', [](std::string_view part, bool) { return is_identifier(part); });
}

struct Version {
  std::string_view major, minor, patch;  ///< minor, patch: may be missing in a canonical version
  std::string_view prerelease;           ///< empty: none
  std::string_view numbers;              ///< all of "major.minor.patch"
  bool full = false;                     ///< three numbers
};

std::optional<Version> parse_version(std::string_view text) {
  Version version;
  const auto plus = text.find('+');
  if (plus != std::string_view::npos && !is_build(text.substr(plus + 1))) return std::nullopt;
  const auto core = text.substr(0, plus);
  const auto dash = core.find('-');
  if (dash != std::string_view::npos) {
    version.prerelease = core.substr(dash + 1);
    if (!is_prerelease(version.prerelease)) return std::nullopt;
  }
  version.numbers = core.substr(0, dash);
  auto rest = version.numbers;
  const auto dots = std::ranges::count(rest, '.');
  if (dots > 2 || !every_part(rest, '.', [](std::string_view part, bool) { return is_number(part); }))
    return std::nullopt;
  version.major = next_part(rest, '.');
  version.minor = next_part(rest, '.');
  version.patch = next_part(rest, '.');
  version.full = dots == 2;
  // Grammar `canonversion`: one number unless it is 0, two unless both are, and no suffix.
  if (!version.full) {
    if (version.numbers != text) return std::nullopt;
    if (dots == 0 ? version.major == "0" : version.major != "0" || version.minor == "0") return std::nullopt;
  }
  return version;
}

}  // namespace

std::optional<InterfaceName> parse_interface_name(std::string_view name) {
  InterfaceName parsed;
  const auto at = name.find('@');
  if (at != std::string_view::npos) {
    parsed.version = name.substr(at + 1);
    if (!parse_version(parsed.version)) return std::nullopt;
  }
  const auto path = name.substr(0, at);
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  parsed.package = path.substr(0, slash);
  parsed.interface = path.substr(slash + 1);
  const auto colon = parsed.package.find(':');
  if (colon == std::string_view::npos || !is_words(parsed.package.substr(0, colon)) ||
      !is_words(parsed.package.substr(colon + 1)) || !is_label(parsed.interface))
    return std::nullopt;
  return parsed;
}

std::string canonical_name(std::string_view name) {
  const auto parsed = parse_interface_name(name);
  if (!parsed || parsed->version.empty()) return std::string(name);
  const auto version = *parse_version(parsed->version);
  const auto path = name.substr(0, name.find('@') + 1);
  std::string canonical(path);
  if (!version.full) {
    canonical += version.numbers;
  } else if (!version.prerelease.empty()) {
    canonical += version.numbers;
    canonical += '-';
    canonical += version.prerelease;
  } else if (version.major != "0") {
    canonical += version.major;
  } else if (version.minor != "0") {
    canonical += "0.";
    canonical += version.minor;
  } else {
    canonical += version.numbers;
  }
  return canonical;
}

}  // namespace wisp::component
