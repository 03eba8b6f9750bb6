#include "wasi/http/fields.hpp"

#include "net/http/exchange.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace wisp::wasi::http {
namespace {

using net::http::as_body;

std::vector<std::string> listed(const FieldMap& map) {
  std::vector<std::string> out;
  for (const auto& [name, value] : map.fields()) out.push_back(std::string(name) + "=" + std::string(value));
  return out;
}

std::optional<HeaderError> error_of(const FieldMap::Outcome& outcome) {
  if (outcome) return std::nullopt;
  return outcome.error();
}

TEST(FieldMap, ChecksNamesAndValues) {
  using enum HeaderError;
  const struct {
    std::string name, value;
    std::optional<HeaderError> expected;
  } kCases[] = {
      {"x", "", std::nullopt},
      {"x", "a b", std::nullopt},
      {"x", "a\tb", std::nullopt},
      {"x", "\x80\xff", std::nullopt},
      {"!#$%&'*+-.^_`|~09az", "v", std::nullopt},
      {"", "v", invalid_syntax},
      {"a b", "v", invalid_syntax},
      {"a\"", "v", invalid_syntax},
      {"a:", "v", invalid_syntax},
      {"\xc3\xa9", "v", invalid_syntax},
      {"x", "a\rb", invalid_syntax},
      {"x", "a\nb", invalid_syntax},
      {"x", std::string("a\0b", 3), invalid_syntax},
      {"x", "a\x7f", invalid_syntax},
      {"x", "\x01", invalid_syntax},
      {"Host", "v", forbidden},
      {"CONNECTION", "v", forbidden},
      {"keep-alive", "v", forbidden},
      {"proxy-authenticate", "v", forbidden},
      {"Proxy-Authorization", "v", forbidden},
      {"proxy-connection", "v", forbidden},
      {"transfer-encoding", "v", forbidden},
      {"upgrade", "v", forbidden},
      {"HTTP2-Settings", "v", forbidden},
      {"te", "trailers", std::nullopt},
      {"hosts", "v", std::nullopt},
  };
  for (const auto& one : kCases) {
    FieldMap map;
    EXPECT_EQ(error_of(map.append(one.name, as_body(one.value))), one.expected)
        << one.name << ": " << one.value;
    const std::span<const std::byte> values[] = {as_body(one.value)};
    EXPECT_EQ(error_of(map.set(one.name, values)), one.expected) << one.name << ": " << one.value;
    EXPECT_EQ(map.fields().size(), one.expected ? 0U : 1U);
  }
}

TEST(FieldMap, KeepsCasingAndOrderAndIgnoresCaseInLookups) {
  FieldMap map;
  EXPECT_TRUE(map.append("X-One", as_body("1")));
  EXPECT_TRUE(map.append("other", as_body("2")));
  EXPECT_TRUE(map.append("x-one", as_body(" 3 ")));
  EXPECT_EQ(listed(map), (std::vector<std::string>{"X-One=1", "other=2", "x-one= 3 "}));
  EXPECT_TRUE(map.fields().contains("X-ONE"));
  const std::span<const std::byte> values[] = {as_body("a"), as_body("b")};
  EXPECT_TRUE(map.set("X-ONE", values));
  EXPECT_EQ(listed(map), (std::vector<std::string>{"other=2", "X-ONE=a", "X-ONE=b"}));
  EXPECT_TRUE(map.set("x-one", {}));
  EXPECT_EQ(listed(map), (std::vector<std::string>{"other=2"}));
  EXPECT_TRUE(map.remove("OTHER"));
  EXPECT_TRUE(map.remove("absent"));
  EXPECT_TRUE(map.fields().empty());
}

TEST(FieldMap, IsSentWithoutTheSpaceAroundValues) {
  FieldMap map;
  EXPECT_TRUE(map.append("tab", as_body("\t")));
  EXPECT_TRUE(map.append("three", as_body(" 3 ")));
  EXPECT_EQ(listed(map), (std::vector<std::string>{"tab=\t", "three= 3 "}));
  const auto sent = map.freeze();
  EXPECT_TRUE(sent->contains("tab"));
  EXPECT_EQ(listed(map), (std::vector<std::string>{"tab=", "three=3"}));
}

TEST(FieldMap, AFailedSetChangesNothing) {
  FieldMap map;
  EXPECT_TRUE(map.append("x", as_body("1")));
  const std::span<const std::byte> bad[] = {as_body("fine"), as_body("not\nfine")};
  EXPECT_FALSE(map.set("x", bad));
  const std::string large(FieldMap::kMaxBytes, 'v');
  const std::span<const std::byte> much[] = {as_body("fine"), as_body(large)};
  EXPECT_EQ(error_of(map.set("x", much)), HeaderError::size_exceeded);
  EXPECT_EQ(listed(map), (std::vector<std::string>{"x=1"}));
}

TEST(FieldMap, IsBoundedWithItsOverhead) {
  FieldMap map;
  std::size_t added = 0;
  while (map.append("x", {})) ++added;
  EXPECT_EQ(added, FieldMap::kMaxBytes / (net::http::Fields::kFieldOverhead + 1));
  EXPECT_EQ(error_of(map.append("x", {})), HeaderError::size_exceeded);
  // Replacing what is there needs no room.
  std::vector<std::span<const std::byte>> same(added);
  EXPECT_TRUE(map.set("x", same));
}

TEST(FieldMap, FreezingSharesAndCloningFrees) {
  FieldMap map;
  EXPECT_TRUE(map.append("x", as_body("1")));
  const auto shared = map.freeze();
  EXPECT_EQ(map.freeze(), shared);
  EXPECT_EQ(error_of(map.append("y", {})), HeaderError::immutable);
  EXPECT_EQ(error_of(map.set("y", {})), HeaderError::immutable);
  EXPECT_EQ(error_of(map.remove("x")), HeaderError::immutable);
  EXPECT_EQ(error_of(map.append("host", {})), HeaderError::forbidden);
  FieldMap copy = map.clone().value();
  EXPECT_TRUE(copy.append("y", {}));
  EXPECT_EQ(listed(map), (std::vector<std::string>{"x=1"}));
}

TEST(FieldMap, CountsAsBytesOfItsQuota) {
  Quota quota(10'000);
  const std::string large(4'900, 'x');
  FieldMap one(quota.empty());
  FieldMap two(quota.empty());
  EXPECT_TRUE(one.append("a", as_body(large)));
  EXPECT_TRUE(two.append("a", as_body(large)));
  EXPECT_EQ(error_of(two.append("b", as_body(large))), HeaderError::size_exceeded);
  EXPECT_EQ(two.fields().size(), 1U);
  EXPECT_FALSE(one.clone(quota.empty()));
  const std::span<const std::byte> small[] = {as_body("1")};
  EXPECT_TRUE(two.set("a", small));
  auto shared = one.freeze();
  EXPECT_FALSE(quota.take(6'000)) << "frozen ones count as well";
  auto copy = one.clone(quota.empty());
  EXPECT_TRUE(copy);
  one = FieldMap();
  copy = FieldMap();
  EXPECT_FALSE(quota.take(6'000)) << "as long as somebody holds them";
  shared.reset();
  EXPECT_TRUE(two.remove("a"));
  EXPECT_TRUE(quota.take(10'000));
}

TEST(FieldMap, KeepsNoMemoryForWhatWasRemoved) {
  FieldMap map;
  const std::string large(100'000, 'x');
  const std::span<const std::byte> values[] = {as_body("1")};
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(map.append("a", as_body(large)));
    EXPECT_TRUE(map.append("b", as_body("1")));
    EXPECT_TRUE(i % 2 == 0 ? map.remove("a") : map.set("a", values));
    EXPECT_LT(map.fields().memory_bytes(), 1'000U);
    EXPECT_EQ(map.fields().get("b"), "1");
  }
}

TEST(FieldMap, WhatAPeerSentCountsToo) {
  Quota quota(150);
  net::http::Fields fields;
  ASSERT_TRUE(fields.add("name", std::string(50, 'v')));
  auto first = counted(without_forbidden(fields), quota.empty());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->get("name")->size(), 50U);
  EXPECT_FALSE(counted(without_forbidden(fields), quota.empty()));
  first.reset();
  EXPECT_TRUE(counted(without_forbidden(fields), quota.empty()));
  for (const std::string_view more : {"x-clean", "connection"}) {
    auto fresh = fields;
    ASSERT_TRUE(fresh.add(more, "close"));
    auto moved = fresh;
    const auto kept = counted_without_forbidden(std::move(moved), quota.empty());
    ASSERT_NE(kept, nullptr);
    EXPECT_EQ(kept->contains(more), more == "x-clean");
    EXPECT_FALSE(counted_without_forbidden(std::move(fresh), quota.empty())) << "while those are held";
  }
}

TEST(FieldMap, StripsWhatAPeerMustNotPassOn) {
  net::http::Fields fields;
  for (const char* name : {"a", "Proxy-Authorization", "b", "upgrade", "Host"})
    ASSERT_TRUE(fields.add(name, "v"));
  EXPECT_EQ(listed(FieldMap(without_forbidden(fields))), (std::vector<std::string>{"a=v", "b=v"}));
}

TEST(FieldMap, ClonesWhatIsLargerThanAGuestCanMake) {
  net::http::Fields fields(1 << 20);
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(fields.add("name", "value"));
  FieldMap copy = FieldMap(without_forbidden(fields)).clone().value();
  EXPECT_EQ(copy.fields().size(), 10'000U);
  EXPECT_EQ(error_of(copy.append("x", {})), HeaderError::size_exceeded);
}

}  // namespace
}  // namespace wisp::wasi::http
