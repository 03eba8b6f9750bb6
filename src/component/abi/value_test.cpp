#include "component/abi/value.hpp"

#include "component/abi/checks.hpp"
#include "component/abi/fake_side.hpp"
#include "component/abi/random_abi.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

namespace wisp::component {
namespace {

using ast::StringEncoding;

constexpr StringEncoding kEncodings[] = {StringEncoding::utf8, StringEncoding::utf16,
                                         StringEncoding::latin1_utf16};
constexpr PointerSize kPointers[] = {PointerSize::p32, PointerSize::p64};

template <class... Items>
Value list(Items... items) {
  Value::List result;
  (result.items.push_back(std::move(items)), ...);
  return {std::move(result)};
}

TEST(Value, ComesBackFromMemoryAndFromSlots) {
  for (std::uint32_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE(seed);
    TypeArena arena;
    SeededChoice choice(seed);
    const auto& type = *random_type(arena, choice, 3);
    const auto value = random_value(type, choice);
    SCOPED_TRACE(describe(&type));
    for (const auto encoding : kEncodings)
      for (const auto pointer : kPointers) {
        FakeSide side(encoding, pointer);
        const auto layout = type.at(pointer);
        const auto address = allocate(side, layout.align, layout.size).value();
        const auto stored = store_value(side, &type, value, address);
        ASSERT_TRUE(stored) << stored.error().message();
        const auto loaded = load_value(side, &type, address);
        ASSERT_TRUE(loaded) << loaded.error().message();
        EXPECT_TRUE(*loaded == value);
        if (type.flat_count > kMaxFlatParams) continue;
        std::vector<wasmtime_val_raw_t> slots(type.flat_count);
        ASSERT_TRUE(lower_value(side, &type, value, slots));
        const auto lifted = lift_value(side, &type, slots);
        ASSERT_TRUE(lifted) << lifted.error().message();
        EXPECT_TRUE(*lifted == value);
      }
  }
}

TEST(Value, NumbersAreNormalisedFromSlots) {
  TypeArena arena;
  Type three{.kind = Kind::flags};
  for (const auto* label : {"a", "b", "c"}) three.members.push_back({label, nullptr});
  const auto p = [&](Kind kind) { return arena.primitive(kind); };
  struct Row {
    const Type* type;
    std::uint64_t slot;
    Value expected;
  };
  const Row rows[] = {
      {p(Kind::bool_), 0x100, {true}},
      {p(Kind::bool_), 0x1'0000'0000, {false}},
      {p(Kind::u8), 0x1ff, {std::uint8_t{0xff}}},
      {p(Kind::s8), 0x80, {std::int8_t{-128}}},
      {p(Kind::s16), 0x18000, {std::int16_t{-32768}}},
      {p(Kind::u16), 0x18000, {std::uint16_t{0x8000}}},
      {p(Kind::u32), 0xff'ffff'ffff, {~0U}},
      {p(Kind::s32), 0xffffffff, {-1}},
      {p(Kind::s64), ~0ULL, {std::int64_t{-1}}},
      {p(Kind::char_), 0x10ffff, {char32_t{0x10ffff}}},
      {arena.intern(three), 0xfd, {Value::Flags{{true, false, true}}}},
  };
  for (const auto& row : rows) {
    FakeSide side;
    wasmtime_val_raw_t slot{};
    store_slot(slot, row.slot);
    const auto lifted = lift_value(side, row.type, std::span(&slot, 1));
    ASSERT_TRUE(lifted);
    EXPECT_TRUE(*lifted == row.expected) << describe(row.type) << " " << row.slot;
  }
}

TEST(Value, SignedNumbersAreSlotsOf32Bits) {
  TypeArena arena;
  FakeSide side;
  wasmtime_val_raw_t slot{};
  store_slot(slot, ~0ULL);
  ASSERT_TRUE(lower_value(side, arena.primitive(Kind::s8), {std::int8_t{-2}}, std::span(&slot, 1)));
  EXPECT_EQ(load_slot(slot), 0xfffffffeU);
}

TEST(Value, UnusedSlotsOfAVariantAreZero) {
  TypeArena arena;
  FakeSide side;
  const auto* type = arena.intern(Type{
      .kind = Kind::result, .element = arena.primitive(Kind::string), .second = arena.primitive(Kind::f32)});
  std::vector<wasmtime_val_raw_t> slots(3);
  for (auto& slot : slots) store_slot(slot, ~0ULL);
  ASSERT_TRUE(lower_value(side, type, {Value::Case{1, std::make_unique<Value>(Value{1.0F})}}, slots));
  EXPECT_EQ(load_slot(slots[0]), 1U);
  EXPECT_EQ(load_slot(slots[1]), std::bit_cast<std::uint32_t>(1.0F));
  EXPECT_EQ(load_slot(slots[2]), 0U);
}

TEST(Value, NansAgreeAndOtherFloatsCompareByBits) {
  EXPECT_TRUE(Value{std::bit_cast<float>(0x7fc00000U)} == Value{std::bit_cast<float>(0xffc12345U)});
  EXPECT_FALSE(Value{0.0} == Value{-0.0});
  EXPECT_FALSE(Value{1.0F} == Value{1.0});
  EXPECT_FALSE(
      (Value{Value::Case{0, nullptr}} == Value{Value::Case{0, std::make_unique<Value>(Value{true})}}));
}

TEST(Value, HostileMemoryTraps) {
  TypeArena arena;
  const auto p = [&](Kind kind) { return arena.primitive(kind); };
  const auto* list_u32 = arena.intern(Type{.kind = Kind::list, .element = p(Kind::u32)});
  const auto* option = arena.intern(Type{.kind = Kind::option, .element = p(Kind::u8)});
  const auto* own = arena.intern(Type{.kind = Kind::own});
  struct Row {
    const char* name;
    const Type* type;
    std::vector<std::uint32_t> words;  // at address 16
    Errc code;
  };
  const Row rows[] = {
      {"surrogate", p(Kind::char_), {0xd800}, Errc::trap_abi},
      {"last surrogate", p(Kind::char_), {0xdfff}, Errc::trap_abi},
      {"beyond unicode", p(Kind::char_), {0x110000}, Errc::trap_abi},
      {"discriminant", option, {2}, Errc::trap_abi},
      {"unaligned list", list_u32, {2, 1}, Errc::trap_abi},
      {"unaligned empty list", list_u32, {2, 0}, Errc::trap_abi},
      {"list past the end", list_u32, {0, 17}, Errc::trap_memory},
      {"empty list past the end", list_u32, {68, 0}, Errc::trap_memory},
      {"list too long", list_u32, {0, 1U << 26U}, Errc::trap_abi},
      {"list length wraps 32 bits", list_u32, {0, 1U << 30U}, Errc::trap_abi},
      {"unknown handle", own, {7}, Errc::trap_handle},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    FakeSide side(StringEncoding::utf8, PointerSize::p32, 64);
    std::memcpy(&side.bytes[16], row.words.data(), row.words.size() * 4);
    const auto loaded = load_value(side, row.type, 16);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code(), row.code) << loaded.error().message();
  }
  FakeSide side(StringEncoding::utf8, PointerSize::p32, 64);
  EXPECT_EQ(load_value(side, p(Kind::u32), 62).error().code(), Errc::trap_abi);
  EXPECT_EQ(load_value(side, p(Kind::u32), 64).error().code(), Errc::trap_memory);
  EXPECT_EQ(load_value(side, p(Kind::u32), ~3ULL).error().code(), Errc::trap_memory);
  EXPECT_EQ(store_value(side, p(Kind::u32), {1U}, 64).error().code(), Errc::trap_memory);
}

TEST(Value, TreesAreBoundedByTheBudgetNotByTheList) {
  TypeArena arena;
  FakeSide side(StringEncoding::utf8, PointerSize::p32, 1U << 20U);
  side.set_budget(1U << 20U);
  const auto* bytes = arena.intern(Type{.kind = Kind::list, .element = arena.primitive(Kind::u8)});
  store<std::uint32_t>(&side.bytes[4], 1U << 19U);
  EXPECT_EQ(load_value(side, bytes, 0).error().code(), Errc::trap_limit);
}

TEST(Value, RefusesValuesOfAnotherType) {
  TypeArena arena;
  FakeSide side;
  const auto* u8 = arena.primitive(Kind::u8);
  const auto* pair = arena.intern(Type{.kind = Kind::tuple, .members = {{"", u8}, {"", u8}}});
  const auto* option = arena.intern(Type{.kind = Kind::option, .element = u8});
  const auto* enum_ = arena.intern(Type{.kind = Kind::enum_, .members = {{"a", nullptr}}});
  const auto* flags = arena.intern(Type{.kind = Kind::flags, .members = {{"a", nullptr}}});
  const auto* own = arena.intern(Type{.kind = Kind::own, .resource = {3}});
  struct Row {
    const Type* type;
    Value value;
    Errc code = Errc::trap_host;
  };
  Row rows[] = {
      {u8, {std::int8_t{1}}},
      {arena.primitive(Kind::char_), {char32_t{0xd800}}},
      {arena.primitive(Kind::string), {true}},
      {pair, list(Value{std::uint8_t{1}})},
      {pair, {std::uint8_t{1}}},
      {option, {Value::Case{1, nullptr}}},
      {option, {Value::Case{2, nullptr}}},
      {option, {Value::Case{0, std::make_unique<Value>(Value{std::uint8_t{1}})}}},
      {enum_, {Value::Case{1, nullptr}}},
      {flags, {Value::Flags{{true, false}}}},
      {own, {Value::Handle{{4}, {0}}}},
      {arena.intern(Type{.kind = Kind::stream, .element = u8}), {0U}, Errc::unsupported_feature},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(describe(row.type));
    std::vector<wasmtime_val_raw_t> slots(row.type->flat_count);
    EXPECT_EQ(lower_value(side, row.type, row.value, slots).error().code(), row.code);
    EXPECT_EQ(store_value(side, row.type, row.value, 0).error().code(), row.code);
  }
  EXPECT_EQ(lower_value(side, pair, list(), {}).error().code(), Errc::internal);
}

}  // namespace
}  // namespace wisp::component
