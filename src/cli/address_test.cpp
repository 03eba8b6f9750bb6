#include "cli/address.hpp"

#include <gtest/gtest.h>

namespace wisp::cli {
namespace {

TEST(Address, Read) {
  struct Row {
    std::string_view text;
    ListenAddress address;
  };
  const Row rows[] = {
      {"127.0.0.1:8000", {"127.0.0.1", 8000}},
      {"0.0.0.0:0", {"0.0.0.0", 0}},
      {"[::1]:80", {"::1", 80}},
      {"localhost:65535", {"127.0.0.1", 65535}},
  };
  for (const auto& row : rows) {
    const auto address = parse_address(row.text);
    ASSERT_TRUE(address) << row.text;
    EXPECT_EQ(*address, row.address) << row.text;
  }
}

TEST(Address, Refused) {
  for (const auto* text :
       {"", "8000", ":8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80",
        "[127.0.0.1]:80", "example.com:80", "127.0.0.1:80x", "[::1:80", "256.0.0.1:80"}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code(), Errc::usage) << text;
  }
}

TEST(Address, InUrls) {
  EXPECT_EQ(url_host("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(url_host("::1"), "[::1]");
}

}  // namespace
}  // namespace wisp::cli
