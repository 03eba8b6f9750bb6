#include "cli/units.hpp"

#include <gtest/gtest.h>

namespace wisp::cli {
namespace {

TEST(Units, SizesAsPeopleWriteThem) {
  struct Row {
    std::string_view text;
    std::uint64_t bytes;
  };
  const Row rows[] = {
      {"0", 0},
      {"4096", 4096},
      {"64MiB", 64ull << 20},
      {"64Mi", 64ull << 20},
      {"64 MiB", 64ull << 20},
      {"1.5GiB", 3ull << 29},
      {"200kB", 200'000},
      {"200KB", 200'000},
      {"1TB", 1'000'000'000'000},
      {"2TiB", 2ull << 40},
      {"12B", 12},
  };
  for (const auto& row : rows) {
    const auto size = parse_size(row.text);
    ASSERT_TRUE(size) << row.text;
    EXPECT_EQ(*size, row.bytes) << row.text;
  }
}

TEST(Units, RefusesWhatIsNoSize) {
  for (const auto* text : {"", "MiB", "-1", "64M", "64mib", "1.5B", "nan", "inf", "1e3", "64MiB ",
                           "9223372036854775808", "99999999TiB", "0x10", " 1"}) {
    const auto size = parse_size(text);
    ASSERT_FALSE(size) << text;
    EXPECT_EQ(size.error().code(), Errc::usage) << text;
  }
}

TEST(Units, SpelledSizesAreReadBack) {
  for (const std::uint64_t bytes :
       {0ull, 1ull, 1023ull, 1024ull, 65'536ull, 256ull << 20, 3ull << 29, 4ull << 40}) {
    const auto read = parse_size(spell_size(bytes));
    ASSERT_TRUE(read) << bytes;
    EXPECT_EQ(*read, bytes);
  }
  EXPECT_EQ(spell_size(256ull << 20), "256MiB");
}

TEST(Units, FormatsForPeople) {
  EXPECT_EQ(format_size(0), "0 B");
  EXPECT_EQ(format_size(999), "999 B");
  EXPECT_EQ(format_size(1'536), "1.5 kB");
  EXPECT_EQ(format_size(96'300), "96 kB");
  EXPECT_EQ(format_size(12'800'000), "13 MB");
  EXPECT_EQ(format_memory(65'536), "64 KiB");
  EXPECT_EQ(format_memory(1ull << 20), "1.0 MiB");
}

}  // namespace
}  // namespace wisp::cli
