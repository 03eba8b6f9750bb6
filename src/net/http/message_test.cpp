#include "net/http/message.hpp"

#include <gtest/gtest.h>

namespace wisp::net::http {
namespace {

std::string text(const Fields& fields) {
  std::string out;
  for (const auto [name, value] : fields) out.append(name).append("=").append(value).append(";");
  return out;
}

TEST(Fields, KeepsOrderAndCasingAndFindsWithoutCase) {
  Fields fields;
  EXPECT_TRUE(fields.add("X-One", "1"));
  EXPECT_TRUE(fields.add("two", "2"));
  EXPECT_TRUE(fields.add("x-oNE", "3"));
  EXPECT_EQ(text(fields), "X-One=1;two=2;x-oNE=3;");
  EXPECT_EQ(fields.get("x-one"), "1");
  EXPECT_EQ(fields.count("X-ONE"), 2U);
  EXPECT_EQ(fields.all("x-one"), (std::vector<std::string_view>{"1", "3"}));
  EXPECT_FALSE(fields.get("x"));
  EXPECT_EQ(fields.remove("x-one"), 2U);
  EXPECT_EQ(text(fields), "two=2;");
  EXPECT_TRUE(fields.set("TWO", ""));
  EXPECT_EQ(text(fields), "TWO=;");
  EXPECT_EQ(fields.size_bytes(), 3 + Fields::kFieldOverhead);
}

TEST(Fields, BudgetCountsNamesValuesAndOverheadAndIsGivenBack) {
  Fields fields(100);
  EXPECT_TRUE(fields.add("a", std::string(60, 'x')));
  const auto refused = fields.add("b", "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::http_limit);
  EXPECT_EQ(fields.remove("a"), 1U);
  EXPECT_TRUE(fields.add("b", std::string(67, 'y')));
  EXPECT_FALSE(fields.add("", ""));
}

TEST(Fields, EndlessSetStaysWithinItsMemoryAndMayUseItsOwnViews) {
  Fields fields(1024);
  EXPECT_TRUE(fields.add("keep", "kept"));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(fields.set("name", std::string(200, static_cast<char>('a' + i % 26))));
    EXPECT_TRUE(fields.set("keep", *fields.get("keep")));
    EXPECT_TRUE(fields.add("copy", fields.get("name")->substr(0, 3)));
    EXPECT_EQ(fields.remove("copy"), 1U);
  }
  EXPECT_EQ(fields.get("keep"), "kept");
}

TEST(Syntax, ContentLength) {
  EXPECT_EQ(parse_content_length("0"), 0U);
  EXPECT_EQ(parse_content_length("007"), 7U);
  EXPECT_EQ(parse_content_length("18446744073709551615"), UINT64_MAX);
  for (const char* bad :
       {"", "+5", "-1", "5 ", " 5", "5,5", "0x5", "5.0", "18446744073709551616", "\xC2\xB2"}) {
    EXPECT_FALSE(parse_content_length(bad)) << bad;
  }
}

TEST(Syntax, TokensAndValues) {
  for (const char* good : {"a", "X-Y_z!#$%&'*+.^`|~09"}) EXPECT_TRUE(is_token(good)) << good;
  for (const char* bad : {"", "a b", "a:", "\"a\"", "a\x7F", "\xC3\xA4", "a\t", "a(", "a,"}) {
    EXPECT_FALSE(is_token(bad)) << bad;
  }
  for (const char* good : {"", "a", "a b\tc", "\xC3\xA4", "\"", "a,b"})
    EXPECT_TRUE(is_field_value(good)) << good;
  for (const char* bad : {" a", "a ", "\ta", "a\r\nb", "a\nb", "a\x01", "a\x7F"}) {
    EXPECT_FALSE(is_field_value(bad)) << bad;
  }
  EXPECT_FALSE(is_field_value(std::string_view("a\0b", 3)));
}

TEST(Syntax, Authority) {
  struct Row {
    const char* text;
    const char* host;
    int port;  // -1: none
  };
  for (const auto& [input, host, port] :
       std::initializer_list<Row>{{"a.b", "a.b", -1},
                                  {"a:80", "a", 80},
                                  {"a:", "a", -1},
                                  {"127.0.0.1:65535", "127.0.0.1", 65535},
                                  {"[::1]", "::1", -1},
                                  {"[2001:db8::1]:443", "2001:db8::1", 443}}) {
    const auto authority = parse_authority(input);
    ASSERT_TRUE(authority) << input;
    EXPECT_EQ(authority->host, host);
    EXPECT_EQ(authority->port ? *authority->port : -1, port);
  }
  for (const char* bad : {"", ":80", "a:65536", "a:+1", "a:8 0", "u@a", "a/b", "a b", "[::1", "[]", "[::1]x",
                          "a:1:2", "::1", "[g::]", "a,b", "a\\b", "a?b", "a#b", "[1.2.3.4]"}) {
    EXPECT_FALSE(parse_authority(bad)) << bad;
  }
}

}  // namespace
}  // namespace wisp::net::http
