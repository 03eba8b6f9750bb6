#include "cli/help.hpp"

#include <gtest/gtest.h>

namespace wisp::cli {
namespace {

TEST(Help, WrapsAtWords) {
  EXPECT_EQ(wrap("one two three", 7, 2), "one two\n  three");
  EXPECT_EQ(wrap("größe größe", 11, 0), "größe größe");
  EXPECT_EQ(wrap("a\n\n  b", 80, 0), "a\n\n  b");
  EXPECT_EQ(wrap("unbreakable", 4, 1), "unbreakable");
  EXPECT_EQ(wrap("", 4, 1), "");
}

TEST(Help, Numbers) {
  EXPECT_EQ(check_number("7", 1, 10), "");
  EXPECT_EQ(check_number("18446744073709551615", 0, UINT64_MAX), "");
  EXPECT_EQ(check_number("0", 1, 10), "0 is less than 1");
  EXPECT_EQ(check_number("11", 1, 10), "11 is more than 10");
  EXPECT_EQ(check_number("18446744073709551616", 0, UINT64_MAX),
            "18446744073709551616 is more than 18446744073709551615");
  for (const auto* text : {"", "-1", "+1", "x", "1x", "1.0", " 1"})
    EXPECT_EQ(check_number(text, 0, 10), "\"" + std::string(text) + "\" is no whole number");
}

TEST(Help, ShowsGroupsValuesAndDefaults) {
  CLI::App app("does things", "tool");
  app.formatter(std::make_shared<HelpFormatter>("tool [options] FILE"));
  app.set_help_flag("-h,--help", "prints this");
  std::string file;
  std::uint32_t count = 7;
  app.add_option("FILE", file, "what to read")->required();
  add_number(app, "-c,--count", count, 1U, "how often")->type_name("N")->group("Limits");
  app.footer("That is all.");
  EXPECT_EQ(app.help(),
            "does things\n"
            "\n"
            "Usage: tool [options] FILE\n"
            "\n"
            "Positionals:\n"
            "  FILE                          what to read\n"
            "\n"
            "Options:\n"
            "  -h, --help                    prints this\n"
            "\n"
            "Limits:\n"
            "  -c, --count N                 how often (default: 7)\n"
            "\n"
            "That is all.\n");
}

}  // namespace
}  // namespace wisp::cli
