#include "component/types/type.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

Type of(Kind kind, const Type* element = nullptr, const Type* second = nullptr) {
  return {.kind = kind, .element = element, .second = second};
}

Type with_members(Kind kind, std::initializer_list<const Type*> types) {
  Type type{.kind = kind};
  for (const auto* member : types)
    type.members.push_back({kind == Kind::tuple ? "" : "m" + std::to_string(type.members.size()), member});
  return type;
}

Type with_labels(Kind kind, std::size_t count) {
  Type type{.kind = kind};
  for (std::size_t i = 0; i < count; ++i) type.members.push_back({"l" + std::to_string(i), nullptr});
  return type;
}

class Types : public testing::Test {
 protected:
  const Type* p(Kind kind) { return arena.primitive(kind); }
  const Type* make(Type shape) { return arena.intern(std::move(shape)); }

  TypeArena arena;
};

std::string letters(std::span<const Flat> flat) {
  std::string text;
  for (const auto each : flat) text += "iIfF"[static_cast<int>(each)];
  return text;
}

TEST_F(Types, EqualShapesAreOneObject) {
  const auto* a = make(of(Kind::list, p(Kind::u8)));
  EXPECT_EQ(a, make(of(Kind::list, p(Kind::u8))));
  EXPECT_NE(a, make(of(Kind::list, p(Kind::s8))));
  EXPECT_NE(a, make(of(Kind::option, p(Kind::u8))));
  EXPECT_EQ(make(of(Kind::u32)), p(Kind::u32));
  EXPECT_EQ(make(with_labels(Kind::enum_, 3)), make(with_labels(Kind::enum_, 3)));
  EXPECT_NE(make(with_labels(Kind::enum_, 3)), make(with_labels(Kind::flags, 3)));
  EXPECT_NE(make({.kind = Kind::own, .resource = {1}}), make({.kind = Kind::own, .resource = {2}}));
  EXPECT_EQ(p(Kind::record), nullptr);
  FuncType f{.params = {{"a", a}}, .result = a};
  EXPECT_EQ(arena.intern(f), arena.intern(f));
  auto other = f;
  other.params[0].name = "b";
  EXPECT_NE(arena.intern(f), arena.intern(other));
  other = f;
  other.async = true;
  EXPECT_NE(arena.intern(f), arena.intern(other));
}

TEST_F(Types, LayoutAndFlatteningFollowTheCanonicalAbi) {
  const auto* u8 = p(Kind::u8);
  const auto* u64 = p(Kind::u64);
  const auto* string = p(Kind::string);
  const auto* mixed = make(with_members(Kind::record, {u8, u64, p(Kind::u16), string}));
  struct Row {
    const char* name;
    const Type* type;
    Layout at32, at64;
    std::uint32_t offset32, offset64;
    int discriminant;
    const char* flat32;
    const char* flat64;
  };
  const Row rows[] = {
      {"bool", p(Kind::bool_), {1, 1}, {1, 1}, 0, 0, 0, "i", "i"},
      {"char", p(Kind::char_), {4, 4}, {4, 4}, 0, 0, 0, "i", "i"},
      {"s64", p(Kind::s64), {8, 8}, {8, 8}, 0, 0, 0, "I", "I"},
      {"f64", p(Kind::f64), {8, 8}, {8, 8}, 0, 0, 0, "F", "F"},
      {"string", string, {8, 4}, {16, 8}, 0, 0, 0, "ii", "II"},
      {"list", make(of(Kind::list, u64)), {8, 4}, {16, 8}, 0, 0, 0, "ii", "II"},
      {"map", make(of(Kind::map, string, u8)), {8, 4}, {16, 8}, 0, 0, 0, "ii", "II"},
      {"record", mixed, {32, 8}, {40, 8}, 0, 0, 0, "iIiii", "iIiII"},
      {"fixed list",
       make({.kind = Kind::fixed_list, .element = p(Kind::u16), .length = 3}),
       {6, 2},
       {6, 2},
       0,
       0,
       0,
       "iii",
       "iii"},
      {"8 flags", make(with_labels(Kind::flags, 8)), {1, 1}, {1, 1}, 0, 0, 0, "i", "i"},
      {"9 flags", make(with_labels(Kind::flags, 9)), {2, 2}, {2, 2}, 0, 0, 0, "i", "i"},
      {"17 flags", make(with_labels(Kind::flags, 17)), {4, 4}, {4, 4}, 0, 0, 0, "i", "i"},
      {"256 cases", make(with_labels(Kind::enum_, 256)), {1, 1}, {1, 1}, 1, 1, 1, "i", "i"},
      {"257 cases", make(with_labels(Kind::enum_, 257)), {2, 2}, {2, 2}, 2, 2, 2, "i", "i"},
      {"65537 cases", make(with_labels(Kind::enum_, 65537)), {4, 4}, {4, 4}, 4, 4, 4, "i", "i"},
      {"option<u8>", make(of(Kind::option, u8)), {2, 1}, {2, 1}, 1, 1, 1, "ii", "ii"},
      {"option<string>", make(of(Kind::option, string)), {12, 4}, {24, 8}, 4, 8, 1, "iii", "iII"},
      {"result", make(of(Kind::result)), {1, 1}, {1, 1}, 1, 1, 1, "i", "i"},
      {"result<f32, u64>", make(of(Kind::result, p(Kind::f32), u64)), {16, 8}, {16, 8}, 8, 8, 1, "iI", "iI"},
      {"result<f32, u32>",
       make(of(Kind::result, p(Kind::f32), p(Kind::u32))),
       {8, 4},
       {8, 4},
       4,
       4,
       1,
       "ii",
       "ii"},
      {"result<f32>", make(of(Kind::result, p(Kind::f32))), {8, 4}, {8, 4}, 4, 4, 1, "if", "if"},
      {"variant",
       make(with_members(Kind::variant, {string, p(Kind::f64), nullptr, mixed})),
       {40, 8},
       {48, 8},
       8,
       8,
       1,
       "iIIiii",
       "iIIiII"},
      {"own", make({.kind = Kind::own}), {4, 4}, {4, 4}, 0, 0, 0, "i", "i"},
      {"stream", make(of(Kind::stream, string)), {4, 4}, {4, 4}, 0, 0, 0, "i", "i"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    ASSERT_NE(row.type, nullptr);
    EXPECT_EQ(row.type->at(PointerSize::p32).size, row.at32.size);
    EXPECT_EQ(row.type->at(PointerSize::p32).align, row.at32.align);
    EXPECT_EQ(row.type->at(PointerSize::p64).size, row.at64.size);
    EXPECT_EQ(row.type->at(PointerSize::p64).align, row.at64.align);
    EXPECT_EQ(row.type->payload_offset[0], row.offset32);
    EXPECT_EQ(row.type->payload_offset[1], row.offset64);
    EXPECT_EQ(row.type->discriminant, row.discriminant);
    EXPECT_EQ(letters(row.type->flat(PointerSize::p32)), row.flat32);
    EXPECT_EQ(letters(row.type->flat(PointerSize::p64)), row.flat64);
  }
}

TEST_F(Types, KnowsWhatIsInside) {
  const auto* borrow = make({.kind = Kind::borrow, .resource = {7}});
  const auto* list = make(of(Kind::list, borrow));
  const auto* stream = make(of(Kind::stream, p(Kind::string)));
  EXPECT_TRUE(list->contains_borrow && list->contains_handle && list->contains_pointer);
  EXPECT_TRUE(stream->contains_handle);
  EXPECT_FALSE(stream->contains_pointer || stream->contains_borrow);
  EXPECT_FALSE(p(Kind::u32)->contains_handle);
  const auto* map = make(of(Kind::map, p(Kind::u8), p(Kind::u32)));
  ASSERT_NE(map->pair, nullptr);
  EXPECT_EQ(map->pair, make(with_members(Kind::tuple, {p(Kind::u8), p(Kind::u32)})));
  EXPECT_EQ(list_element(*map), map->pair);
  EXPECT_EQ(map->pair->at(PointerSize::p32).size, 8U);
}

TEST_F(Types, BoundsDepthSizeAndShapes) {
  const Type* deep = p(Kind::u8);
  for (std::uint32_t depth = 2; depth <= kMaxTypeDepth; ++depth) {
    deep = make(of(Kind::list, deep));
    ASSERT_NE(deep, nullptr) << depth;
  }
  EXPECT_EQ(deep->depth, kMaxTypeDepth);
  EXPECT_EQ(make(of(Kind::list, deep)), nullptr);

  // 2^28 bytes with 64-bit pointers are too many, even if they are fewer with 32.
  EXPECT_NE(make({.kind = Kind::fixed_list, .element = p(Kind::u8), .length = kMaxElementSize}), nullptr);
  EXPECT_EQ(make({.kind = Kind::fixed_list, .element = p(Kind::u8), .length = kMaxElementSize + 1}), nullptr);
  EXPECT_EQ(make({.kind = Kind::fixed_list, .element = p(Kind::string), .length = 1U << 24U}), nullptr);
  EXPECT_EQ(make({.kind = Kind::fixed_list, .element = p(Kind::u64), .length = ~0U}), nullptr);
  const auto* half = make({.kind = Kind::fixed_list, .element = p(Kind::u64), .length = 1U << 24U});
  ASSERT_NE(half, nullptr);
  EXPECT_EQ(half->flat_count, kMaxFlat);
  EXPECT_TRUE(half->flat(PointerSize::p32).empty());
  EXPECT_EQ(make(with_members(Kind::tuple, {half, half})), nullptr);

  EXPECT_EQ(make({.kind = Kind::record}), nullptr);
  EXPECT_EQ(make({.kind = Kind::variant}), nullptr);
  EXPECT_EQ(make({.kind = Kind::flags}), nullptr);
  EXPECT_EQ(make(with_labels(Kind::flags, 33)), nullptr);
  EXPECT_EQ(make({.kind = Kind::list}), nullptr);
  EXPECT_EQ(make({.kind = Kind::fixed_list, .element = p(Kind::u8), .length = 0}), nullptr);
  EXPECT_EQ(make(with_members(Kind::record, {nullptr})), nullptr);
}

TEST_F(Types, FunctionsFlattenWithinTheLimits) {
  const auto* u32 = p(Kind::u32);
  const auto* string = p(Kind::string);
  const auto make_params = [](const Type* type, std::size_t count) {
    std::vector<Param> params;
    for (std::size_t i = 0; i < count; ++i) params.push_back({"p" + std::to_string(i), type});
    return params;
  };
  struct Row {
    const char* name;
    FuncType type;
    Direction direction;
    PointerSize pointer;
    const char* params;
    const char* results;
    bool indirect_params, indirect_results;
  };
  const Row rows[] = {
      {"none", {}, Direction::lift, PointerSize::p32, "", "", false, false},
      {"16",
       {.params = make_params(u32, 16)},
       Direction::lift,
       PointerSize::p32,
       "iiiiiiiiiiiiiiii",
       "",
       false,
       false},
      {"17", {.params = make_params(u32, 17)}, Direction::lift, PointerSize::p32, "i", "", true, false},
      {"17 in 64",
       {.params = make_params(u32, 17)},
       Direction::lower,
       PointerSize::p64,
       "I",
       "",
       true,
       false},
      {"lift string",
       {.params = {{"a", u32}}, .result = string},
       Direction::lift,
       PointerSize::p32,
       "i",
       "i",
       false,
       true},
      {"lower string",
       {.params = {{"a", u32}}, .result = string},
       Direction::lower,
       PointerSize::p32,
       "ii",
       "",
       false,
       true},
      {"lower f64", {.result = p(Kind::f64)}, Direction::lower, PointerSize::p32, "", "F", false, false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const auto signature = flatten(row.type, row.direction, row.pointer);
    EXPECT_EQ(letters(signature.params), row.params);
    EXPECT_EQ(letters(signature.results), row.results);
    EXPECT_EQ(signature.indirect_params, row.indirect_params);
    EXPECT_EQ(signature.indirect_results, row.indirect_results);
  }
}

TEST_F(Types, DescribesThemselvesInBoundedText) {
  const auto* pair = make(with_members(Kind::tuple, {p(Kind::string), p(Kind::u32)}));
  const auto* own = make({.kind = Kind::own, .resource = {3}});
  EXPECT_EQ(describe(make(of(Kind::list, pair))), "list<tuple<string, u32>>");
  EXPECT_EQ(describe(make(of(Kind::result, nullptr, p(Kind::string)))), "result<_, string>");
  EXPECT_EQ(describe(make(of(Kind::result))), "result");
  EXPECT_EQ(describe(make(with_members(Kind::variant, {p(Kind::u8), nullptr}))), "variant { m0(u8), m1 }");
  EXPECT_EQ(describe(own), "own<resource#3>");
  EXPECT_EQ(describe(own, [](ResourceId) { return std::string("file"); }), "own<file>");
  EXPECT_EQ(describe(FuncType{.async = true, .params = {{"a", pair}}, .result = own}),
            "async func(a: tuple<string, u32>) -> own<resource#3>");
  const Type* wide = p(Kind::u8);
  for (int i = 0; i < 40; ++i) wide = make(of(Kind::list, make(with_members(Kind::tuple, {wide, wide}))));
  EXPECT_LT(describe(wide).size(), 2100U);
}

class Matcher : public TypeMatcher {
 public:
  int asked = 0;

 protected:
  bool same(ResourceId mine, ResourceId theirs) override {
    ++asked;
    return mine.value + 10 == theirs.value;
  }
};

TEST_F(Types, MatchAcrossArenas) {
  TypeArena other;
  const auto build = [](TypeArena& arena, std::uint32_t resource, Kind leaf) {
    const auto* own = arena.intern(Type{.kind = Kind::own, .resource = {resource}});
    return arena.intern(
        with_members(Kind::record, {own, arena.intern(of(Kind::list, arena.primitive(leaf)))}));
  };
  Matcher matcher;
  EXPECT_TRUE(matcher.equal(build(arena, 1, Kind::u8), build(other, 11, Kind::u8)));
  EXPECT_FALSE(matcher.equal(build(arena, 1, Kind::u8), build(other, 12, Kind::u8)));
  EXPECT_FALSE(matcher.equal(build(arena, 1, Kind::u8), build(other, 11, Kind::s8)));
  EXPECT_FALSE(matcher.equal(build(arena, 1, Kind::u8), build(arena, 1, Kind::u8)))
      << "resources are always asked for";
  EXPECT_TRUE(matcher.equal(nullptr, nullptr));
  EXPECT_FALSE(matcher.equal(p(Kind::u8), nullptr));
  EXPECT_TRUE(matcher.equal(FuncType{.params = {{"a", p(Kind::u8)}}},
                            FuncType{.params = {{"a", other.primitive(Kind::u8)}}}));
  EXPECT_FALSE(matcher.equal(FuncType{.params = {{"a", p(Kind::u8)}}},
                             FuncType{.params = {{"b", other.primitive(Kind::u8)}}}));
  EXPECT_FALSE(matcher.equal(FuncType{.async = true}, FuncType{}));
}

TEST_F(Types, MatchingSharedPartsIsNotExponential) {
  TypeArena other;
  const auto build = [](TypeArena& in, std::uint32_t resource) {
    const Type* type = in.intern(Type{.kind = Kind::own, .resource = {resource}});
    for (int i = 0; i < 45; ++i)
      type = in.intern(of(Kind::list, in.intern(with_members(Kind::tuple, {type, type}))));
    return type;
  };
  Matcher matcher;
  EXPECT_TRUE(matcher.equal(build(arena, 1), build(other, 11)));
  EXPECT_EQ(matcher.asked, 2);
}

}  // namespace
}  // namespace wisp::component
