#include "cli/units.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace wisp::cli {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr std::uint64_t kKi = 1024, kK = 1000;
constexpr std::array kUnits{
    Unit{"", 1},
    Unit{"B", 1},
    Unit{"kB", kK},
    Unit{"KB", kK},
    Unit{"MB", kK * kK},
    Unit{"GB", kK * kK * kK},
    Unit{"TB", kK * kK * kK * kK},
    Unit{"Ki", kKi},
    Unit{"KiB", kKi},
    Unit{"Mi", kKi * kKi},
    Unit{"MiB", kKi * kKi},
    Unit{"Gi", kKi * kKi * kKi},
    Unit{"GiB", kKi * kKi * kKi},
    Unit{"Ti", kKi * kKi * kKi * kKi},
    Unit{"TiB", kKi * kKi * kKi * kKi},
};

/// Three significant digits at most: "1.5", "12", "640".
std::string scaled(std::uint64_t bytes, std::uint64_t step, std::initializer_list<std::string_view> names) {
  double value = static_cast<double>(bytes);
  auto name = names.begin();
  while (value >= static_cast<double>(step) && name + 1 != names.end()) {
    value /= static_cast<double>(step);
    ++name;
  }
  if (name == names.begin() || value >= 10) return fmt::format("{:.0f} {}", value, *name);
  return fmt::format("{:.1f} {}", value, *name);
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const auto& known : kUnits) {
    if (problem != std::errc() || unit != known.name || !(number >= 0)) continue;
    const double bytes = number * static_cast<double>(known.bytes);
    if (bytes >= 0x1p63 || bytes != std::floor(bytes)) break;
    return static_cast<std::uint64_t>(bytes);
  }
  return std::unexpected(Error(Errc::usage, fmt::format("\"{}\" is no size", text))
                             .with("try", "64MiB, 1.5GiB or 200kB, for example"));
}

std::string format_size(std::uint64_t bytes) { return scaled(bytes, kK, {"B", "kB", "MB", "GB", "TB"}); }

std::string format_memory(std::uint64_t bytes) {
  return scaled(bytes, kKi, {"B", "KiB", "MiB", "GiB", "TiB"});
}

std::string spell_size(std::uint64_t bytes) {
  std::string_view unit;
  std::uint64_t scale = 1;
  for (const auto& known : kUnits) {
    if (known.name.ends_with("iB") && bytes >= known.bytes && bytes % known.bytes == 0) {
      unit = known.name;
      scale = known.bytes;
    }
  }
  return fmt::format("{}{}", bytes / scale, unit);
}

}  // namespace wisp::cli
