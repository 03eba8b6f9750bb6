#include "component/abi/transfer.hpp"

#include "component/abi/fake_side.hpp"
#include "component/abi/random_abi.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

using ast::StringEncoding;
using Slots = std::vector<wasmtime_val_raw_t>;
using Types = std::vector<const Type*>;

constexpr StringEncoding kEncodings[] = {StringEncoding::utf8, StringEncoding::utf16,
                                         StringEncoding::latin1_utf16};
constexpr PointerSize kPointers[] = {PointerSize::p32, PointerSize::p64};
constexpr Place kPlaces[] = {Place::flat, Place::memory};
constexpr std::uint32_t kResourceOffset = 100;

std::uint32_t flat_count(const Types& types) {
  std::uint32_t count = 0;
  for (const auto* type : types) count += type->flat_count;
  return count;
}

RecordLayout layout(const Types& types, PointerSize pointer) {
  RecordLayout record;
  for (const auto* type : types) record.add(type->at(pointer));
  return record;
}

Slots slots_of(std::initializer_list<std::uint64_t> values) {
  Slots slots;
  for (const auto value : values) store_slot(slots.emplace_back(), value);
  return slots;
}

/// Values put into a side as a guest or lower() would pass them.
Slots place_values(FakeSide& side, Place place, const Types& types, const std::vector<Value>& values) {
  if (place == Place::flat) {
    Slots slots(flat_count(types));
    std::size_t at = 0;
    for (std::size_t i = 0; i < types.size(); ++i) {
      EXPECT_TRUE(lower_value(side, types[i], values[i], FlatSpan(slots).subspan(at)));
      at += types[i]->flat_count;
    }
    return slots;
  }
  const auto record = layout(types, side.pointer());
  const auto base = allocate(side, record.align(), record.size()).value();
  RecordLayout fields;
  for (std::size_t i = 0; i < types.size(); ++i)
    EXPECT_TRUE(store_value(side, types[i], values[i], base + fields.add(types[i]->at(side.pointer()))));
  return slots_of({base});
}

std::vector<Value> take_values(FakeSide& side, Place place, const Types& types, const Slots& slots) {
  std::vector<Value> values;
  std::size_t at = 0;
  RecordLayout fields;
  for (const auto* type : types) {
    auto value = place == Place::flat
                     ? lift_value(side, type, std::span(slots).subspan(at))
                     : load_value(side, type, load_slot(slots[0]) + fields.add(type->at(side.pointer())));
    at += type->flat_count;
    if (!value) {
      ADD_FAILURE() << value.error().message();
      return values;
    }
    values.push_back(std::move(*value));
  }
  return values;
}

struct Case {
  Types from, to;
  std::vector<Value> values;
};

/// One combination of places and options: the target holds the same values, and where strings take the same
/// way as through the host, the same bytes after the same realloc calls.
void check(const Case& test, Place from_place, Place to_place, StringEncoding from_encoding,
           StringEncoding to_encoding, PointerSize from_pointer, PointerSize to_pointer) {
  const auto plan = TransferPlan::compile(test.from, from_place, from_pointer, from_encoding, test.to,
                                          to_place, to_pointer, to_encoding);
  ASSERT_TRUE(plan) << plan.error().message();
  FakeSide a(from_encoding, from_pointer), b(to_encoding, to_pointer), direct(to_encoding, to_pointer);
  std::ranges::fill(a.bytes, std::byte{0xaa});
  const auto source = place_values(a, from_place, test.from, test.values);
  Slots target(plan->slots_out());
  for (auto& slot : target) store_slot(slot, ~0ULL);
  const auto done = plan->run(a, source, b, target, TransferPlan::Target::allocate);
  ASSERT_TRUE(done) << done.error().message();

  std::vector<Value> expected;
  for (const auto& value : test.values) expected.push_back(clone_value(value, kResourceOffset));
  if (from_encoding == StringEncoding::utf8) {
    const auto direct_slots = place_values(direct, to_place, test.to, expected);
    EXPECT_EQ(b.calls, direct.calls);
    EXPECT_EQ(b.bytes, direct.bytes);
    ASSERT_EQ(target.size(), std::max<std::size_t>(direct_slots.size(), to_place == Place::memory ? 1 : 0));
    for (std::size_t i = 0; i < target.size(); ++i)
      EXPECT_EQ(load_slot(target[i]), load_slot(direct_slots[i])) << i;
  }
  EXPECT_TRUE(take_values(b, to_place, test.to, target) == expected);
}

TEST(Transfer, EqualsLiftThenLowerInAllFormsAndEncodings) {
  for (std::uint32_t seed = 0; seed < 500; ++seed) {
    TypeArena mine, theirs;
    SeededChoice choice(seed);
    Case test;
    const auto count = 1 + choice.below(4);
    std::string text;
    for (std::uint32_t i = 0; i < count; ++i) {
      test.from.push_back(random_type(mine, choice, 3));
      test.to.push_back(clone_type(theirs, *test.from.back(), kResourceOffset));
      test.values.push_back(random_value(*test.from.back(), choice));
      text += describe(test.from.back()) + ", ";
    }
    SCOPED_TRACE(testing::Message() << "seed " << seed << ": " << text);
    const bool fits = flat_count(test.from) <= kMaxFlatParams;
    for (const auto from_place : kPlaces)
      for (const auto to_place : kPlaces) {
        if (!fits && (from_place == Place::flat || to_place == Place::flat)) continue;
        for (const auto from_pointer : kPointers)
          for (const auto to_pointer : kPointers)
            for (const auto from_encoding : kEncodings)
              for (const auto to_encoding : kEncodings)
                check(test, from_place, to_place, from_encoding, to_encoding, from_pointer, to_pointer);
      }
    if (testing::Test::HasFailure()) return;
  }
}

class Transfers : public testing::Test {
 protected:
  const Type* p(Kind kind) { return arena.primitive(kind); }
  const Type* make(Type shape) { return arena.intern(std::move(shape)); }
  const Type* list(const Type* element) { return make({.kind = Kind::list, .element = element}); }
  const Type* record(std::initializer_list<const Type*> fields) {
    Type type{.kind = Kind::tuple};
    for (const auto* field : fields) type.members.push_back({"", field});
    return make(std::move(type));
  }

  TransferPlan plan(const Types& types, Place from = Place::flat, Place to = Place::flat) {
    return TransferPlan::compile(types, from, PointerSize::p32, StringEncoding::utf8, types, to,
                                 PointerSize::p32, StringEncoding::utf8)
        .value();
  }

  TypeArena arena;
};

TEST_F(Transfers, TrivialPlansNeedNoSides) {
  Type three{.kind = Kind::flags};
  for (const auto* label : {"a", "b", "c"}) three.members.push_back({label, nullptr});
  const auto all = plan({p(Kind::u8), p(Kind::s8), p(Kind::s16), p(Kind::u32), p(Kind::bool_), p(Kind::s64),
                         p(Kind::f32), make(three), p(Kind::bool_)});
  ASSERT_TRUE(all.is_trivial());
  auto slots =
      slots_of({0x1ff, 0xff, 0x8000, ~0ULL, 0x100, ~0ULL, 0xffff'ffff'7fc0'0001, 0xff, 0x1'0000'0000});
  all.run_trivial(slots, slots);
  const std::uint64_t expected[] = {0xff, 0xffffffff, 0xffff8000, 0xffffffff, 1, ~0ULL, 0x7fc00001, 7, 0};
  for (std::size_t i = 0; i < slots.size(); ++i) EXPECT_EQ(load_slot(slots[i]), expected[i]) << i;

  EXPECT_TRUE(plan({}).is_trivial());
  EXPECT_FALSE(plan({p(Kind::char_)}).is_trivial());
  EXPECT_FALSE(plan({p(Kind::string)}).is_trivial());
  EXPECT_FALSE(plan({make({.kind = Kind::option, .element = p(Kind::u8)})}).is_trivial());
  EXPECT_FALSE(plan({p(Kind::u8)}, Place::flat, Place::memory).is_trivial());
}

TEST_F(Transfers, ScalarsWithChecksAskNoSideForAMemory) {
  class NoMemory final : public Side {
   public:
    NoMemory() : Side(StringEncoding::utf8, PointerSize::p32) {}
    GuestMemory memory() override {
      ADD_FAILURE() << "no memory is needed";
      return {};
    }
    Result<std::uint64_t> realloc(std::uint64_t, std::uint64_t, std::uint32_t, std::uint64_t) override {
      return fail(Errc::internal, "realloc");
    }
    Result<Rep> lift_own(ResourceId, std::uint32_t handle) override { return Rep{handle + 1ULL}; }
    Result<Rep> lift_borrow(ResourceId, std::uint32_t handle) override { return Rep{handle + 2ULL}; }
    Result<std::uint32_t> lower_own(ResourceId, Rep rep) override {
      return static_cast<std::uint32_t>(rep.value + 10);
    }
    Result<std::uint32_t> lower_borrow(ResourceId, Rep rep) override {
      return static_cast<std::uint32_t>(rep.value + 20);
    }
  };
  NoMemory side;
  const auto some = make({.kind = Kind::option, .element = p(Kind::char_)});
  const auto moved = plan({some, make({.kind = Kind::own}), make({.kind = Kind::borrow})});
  auto slots = slots_of({1, 'x', 5, 6});
  ASSERT_TRUE(moved.run(side, slots, side, slots, TransferPlan::Target::given));
  EXPECT_EQ(load_slot(slots[1]), 'x');
  EXPECT_EQ(load_slot(slots[2]), 16U);
  EXPECT_EQ(load_slot(slots[3]), 28U);
}

TEST_F(Transfers, TheSameSlotsMayBeSourceAndTarget) {
  const auto* result = make({.kind = Kind::result,
                             .element = p(Kind::u64),
                             .second = record({p(Kind::char_), p(Kind::u8), p(Kind::char_)})});
  FakeSide side;
  auto slots = slots_of({'a', 1, 'b', 0x1ff, 'c', 'd'});
  ASSERT_TRUE(plan({p(Kind::char_), result, p(Kind::char_)})
                  .run(side, slots, side, slots, TransferPlan::Target::given));
  const std::uint64_t expected[] = {'a', 1, 'b', 0xff, 'c', 'd'};
  for (std::size_t i = 0; i < slots.size(); ++i) EXPECT_EQ(load_slot(slots[i]), expected[i]) << i;
}

TEST_F(Transfers, ListsAreLiftedOnceAndBytesOfPaddingStayHome) {
  FakeSide a, b;
  const auto* padded = record({p(Kind::u8), p(Kind::u32)});
  const std::uint32_t content[] = {0xdddddd01, 2, 0xdddddd03, 4};
  const auto address = a.put(std::as_bytes(std::span(content)), 4);
  auto slots = slots_of({address, 2});
  ASSERT_TRUE(plan({list(padded)}).run(a, slots, b, slots, TransferPlan::Target::given));
  EXPECT_EQ(b.calls, (std::vector<FakeSide::Call>{{0, 4, 16}}));
  const std::uint32_t expected[] = {1, 2, 3, 4};
  EXPECT_EQ(std::memcmp(&b.bytes[load_slot(slots[0])], expected, 16), 0);
}

TEST_F(Transfers, EmptyListsStillCallRealloc) {
  FakeSide a, b;
  auto slots = slots_of({0, 0});
  ASSERT_TRUE(plan({list(p(Kind::u64))}).run(a, slots, b, slots, TransferPlan::Target::given));
  EXPECT_EQ(b.calls, (std::vector<FakeSide::Call>{{0, 8, 0}}));
}

TEST_F(Transfers, HostileSourcesTrap) {
  const auto* u32 = p(Kind::u32);
  Type wide{.kind = Kind::enum_};
  for (int i = 0; i < 300; ++i) wide.members.push_back({"l" + std::to_string(i), nullptr});
  const auto* wide_enum = make(wide);
  const auto* own = make({.kind = Kind::own});
  struct Row {
    const char* name;
    const Type* type;
    std::vector<std::uint64_t> slots;
    std::vector<std::uint32_t> words;  // at address 16 of a memory of 64 bytes
    Errc code;
  };
  const Row rows[] = {
      {"char", p(Kind::char_), {0xd800}, {}, Errc::trap_abi},
      {"char beyond", p(Kind::char_), {0x110000}, {}, Errc::trap_abi},
      {"enum", wide_enum, {300}, {}, Errc::trap_abi},
      {"option", make({.kind = Kind::option, .element = u32}), {2, 0}, {}, Errc::trap_abi},
      {"list past the end", list(u32), {16, 13}, {}, Errc::trap_memory},
      {"list far away", list(u32), {0xfffffffc, 1}, {}, Errc::trap_memory},
      {"empty list far away", list(u32), {0xfffffffc, 0}, {}, Errc::trap_memory},
      {"unaligned list", list(u32), {2, 1}, {}, Errc::trap_abi},
      {"unaligned empty list", list(u32), {2, 0}, {}, Errc::trap_abi},
      {"too long", list(u32), {0, 1U << 26U}, {}, Errc::trap_abi},
      {"length wraps 32 bits", list(u32), {0, 1U << 30U}, {}, Errc::trap_abi},
      {"char in list", list(p(Kind::char_)), {16, 2}, {'a', 0xdfff}, Errc::trap_abi},
      {"enum in list", list(wide_enum), {16, 2}, {300U << 16U}, Errc::trap_abi},
      {"inner list", list(list(u32)), {16, 1}, {60, 2}, Errc::trap_memory},
      {"inner string", list(p(Kind::string)), {16, 1}, {62, 3}, Errc::trap_memory},
      {"bad utf-8", p(Kind::string), {16, 4}, {0xffffffff}, Errc::trap_abi},
      {"unknown handle", own, {1}, {}, Errc::trap_handle},
      {"unknown handle in list", list(own), {16, 1}, {9}, Errc::trap_handle},
      {"other resource", make({.kind = Kind::borrow, .resource = {5}}), {77}, {}, Errc::trap_handle},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    FakeSide a(StringEncoding::utf8, PointerSize::p32, 64), b;
    if (!row.words.empty()) std::memcpy(&a.bytes[16], row.words.data(), row.words.size() * 4);
    a.handles.emplace(77, FakeSide::Entry{{1}, {0}, true});
    Slots slots(row.slots.size());
    for (std::size_t i = 0; i < slots.size(); ++i) store_slot(slots[i], row.slots[i]);
    const auto done = plan({row.type}).run(a, slots, b, slots, TransferPlan::Target::given);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), row.code) << done.error().message();
  }
}

TEST_F(Transfers, RecordsInMemoryAreCheckedOnBothSides) {
  const Types types{p(Kind::u32), p(Kind::u64)};
  struct Row {
    const char* name;
    std::uint64_t from, to;
    Errc code;
  };
  const Row rows[] = {
      {"unaligned source", 4, 0, Errc::trap_abi},
      {"source past the end", 56, 0, Errc::trap_memory},
      {"unaligned target", 0, 4, Errc::trap_abi},
      {"target past the end", 0, 56, Errc::trap_memory},
      {"target far away", 0, 0xfffffff8, Errc::trap_memory},
  };
  const auto move = plan(types, Place::memory, Place::memory);
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    FakeSide a(StringEncoding::utf8, PointerSize::p32, 64), b(StringEncoding::utf8, PointerSize::p32, 64);
    auto source = slots_of({row.from}), target = slots_of({row.to});
    EXPECT_EQ(move.run(a, source, b, target, TransferPlan::Target::given).error().code(), row.code);
  }
  FakeSide a, b;
  b.hook = [](auto, auto, auto, auto) -> Result<std::uint64_t> { return 4; };
  auto source = slots_of({0}), target = slots_of({0});
  EXPECT_EQ(move.run(a, source, b, target, TransferPlan::Target::allocate).error().code(), Errc::trap_abi);
  b.hook = [](auto, auto, auto, auto) -> Result<std::uint64_t> { return 0xfffffff8; };
  EXPECT_EQ(move.run(a, source, b, target, TransferPlan::Target::allocate).error().code(), Errc::trap_memory);
}

// The upper half of a slot is nothing a 32-bit pointer may see.
TEST_F(Transfers, PointersAreCutToTheirWidth) {
  FakeSide a, b;
  a.bytes[16] = std::byte{'x'};
  auto slots = slots_of({0xdead'0000'0010, 0xbeef'0000'0001});
  ASSERT_TRUE(plan({p(Kind::string)}).run(a, slots, b, slots, TransferPlan::Target::given));
  EXPECT_EQ(load_slot(slots[1]), 1U);
  EXPECT_EQ(b.bytes[load_slot(slots[0])], std::byte{'x'});
}

TEST_F(Transfers, ChargeTheSource) {
  FakeSide a, b;
  a.set_budget(100);
  const auto bytes = plan({list(p(Kind::u8))});
  for (const auto& [length, fits] : {std::pair{60, true}, std::pair{41, false}, std::pair{40, true}}) {
    auto slots = slots_of({0, static_cast<std::uint64_t>(length)});
    const auto done = bytes.run(a, slots, b, slots, TransferPlan::Target::given);
    EXPECT_EQ(done.has_value(), fits) << length;
    if (!done) {
      EXPECT_EQ(done.error().code(), Errc::trap_limit);
    }
  }
}

// Lists of lists that all lie at one place would multiply without end.
TEST_F(Transfers, ListsThatShareMemoryEndAtTheBudget) {
  const Type* type = p(Kind::u8);
  for (int depth = 0; depth < 20; ++depth) type = list(type);
  FakeSide a, b;
  a.set_budget(1U << 20U);
  b.moving = false;
  b.limit = 1U << 26U;
  for (std::size_t at = 0; at < 1024; at += 8) {
    store<std::uint32_t>(&a.bytes[at], 0);
    store<std::uint32_t>(&a.bytes[at + 4], 128);
  }
  auto slots = slots_of({0, 128});
  EXPECT_EQ(plan({type}).run(a, slots, b, slots, TransferPlan::Target::given).error().code(),
            Errc::trap_limit);
}

TEST_F(Transfers, RefusesWhatItCannotDo) {
  TypeArena other;
  const auto compile = [&](const Types& from, const Types& to, Place place) {
    return TransferPlan::compile(from, place, PointerSize::p32, StringEncoding::utf8, to, place,
                                 PointerSize::p32, StringEncoding::utf8);
  };
  const auto* u8 = p(Kind::u8);
  EXPECT_EQ(compile({u8}, {}, Place::flat).error().code(), Errc::import_type);
  EXPECT_EQ(compile({u8}, {other.primitive(Kind::s8)}, Place::flat).error().code(), Errc::import_type);
  const auto* one = make({.kind = Kind::result, .element = u8});
  const auto* none = make({.kind = Kind::result});
  EXPECT_EQ(compile({one}, {none}, Place::flat).error().code(), Errc::import_type);
  const auto* stream = make({.kind = Kind::stream, .element = u8});
  EXPECT_EQ(compile({stream}, {u8}, Place::flat).error().code(), Errc::import_type);
  const Types many(17, u8);
  EXPECT_EQ(compile(many, many, Place::flat).error().code(), Errc::internal);
  EXPECT_TRUE(compile(many, many, Place::memory));

  FakeSide utf8, utf16(StringEncoding::utf16);
  auto slots = slots_of({0, 0});
  EXPECT_EQ(
      plan({p(Kind::string)}).run(utf8, slots, utf16, slots, TransferPlan::Target::given).error().code(),
      Errc::internal);
  EXPECT_EQ(plan({p(Kind::string)}).run(utf8, {}, utf8, slots, TransferPlan::Target::given).error().code(),
            Errc::internal);
}

// 2^50 leaves in 100 types: the plan is made and run by type, not by leaf.
TEST_F(Transfers, PlansGrowWithTheTypesNotWithTheTree) {
  const Type* type = p(Kind::bool_);
  for (int i = 0; i < 24; ++i) type = record({type, type});
  const Type* list_type = p(Kind::char_);
  for (int i = 0; i < 45; ++i) list_type = list(record({list_type, list_type}));
  const Type* variants = p(Kind::char_);
  for (int i = 0; i < 14; ++i) {
    Type variant{.kind = Kind::variant};
    for (int each = 0; each < 20; ++each) variant.members.push_back({"c" + std::to_string(each), variants});
    variants = make(std::move(variant));
  }
  ASSERT_NE(type, nullptr);
  const auto wide = plan({type}, Place::memory, Place::memory);
  FakeSide a(StringEncoding::utf8, PointerSize::p32, 1U << 24U),
      b(StringEncoding::utf8, PointerSize::p32, 1U << 24U);
  a.bytes.back() = std::byte{7};
  auto source = slots_of({0}), target = slots_of({0});
  ASSERT_TRUE(wide.run(a, source, b, target, TransferPlan::Target::given));
  EXPECT_EQ(b.bytes.back(), std::byte{1});
  (void)plan({list_type});
  (void)plan({variants});
}

}  // namespace
}  // namespace wisp::component
