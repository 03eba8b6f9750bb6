#include "cli/text.hpp"

#include <gtest/gtest.h>

#include <array>

namespace wisp::cli {
namespace {

using std::string_view_literals::operator""sv;

TEST(Text, PrintableKeepsTextAndEscapesWhatSteersATerminal) {
  struct Row {
    std::string_view text, printed;
  };
  const Row rows[] = {
      {"plain.wasm", "plain.wasm"},
      {"größe…", "größe…"},
      {"two\nlines", "two\nlines"},
      {"\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"},
      {"a\0b"sv, "a\\x00b"},
      {"tab\tand\rreturn", "tab\\x09and\\x0dreturn"},
      {"\x7f", "\\x7f"},
      {"\xc2\x9b"
       "31m",
       "\\xc2\\x9b31m"},
      {"\xe2\x80\xae"
       "desrever",
       "\\xe2\\x80\\xaedesrever"},
      {"\xff\xfe", "\\xff\\xfe"},
      {"cut \xe2\x82", "cut \\xe2\\x82"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
  };
  for (const auto& row : rows) EXPECT_EQ(printable(row.text), row.printed);
}

TEST(Text, WellFormedReplacesWhatIsNoUtf8) {
  EXPECT_EQ(well_formed("größe\x1b"), "größe\x1b");
  EXPECT_EQ(well_formed("a\xff"
                        "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(well_formed("\xe2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Text, PadsByCharacters) {
  EXPECT_EQ(width("größe"), 5U);
  EXPECT_EQ(pad_right("größe", 7), "größe  ");
  EXPECT_EQ(pad_left("größe", 7), "  größe");
  EXPECT_EQ(pad_right("longer", 3), "longer");
}

TEST(Text, NearestIsTheWordThatWasMeant) {
  const std::array<std::string, 4> words{"run", "serve", "compile", "completion"};
  EXPECT_EQ(nearest("serv", words), "serve");
  EXPECT_EQ(nearest("rnu", words), "run");
  EXPECT_EQ(nearest("complet", words), "compile");
  EXPECT_EQ(nearest("frobnicate", words), "");
}

}  // namespace
}  // namespace wisp::cli
