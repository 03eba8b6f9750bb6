#include "cli/producers.hpp"

#include <gtest/gtest.h>

namespace wisp::cli {
namespace {

void add_name(std::vector<std::byte>& out, std::string_view text) {
  out.push_back(static_cast<std::byte>(text.size()));
  for (const char c : text) out.push_back(static_cast<std::byte>(c));
}

/// A module with a producers section of one language and one tool.
std::vector<std::byte> module_by(std::string_view language, std::string_view tool, std::string_view version) {
  std::vector<std::byte> section;
  add_name(section, "producers");
  section.push_back(std::byte{2});
  add_name(section, "language");
  section.push_back(std::byte{1});
  add_name(section, language);
  add_name(section, "");
  add_name(section, "processed-by");
  section.push_back(std::byte{1});
  add_name(section, tool);
  add_name(section, version);
  std::vector<std::byte> module{std::byte{0}, std::byte{'a'}, std::byte{'s'}, std::byte{'m'},
                                std::byte{1}, std::byte{0},   std::byte{0},   std::byte{0}};
  module.push_back(std::byte{0});
  module.push_back(static_cast<std::byte>(section.size()));
  module.insert(module.end(), section.begin(), section.end());
  return module;
}

TEST(Producers, ReadsLanguageAndTool) {
  Producers producers;
  const auto module = module_by("C_plus_plus_14", "clang", "22.1.0");
  collect_producers(module, producers);
  collect_producers(module, producers);
  EXPECT_EQ(producers.languages, std::vector<std::string>{"C_plus_plus_14"});
  EXPECT_EQ(producers.tools, std::vector<std::string>{"clang 22.1.0"});
}

TEST(Producers, CutOffAnywhereTheyAreIgnored) {
  const auto module = module_by("Rust", "rustc", "1.96");
  for (std::size_t size = 0; size < module.size(); ++size) {
    Producers producers;
    collect_producers(std::span(module).first(size), producers);
    EXPECT_TRUE(producers.languages.empty()) << size;
  }
}

TEST(Producers, MainLanguage) {
  struct Row {
    Producers producers;
    std::string language;
  };
  const Row rows[] = {
      {{{"C99", "C_plus_plus_14", "C11"}, {"clang 22"}}, "C++"},
      {{{"C99", "C11"}, {}}, "C"},
      {{{"Rust"}, {"rustc 1.96"}}, "Rust"},
      {{{"C11", "Rust"}, {"componentize-py 0.25"}}, "Python"},
      {{{"C11"}, {"ComponentizeJS 0.23"}}, "JavaScript"},
      {{{"Zig"}, {}}, "Zig"},
      {{}, ""},
  };
  for (const auto& row : rows) EXPECT_EQ(main_language(row.producers), row.language);
}

}  // namespace
}  // namespace wisp::cli
