#include "cli/explain.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace wisp::cli {
namespace {

constexpr Errc kCodes[] = {
#define WISP_ERROR(name, number, text) Errc::name,
#include "base/errors.def"
#undef WISP_ERROR
};

TEST(Explain, EveryCodeHasAPage) {
  for (const auto code : kCodes)
    EXPECT_NE(find_page(code_text(code)), nullptr)
        << "write docs/errors/" << code_text(code) << ".md: " << title(code);
}

TEST(Explain, EveryPageHasACode) {
  const std::set<Errc> codes(std::begin(kCodes), std::end(kCodes));
  for (const auto& page : pages()) EXPECT_TRUE(codes.contains(page.code)) << code_text(page.code);
}

TEST(Explain, PagesBeginWithCodeAndTitleAndSayWhatToDo) {
  for (const auto& page : pages()) {
    const auto heading = "# " + code_text(page.code) + ": " + std::string(title(page.code)) + "\n";
    EXPECT_TRUE(page.text.starts_with(heading)) << code_text(page.code) << " should begin with: " << heading;
    EXPECT_NE(page.text.find("\n## What to do\n"), std::string_view::npos) << code_text(page.code);
    EXPECT_TRUE(page.text.ends_with("\n")) << code_text(page.code);
  }
}

TEST(Explain, FindsPagesHoweverTheCodeIsWritten) {
  for (const auto* code : {"E0207", "e0207", "0207", "207"}) {
    const auto* page = find_page(code);
    ASSERT_NE(page, nullptr) << code;
    EXPECT_EQ(page->code, Errc::import_missing) << code;
  }
  for (const auto* code : {"", "E", "E9999", "E02070", "import_missing", "E020 7"})
    EXPECT_EQ(find_page(code), nullptr) << code;
}

}  // namespace
}  // namespace wisp::cli
