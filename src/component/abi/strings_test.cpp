#include "component/abi/strings.hpp"

#include "component/abi/fake_side.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace wisp::component {
namespace {

using ast::StringEncoding;
using Calls = std::vector<FakeSide::Call>;

constexpr StringEncoding kEncodings[] = {StringEncoding::utf8, StringEncoding::utf16,
                                         StringEncoding::latin1_utf16};
constexpr PointerSize kPointers[] = {PointerSize::p32, PointerSize::p64};

std::uint64_t tag(PointerSize pointer) { return pointer == PointerSize::p32 ? 1ULL << 31 : 1ULL << 63; }

std::string utf8(std::u32string_view text) {
  std::string out;
  for (const auto c : text) {
    const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
    if (c < 0x80) {
      put(c);
    } else if (c < 0x800) {
      put(0xc0 | c >> 6), put(0x80 | (c & 63));
    } else if (c < 0x10000) {
      put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 63)), put(0x80 | (c & 63));
    } else {
      put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 63)), put(0x80 | (c >> 6 & 63)), put(0x80 | (c & 63));
    }
  }
  return out;
}

std::string utf16(std::u32string_view text) {
  std::string out;
  const auto put = [&](char32_t unit) {
    out += static_cast<char>(unit & 255), out += static_cast<char>(unit >> 8);
  };
  for (const auto c : text) {
    if (c < 0x10000) {
      put(c);
    } else {
      put(0xd800 + ((c - 0x10000) >> 10)), put(0xdc00 + ((c - 0x10000) & 0x3ff));
    }
  }
  return out;
}

std::string latin1(std::u32string_view text) { return {text.begin(), text.end()}; }

bool is_below(std::u32string_view text, char32_t bound) {
  return std::ranges::all_of(text, [=](char32_t c) { return c < bound; });
}

/// A string in a guest, as a guest might have made it; latin1+utf16 sources come in both forms.
struct Source {
  std::string bytes;
  std::uint64_t units;  // without tag
  bool tagged;
};

std::vector<Source> sources(std::u32string_view text, StringEncoding encoding) {
  const Source wide{utf16(text), utf16(text).size() / 2, encoding == StringEncoding::latin1_utf16};
  if (encoding == StringEncoding::utf8) return {{utf8(text), utf8(text).size(), false}};
  if (encoding == StringEncoding::utf16 || !is_below(text, 0x100)) return {wide};
  return {wide, {latin1(text), text.size(), false}};
}

/// What the specification's store_string_into_range does, said in another way than strings.cpp says it.
struct Expected {
  Calls calls;
  std::string bytes;
  std::uint64_t units;  // with tag
};

Expected expect(std::u32string_view text, StringEncoding from, const Source& source, StringEncoding to,
                PointerSize pointer) {
  const auto n = source.units;
  const bool from_utf16 = from == StringEncoding::utf16 || source.tagged;
  const auto as8 = utf8(text), as16 = utf16(text);
  if (to == StringEncoding::utf8) {
    Expected result{{{0, 1, n}}, as8, as8.size()};
    if (from == StringEncoding::utf8 || is_below(text, 0x80)) return result;
    const auto worst = n * (from_utf16 ? 3 : 2);
    result.calls.push_back({n, 1, worst});
    if (worst > as8.size()) result.calls.push_back({worst, 1, as8.size()});
    return result;
  }
  if (to == StringEncoding::utf16) {
    Expected result{{{0, 2, 2 * n}}, as16, as16.size() / 2};
    if (as16.size() < 2 * n) result.calls.push_back({2 * n, 2, as16.size()});
    return result;
  }
  if (from == StringEncoding::latin1_utf16) {
    if (!source.tagged) return {{{0, 2, n}}, latin1(text), n};
    if (!is_below(text, 0x100)) return {{{0, 2, 2 * n}}, as16, n | tag(pointer)};
    return {{{0, 2, 2 * n}, {2 * n, 1, n}}, latin1(text), n};
  }
  if (is_below(text, 0x100)) {
    Expected result{{{0, 2, n}}, latin1(text), text.size()};
    if (text.size() < n) result.calls.push_back({n, 2, text.size()});
    return result;
  }
  Expected result{{{0, 2, n}, {n, 2, 2 * n}}, as16, as16.size() / 2 | tag(pointer)};
  if (as16.size() < 2 * n) result.calls.push_back({2 * n, 2, as16.size()});
  return result;
}

std::string bytes_at(FakeSide& side, std::uint64_t address, std::size_t size) {
  const auto range = side.memory().range(address, size).value();
  return {reinterpret_cast<const char*>(range.data()), range.size()};
}

StringRef put(FakeSide& side, const Source& source) {
  return {side.put(std::as_bytes(std::span(source.bytes)), 2),
          source.units | (source.tagged ? tag(side.pointer()) : 0)};
}

void check_all_pairs(std::u32string_view text) {
  for (const auto from : kEncodings)
    for (const auto to : kEncodings)
      for (const auto pointer : kPointers)
        for (const auto& source : sources(text, from)) {
          SCOPED_TRACE(testing::Message()
                       << "from " << static_cast<int>(from) << (source.tagged ? " tagged" : "") << " to "
                       << static_cast<int>(to) << " text " << utf8(text));
          FakeSide a(from, pointer), b(to, pointer);
          const auto ref = put(a, source);
          const auto moved = transfer_string(a, ref, b);
          ASSERT_TRUE(moved) << moved.error().message();
          const auto expected = expect(text, from, source, to, pointer);
          EXPECT_EQ(b.calls, expected.calls);
          EXPECT_EQ(moved->units, expected.units);
          EXPECT_EQ(bytes_at(b, moved->address, expected.bytes.size()), expected.bytes);
          EXPECT_TRUE(a.calls.empty());
          EXPECT_EQ(lift_string(a, ref).value(), utf8(text));
          EXPECT_EQ(lift_string(b, *moved).value(), utf8(text));

          FakeSide c(to, pointer);
          const auto lowered = lower_string(c, utf8(text));
          ASSERT_TRUE(lowered);
          const auto from_host =
              expect(text, StringEncoding::utf8, sources(text, StringEncoding::utf8)[0], to, pointer);
          EXPECT_EQ(c.calls, from_host.calls);
          EXPECT_EQ(lowered->units, from_host.units);
          EXPECT_EQ(bytes_at(c, lowered->address, from_host.bytes.size()), from_host.bytes);
        }
}

TEST(Strings, AllPairsCallReallocAsSpecified) {
  for (const auto* text :
       {U"", U"a", U"plain ascii that is longer than a block of sixteen", U"é", U"caf\u00e9", U"\u00ff\u0080",
        U"\u0100", U"aé☃", U"☃aé", U"🍰", U"x🍰y", U"\ud7ff\ue000\uffff\U00010000\U0010ffff",
        U"0123456789abcdef0123456789abcdé0123456789abcdef☃0123456789abcdef🍰0123456789abcdef",
        U"\u07ff\u0800"})
    check_all_pairs(text);
}

TEST(Strings, RandomTextSurvivesAllPairs) {
  std::mt19937 random(1);  // NOLINT(cert-msc32-c, cert-msc51-cpp): a repeatable test
  for (int round = 0; round < 300; ++round) {
    std::u32string text;
    const auto size = random() % 70;
    const char32_t bounds[] = {0x80, 0x100, 0x800, 0x10000, 0x110000};
    const auto bound = bounds[random() % 5];
    while (text.size() < size) {
      const char32_t c = random() % 4 == 0 ? random() % bound : 'a' + random() % 26;
      if (c < 0xd800 || c > 0xdfff) text += c;
    }
    check_all_pairs(text);
  }
}

TEST(Strings, RefuseInvalidText) {
  struct Row {
    const char* name;
    StringEncoding encoding;
    std::string bytes;
  };
  const auto s8 = StringEncoding::utf8;
  const auto s16 = StringEncoding::utf16;
  const Row rows[] = {
      {"continuation first", s8, "\x80"},
      {"cut two", s8, "a\xc3"},
      {"cut three", s8, "\xe2\x98"},
      {"cut four", s8, "\xf0\x9f\x8d"},
      {"overlong two", s8, "\xc0\x80"},
      {"overlong two, c1", s8, "\xc1\xbf"},
      {"overlong three", s8, "\xe0\x80\x80"},
      {"overlong four", s8, "\xf0\x80\x80\x80"},
      {"surrogate", s8, "\xed\xa0\x80"},
      {"beyond the last", s8, "\xf4\x90\x80\x80"},
      {"f5", s8, "\xf5\x80\x80\x80"},
      {"ff", s8, "\xff"},
      {"not continued", s8, "\xe2\x28\xa1"},
      {"after a block", s8, "0123456789abcdef0123456789abcdef\x80"},
      {"lone high", s16, std::string("\x00\xd8", 2)},
      {"lone low", s16, std::string("\x00\xdc", 2)},
      {"high then letter", s16, std::string("\x00\xd8\x61\x00", 4)},
      {"high high", s16, std::string("\x00\xd8\x00\xd8", 4)},
      {"low high", s16, std::string("\x00\xdc\x00\xd8", 4)},
  };
  for (const auto& row : rows) {
    for (const auto to : kEncodings) {
      SCOPED_TRACE(row.name);
      FakeSide a(row.encoding), b(to);
      const Source source{row.bytes, row.bytes.size() / (row.encoding == s16 ? 2 : 1), false};
      const auto ref = put(a, source);
      const auto moved = transfer_string(a, ref, b);
      ASSERT_FALSE(moved);
      EXPECT_EQ(moved.error().code(), Errc::trap_abi);
      EXPECT_TRUE(b.calls.empty()) << "nothing is lowered before all is lifted";
      EXPECT_EQ(lift_string(a, ref).error().code(), Errc::trap_abi);
    }
  }
}

TEST(Strings, CheckPlaceAndSize) {
  struct Row {
    const char* name;
    StringEncoding encoding;
    StringRef ref;
    Errc code;
  };
  constexpr std::uint64_t kSize = 64;
  const Row rows[] = {
      {"past the end", StringEncoding::utf8, {60, 5}, Errc::trap_memory},
      {"address wraps", StringEncoding::utf8, {~0ULL, 2}, Errc::trap_memory},
      {"empty beyond the end", StringEncoding::utf8, {65, 0}, Errc::trap_memory},
      {"too long", StringEncoding::utf8, {0, kMaxStringBytes + 1}, Errc::trap_abi},
      {"too long in bytes", StringEncoding::utf16, {0, (kMaxStringBytes + 1) / 2}, Errc::trap_abi},
      {"units wrap", StringEncoding::utf16, {0, 1ULL << 63}, Errc::trap_abi},
      {"odd utf16", StringEncoding::utf16, {1, 1}, Errc::trap_abi},
      {"odd empty utf16", StringEncoding::utf16, {1, 0}, Errc::trap_abi},
      {"odd latin1", StringEncoding::latin1_utf16, {1, 1}, Errc::trap_abi},
      {"tagged past the end", StringEncoding::latin1_utf16, {0, 33 | 1ULL << 31}, Errc::trap_memory},
      {"all bits", StringEncoding::latin1_utf16, {0, 0xffffffff}, Errc::trap_abi},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    FakeSide a(row.encoding, PointerSize::p32, kSize), b;
    EXPECT_EQ(lift_string(a, row.ref).error().code(), row.code);
    EXPECT_EQ(transfer_string(a, row.ref, b).error().code(), row.code);
  }
  FakeSide a(StringEncoding::utf8, PointerSize::p32, kSize);
  EXPECT_EQ(lift_string(a, {64, 0}).value(), "");
}

TEST(Strings, ChargeWhatTheyRead) {
  FakeSide a, b;
  a.set_budget(5);
  const auto ref = put(a, {"abc", 3, false});
  EXPECT_TRUE(lift_string(a, ref));
  const auto second = transfer_string(a, ref, b);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Errc::trap_limit);
}

TEST(Strings, CheckWhatReallocReturns) {
  struct Row {
    const char* name;
    StringEncoding from, to;
    std::u32string_view text;
    std::size_t bad_call;  // which realloc call lies
    std::uint64_t result;
    Errc code;
  };
  const auto s8 = StringEncoding::utf8;
  const auto s16 = StringEncoding::utf16;
  const auto both = StringEncoding::latin1_utf16;
  const Row rows[] = {
      {"copy out of bounds", s8, s8, U"abc", 0, 62, Errc::trap_memory},
      {"empty out of bounds", s8, s8, U"", 0, 0xffffffff, Errc::trap_memory},
      {"odd utf16", s8, s16, U"abc", 0, 33, Errc::trap_abi},
      {"odd latin1", s8, both, U"abc", 0, 33, Errc::trap_abi},
      {"grow out of bounds", s16, s8, U"aé", 1, 60, Errc::trap_memory},
      {"shrink out of bounds", s16, s8, U"aé", 2, 62, Errc::trap_memory},
      {"shrink utf16 odd", s8, s16, U"é", 1, 3, Errc::trap_abi},
      {"inflate out of bounds", s8, both, U"a☃", 1, 58, Errc::trap_memory},
      {"inflate odd", s8, both, U"a☃", 1, 3, Errc::trap_abi},
      {"deflate out of bounds", both, both, U"ab", 1, 63, Errc::trap_memory},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    FakeSide a(row.from), b(row.to, PointerSize::p32, 64);
    b.hook = [&](auto, auto, auto, auto) -> Result<std::uint64_t> {
      return b.calls.size() - 1 == row.bad_call ? row.result : 32;
    };
    const auto moved = transfer_string(a, put(a, sources(row.text, row.from)[0]), b);
    ASSERT_FALSE(moved);
    EXPECT_EQ(moved.error().code(), row.code);
    EXPECT_EQ(b.calls.size(), row.bad_call + 1);
  }
}

// One instance may be both sides, and its realloc may rewrite the string that is being passed.
TEST(Strings, SurviveASourceThatChangesDuringRealloc) {
  for (const auto encoding : kEncodings) {
    for (int filling = 0; filling < 256; filling += 5) {
      FakeSide side(encoding, PointerSize::p32, 4096);
      const auto ref = put(side, sources(U"abcdefgh☃12345678é🍰", encoding).front());
      side.hook = [&](auto old, auto old_size, auto align, auto size) -> Result<std::uint64_t> {
        std::memset(side.bytes.data(), filling, 128);
        return side.bump(old, old_size, align, size);
      };
      // A second side of the same memory with each of the encodings.
      for (const auto to : kEncodings) {
        FakeSide other(to, PointerSize::p32, 4096);
        other.hook = side.hook;
        const auto moved = transfer_string(side, ref, other);
        if (!moved) {
          EXPECT_TRUE(moved.error().code() == Errc::trap_abi || moved.error().code() == Errc::trap_memory)
              << moved.error().message();
        }
      }
    }
  }
}

// realloc may hand out the very bytes of the source.
TEST(Strings, SurviveATargetThatOverlapsTheSource) {
  for (const auto encoding : kEncodings) {
    for (std::uint64_t shift = 0; shift < 40; shift += 2) {
      FakeSide side(encoding, PointerSize::p32, 512);
      const auto ref = put(side, sources(U"0123456789abcdef0123456789ab☃éé🍰", encoding).front());
      side.hook = [&](auto, auto, auto, auto) -> Result<std::uint64_t> {
        return ref.address + shift - (shift % 4 == 0 ? 0 : 4);
      };
      const auto moved = transfer_string(side, ref, side);
      if (!moved) {
        EXPECT_EQ(moved.error().code(), Errc::trap_abi);
      }
    }
  }
}

TEST(Strings, HostTextIsBoundedAndChecked) {
  FakeSide side(StringEncoding::utf16);
  EXPECT_EQ(lower_string(side, "\xff").error().code(), Errc::trap_host);
  side.limit = 0;
  EXPECT_EQ(lower_string(side, "abc").error().code(), Errc::trap_unreachable)
      << "errors of realloc pass through";
}

}  // namespace
}  // namespace wisp::component
