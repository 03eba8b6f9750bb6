#include "cli/producers.hpp"

#include "component/binary/reader.hpp"

#include <algorithm>
#include <array>

namespace wisp::cli {
namespace {

using component::decoding::Reader;

constexpr std::size_t kPreamble = 8;
constexpr std::size_t kMaxEntries = 100;

void add_once(std::vector<std::string>& list, std::string text) {
  if (list.size() < kMaxEntries && std::ranges::find(list, text) == list.end())
    list.push_back(std::move(text));
}

Result<> read_fields(Reader in, Producers& into) {
  const auto fields = TRY(in.count());
  for (std::uint32_t field = 0; field < fields; ++field) {
    const auto name = TRY(in.name());
    const auto values = TRY(in.count());
    for (std::uint32_t value = 0; value < values; ++value) {
      const std::string what(TRY(in.name()));
      const std::string version(TRY(in.name()));
      if (name == "language") add_once(into.languages, what);
      if (name == "processed-by" || name == "sdk")
        add_once(into.tools, version.empty() ? what : what + " " + version);
    }
  }
  return {};
}

Result<> read_sections(Reader in, Producers& into) {
  TRY(in.bytes(kPreamble));
  while (!in.done()) {
    const auto id = TRY(in.byte());
    const auto size = TRY(in.u32());
    auto section = TRY(in.sub(size));
    if (id != 0) continue;
    if (TRY(section.name()) == "producers") TRY(read_fields(section, into));
  }
  return {};
}

}  // namespace

void collect_producers(std::span<const std::byte> binary, Producers& into) {
  component::decoding::Session session{.binary = binary, .limits = {}};
  // What could be read until something could not stays.
  static_cast<void>(read_sections(Reader(session, binary), into));
}

std::string main_language(const Producers& producers) {
  struct Sign {
    std::string_view begin, language;
  };
  // Interpreters are written in C, C++ or Rust: the tool that packed a script tells more.
  constexpr std::array kTools{Sign{"componentize-py", "Python"}, Sign{"componentize-js", "JavaScript"},
                              Sign{"ComponentizeJS", "JavaScript"}, Sign{"componentize-qjs", "JavaScript"}};
  constexpr std::array kLanguages{
      Sign{"Rust", "Rust"},   Sign{"Go", "Go"},           Sign{"Kotlin", "Kotlin"},
      Sign{"Swift", "Swift"}, Sign{"C_plus_plus", "C++"}, Sign{"C++", "C++"},
      Sign{"C", "C"}};
  for (const auto& sign : kTools) {
    if (std::ranges::any_of(producers.tools, [&](const auto& tool) { return tool.starts_with(sign.begin); }))
      return std::string(sign.language);
  }
  for (const auto& sign : kLanguages) {
    if (std::ranges::any_of(producers.languages,
                            [&](const auto& name) { return name.starts_with(sign.begin); }))
      return std::string(sign.language);
  }
  return producers.languages.empty() ? std::string() : producers.languages.front();
}

}  // namespace wisp::cli
