#include "cli/table.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace wisp::cli {
namespace {

TEST(Table, AlignsColumnsToTheirWidestCell) {
  Table table({{"NAME"}, {"SIZE", Table::Align::right}, {"NOTE"}});
  table.add({"größe", "7 B", "first"});
  table.add({"m", "12 kB"});
  EXPECT_EQ(table.render(Colour::off, 2),
            "  NAME    SIZE  NOTE\n"
            "  größe    7 B  first\n"
            "  m      12 kB\n");
}

TEST(Table, PaintsTheHeadingOnly) {
  Table table({{"A"}});
  table.add({"x"});
  EXPECT_EQ(table.render(Colour::on), "\x1b[2mA\x1b[0m\nx\n");
}

TEST(Table, HasNoHeadingWithoutTitles) {
  Table table({{""}, {""}});
  table.add({"a", "b"});
  EXPECT_EQ(table.render(Colour::off), "a  b\n");
}

TEST(Terminal, PaintsOnlyWithColour) {
  EXPECT_EQ(paint(Colour::off, Style::error, "error"), "error");
  EXPECT_EQ(paint(Colour::on, Style::error, "error"), "\x1b[1;31merror\x1b[0m");
  EXPECT_EQ(paint(Colour::on, Style::plain, "text"), "text");
  EXPECT_EQ(paint(Colour::on, Style::error, ""), "");
}

TEST(Terminal, ADescriptorThatIsNoTerminalHasNoColour) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const auto terminal = Terminal::of(pipe_ends[1]);
  EXPECT_FALSE(terminal.is_terminal());
  EXPECT_EQ(terminal.colour(), Colour::off);
  EXPECT_TRUE(terminal.write("hello"));
  char buffer[8];
  EXPECT_EQ(read(pipe_ends[0], buffer, sizeof buffer), 5);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST(Terminal, SaysWhenNothingMoreIsTaken) {
  const int full = open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  EXPECT_FALSE(Terminal(full, false, Colour::off).write("x"));
  close(full);
}

}  // namespace
}  // namespace wisp::cli
