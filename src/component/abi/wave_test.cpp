#include "component/abi/wave.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace wisp::component {
namespace {

class Wave : public testing::Test {
 protected:
  const Type* p(Kind kind) { return arena.primitive(kind); }
  const Type* list(const Type* of) { return arena.intern(Type{.kind = Kind::list, .element = of}); }
  const Type* option(const Type* of) { return arena.intern(Type{.kind = Kind::option, .element = of}); }
  const Type* result(const Type* ok, const Type* error) {
    return arena.intern(Type{.kind = Kind::result, .element = ok, .second = error});
  }
  const Type* members(Kind kind, std::vector<Member> all) {
    return arena.intern(Type{.kind = kind, .members = std::move(all)});
  }

  TypeArena arena;

  const Type* u8 = p(Kind::u8);
  const Type* str = p(Kind::string);
  const Type* point = members(Kind::record, {{"x", u8}, {"y", p(Kind::s32)}});
  const Type* maybe_point = members(Kind::record, {{"name", option(str)}, {"next", option(option(u8))}});
  const Type* shape =
      members(Kind::variant, {{"empty", nullptr}, {"circle", u8}, {"err", str}, {"at", point}});
  const Type* direction = members(Kind::enum_, {{"north", nullptr}, {"some", nullptr}, {"A1-b", nullptr}});
  const Type* rights = members(Kind::flags, {{"read", nullptr}, {"write", nullptr}, {"exec", nullptr}});
  const Type* pair = members(Kind::tuple, {{"", u8}, {"", str}});
  const Type* three = arena.intern(Type{.kind = Kind::fixed_list, .element = u8, .length = 3});
  const Type* dictionary = arena.intern(Type{.kind = Kind::map, .element = str, .second = u8});
};

TEST_F(Wave, ReadsAndPrints) {
  const auto smallest = "0." + std::string(323, '0') + "5";
  const struct {
    std::string_view text;
    const Type* type;
    std::string_view printed;  // empty: as the text
  } rows[] = {
      {"true", p(Kind::bool_), ""},
      {" false // no\n", p(Kind::bool_), "false"},
      {"0", u8, ""},
      {"255", u8, ""},
      {"-128", p(Kind::s8), ""},
      {"127", p(Kind::s8), ""},
      {"-32768", p(Kind::s16), ""},
      {"65535", p(Kind::u16), ""},
      {"-2147483648", p(Kind::s32), ""},
      {"4294967295", p(Kind::u32), ""},
      {"-9223372036854775808", p(Kind::s64), ""},
      {"18446744073709551615", p(Kind::u64), ""},
      {"-0", p(Kind::s8), "0"},
      {"1", p(Kind::f32), ""},
      {"-0", p(Kind::f64), ""},
      {"3.25", p(Kind::f32), ""},
      {"0.1", p(Kind::f32), ""},
      {"0.1", p(Kind::f64), ""},
      {"6.022e+23", p(Kind::f64), "602200000000000000000000"},
      {"1E-3", p(Kind::f64), "0.001"},
      {"-123.456", p(Kind::f64), ""},
      {"5e-324", p(Kind::f64), std::string_view(smallest)},
      {"1e23", p(Kind::f64), "100000000000000000000000"},
      {"16777216", p(Kind::f32), ""},
      {"inf", p(Kind::f32), ""},
      {"-inf", p(Kind::f64), ""},
      {"nan", p(Kind::f64), ""},
      {"'x'", p(Kind::char_), ""},
      {"'☃'", p(Kind::char_), ""},
      {"'\\''", p(Kind::char_), ""},
      {"'\"'", p(Kind::char_), "'\\\"'"},
      {"'\\u{0}'", p(Kind::char_), ""},
      {"'\\u{1F600}'", p(Kind::char_), "'😀'"},
      {"\"\"", str, ""},
      {"\"a b\\t\\n\\r\\\\\\\"\\'\"", str, ""},
      {"\"\\u{7f} \\u{e9}\"", str, "\"\\u{7f} é\""},
      {"\"it's\"", str, "\"it\\'s\""},
      {"\"\"\"\nA single line\n\"\"\"", str, "\"A single line\""},
      {"\"\"\"\n\"\"\"", str, "\"\""},
      {"\"\"\"\n    far\n      farther\n\n  \"\"\"", str, "refused"},
      {"\"\"\"\n    far\n      farther\n  \"\"\"", str, "\"  far\\n    farther\""},
      {"\"\"\"\r\n  a\\r\r\n  \"\"\\\"\"\r\n  \"\"\"", str, "\"a\\r\\n\\\"\\\"\\\"\\\"\""},
      {"[]", list(u8), ""},
      {"[1, 2,3 , ]", list(u8), "[1, 2, 3]"},
      {"[[1], []]", list(list(u8)), ""},
      {"[1, 2, 3]", three, ""},
      {"(1, \"a\")", pair, ""},
      {"(1,\"a\",)", pair, "(1, \"a\")"},
      {"[(\"a\", 1), (\"b\", 2,),]", dictionary, "[(\"a\", 1), (\"b\", 2)]"},
      {"{x: 1, y: -2}", point, ""},
      {"{ y: -2 , %x: 1, }", point, "{x: 1, y: -2}"},
      {"{:}", maybe_point, ""},
      {"{name: \"n\"}", maybe_point, "{name: some(\"n\")}"},
      {"{next: none, name: none}", maybe_point, "{:}"},
      {"{next: some(none)}", maybe_point, ""},
      {"{next: some(1)}", maybe_point, "{next: some(some(1))}"},
      {"empty", shape, ""},
      {"circle(3)", shape, ""},
      {"circle ( 3 )", shape, "circle(3)"},
      {"%circle(3)", shape, "circle(3)"},
      {"%err(\"x\")", shape, ""},
      {"at({x: 0, y: 0})", shape, ""},
      {"north", direction, ""},
      {"%some", direction, ""},
      {"A1-b", direction, ""},
      {"some(5)", option(u8), ""},
      {"5", option(u8), "some(5)"},
      {"none", option(u8), ""},
      {"some(some(5))", option(option(u8)), ""},
      {"none", option(option(u8)), ""},
      {"%some", option(direction), "some(%some)"},
      {"ok(5)", result(u8, str), ""},
      {"5", result(u8, str), "ok(5)"},
      {"err(\"e\")", result(u8, str), ""},
      {"ok", result(nullptr, str), ""},
      {"err", result(u8, nullptr), ""},
      {"ok", result(nullptr, nullptr), ""},
      {"ok(some(5))", result(option(u8), nullptr), ""},
      {"{}", rights, ""},
      {"{exec, read,}", rights, "{read, exec}"},
      {"{%write}", rights, "{write}"},
      {"// first\n[ // one\n1, // two\n2]", list(u8), "[1, 2]"},
  };
  for (const auto& row : rows) {
    const auto value = parse_wave(row.text, row.type);
    if (row.printed == "refused") {
      EXPECT_FALSE(value) << row.text;
      continue;
    }
    ASSERT_TRUE(value) << row.text << ": " << value.error().message();
    const auto printed = print_wave(*value, row.type);
    EXPECT_EQ(printed, row.printed.empty() ? row.text : row.printed) << row.text;
    const auto again = parse_wave(printed, row.type);
    ASSERT_TRUE(again) << printed << ": " << again.error().message();
    EXPECT_TRUE(*again == *value) << printed;
  }
}

TEST_F(Wave, SaysWhereAndWhyTextIsWrong) {
  const auto* handle = arena.intern(Type{.kind = Kind::own, .resource = {3}});
  const struct {
    std::string_view text;
    const Type* type;
    std::string_view message;
  } rows[] = {
      {"", u8, "expected a number (u8), found the end at column 1"},
      {" 256", u8, "256 is not in the range of a u8 (0 to 255) at column 2"},
      {"-1", u8, "-1 is not in the range of a u8 (0 to 255) at column 1"},
      {"-0", u8, "-0 is not in the range of a u8 (0 to 255) at column 1"},
      {"-129", p(Kind::s8), "-129 is not in the range of a s8 (-128 to 127) at column 1"},
      {"1.5", u8, "1.5 is not an integer at column 1"},
      {"1e2", u8, "1e2 is not an integer at column 1"},
      {"nan", u8, "nan is not an integer at column 1"},
      {"01", u8, "a number does not begin with 0 at column 1"},
      {"0x10", u8, "malformed number at column 1"},
      {"1_000", p(Kind::u32), "malformed number at column 1"},
      {"1.", p(Kind::f64), "digits are missing after the point at column 1"},
      {"1e", p(Kind::f64), "digits are missing in the exponent at column 1"},
      {"+1", u8, "expected a number (u8), found `+` at column 1"},
      {"-nan", p(Kind::f32), "expected a number (f32), found `-` at column 1"},
      {"infinite", p(Kind::f32), "malformed number at column 1"},
      {"1e999", p(Kind::f64), "1e999 is not in the range of f64 at column 1"},
      {"1 2", u8, "expected the end, found `2` at column 3"},
      {"yes", p(Kind::bool_), "expected true or false, found `yes` at column 1"},
      {"%true", p(Kind::bool_), "expected true or false, found `%true` at column 1"},
      {"''", p(Kind::char_), "a character is missing between the quotes at column 1"},
      {"'ab'", p(Kind::char_), "one character and a closing quote expected at column 1"},
      {"'a", p(Kind::char_), "one character and a closing quote expected at column 1"},
      {"'\\x'", p(Kind::char_), "unknown escape at column 2"},
      {"'\\u{d800}'", p(Kind::char_), "unknown escape at column 2"},
      {"'\\u{1234567}'", p(Kind::char_), "unknown escape at column 2"},
      {"'\\u{}'", p(Kind::char_), "unknown escape at column 2"},
      {"\"a", str, "the closing quote is missing at column 1"},
      {"\"a\nb\"", str, "a line break in a string is written \\n at column 3"},
      {"\"é\\q\"", str, "unknown escape at column 3"},
      {"\"a\\", str, "unknown escape at column 3"},
      {"\"\"\"a\n\"\"\"", str, "a line break must follow the opening \"\"\" at column 4"},
      {"\"\"\"a\"\"\"", str, "a line break must follow the opening \"\"\" at column 1"},
      {"\"\"\"\na \"\"\"", str, "only spaces may stand before the closing \"\"\" at line 2, column 3"},
      {"\"\"\"\n a\n  \"\"\"", str,
       "lines must be indented at least as much as the closing \"\"\" at line 2, column 1"},
      {"\"\"\"\n", str, "the closing \"\"\" is missing at column 1"},
      {"[1 2]", list(u8), "expected `,` or `]`, found `2` at column 4"},
      {"[,]", list(u8), "expected a number (u8), found `,` at column 2"},
      {"[1", list(u8), "expected `,` or `]`, found the end at column 3"},
      {"[1, 2]", three, "3 elements expected, 2 given at column 1"},
      {"(1)", pair, "a tuple of 2 values expected, 1 given at column 3"},
      {"(1, \"a\", 2)", pair, "expected `)` after 2 values, found `2` at column 10"},
      {"{x: 1}", point, "the field `y: s32` is missing at column 1"},
      {"{x: 1, x: 2}", point, "the field `x` is given twice at column 8"},
      {"{z: 1}", point, "no field is called `z`; there are `x`, `y` at column 2"},
      {"{x 1}", point, "expected `:` after the name of a field, found `1` at column 4"},
      {"{}", maybe_point, "a record without fields is written {:} at column 1"},
      {"{:", maybe_point, "expected `}` after `{:`, found the end at column 3"},
      {"square", shape, "no case is called `square`; there are `empty`, `circle`, `err`, `at` at column 1"},
      {"circle", shape, "expected `(` and a u8 after `circle`, found the end at column 7"},
      {"empty(1)", shape, "`empty` has no payload at column 6"},
      {"err(\"x\")", shape, "the case `err` is written %err at column 1"},
      {"5", shape, "expected one of `empty`, `circle`, `err`, `at`, found `5` at column 1"},
      {"some", option(u8), "expected `(` and a u8 after `some`, found the end at column 5"},
      {"5", option(option(u8)), "expected `none` or `some`, found `5` at column 1"},
      {"5", result(nullptr, u8), "expected `ok` or `err`, found `5` at column 1"},
      {"ok(1)", result(nullptr, u8), "`ok` has no payload at column 3"},
      {"{read, read}", rights, "the flag `read` is given twice at column 8"},
      {"{fly}", rights, "no flag is called `fly`; there are `read`, `write`, `exec` at column 2"},
      {"1", handle, "a value of type own<resource#3> cannot be written at column 1"},
      {"\xff", str, "the text is not UTF-8"},
  };
  for (const auto& row : rows) {
    const auto value = parse_wave(row.text, row.type);
    ASSERT_FALSE(value) << row.text;
    EXPECT_EQ(value.error().message(), row.message) << row.text;
    EXPECT_EQ(value.error().code(), Errc::wave_syntax) << row.text;
  }
}

TEST_F(Wave, ReadsCalls) {
  const FuncType type{.params = {{"a", u8}, {"b", option(str)}, {"c", option(u8)}}};
  const struct {
    std::string_view text, name, args;
  } rows[] = {
      {"f(1)", "f", "1 none none"},
      {" f ( 1 , none, 2 ) ", "f", "1 none some(2)"},
      {"a:b/c@1.0.0#run(1, \"x (y)\",)", "a:b/c@1.0.0#run", "1 some(\"x (y)\") none"},
      {"f()", "f", "the argument `a: u8` is missing at column 4"},
      {"f", "f", "the argument `a: u8` is missing at column 2"},
      {"f(1, none, none, 3)", "f", "too many arguments"},
      {"f(1) 2", "f", "expected the end, found `2` at column 6"},
      {"f(1 2)", "f", "expected `,` or `)` after an argument, found `2` at column 5"},
      {"f(300)", "f", "300 is not in the range of a u8 (0 to 255) at column 3"},
  };
  for (const auto& row : rows) {
    const auto call = parse_wave_call(row.text);
    ASSERT_TRUE(call) << row.text;
    EXPECT_EQ(call->name, row.name) << row.text;
    const auto values = parse_wave_args(*call, type);
    std::string text;
    if (!values) {
      text = values.error().message();
    } else {
      for (std::size_t index = 0; index < values->size(); ++index)
        text += (index == 0 ? "" : " ") + print_wave(values->at(index), type.params[index].type);
    }
    EXPECT_TRUE(text.starts_with(row.args)) << row.text << ": " << text;
  }
  EXPECT_FALSE(parse_wave_call("(1)"));
  EXPECT_FALSE(parse_wave_call(""));
}

TEST_F(Wave, PrintsHandlesAndValuesOfAnotherTypeWithoutHarm) {
  EXPECT_EQ(
      print_wave(Value{Value::Handle{{0}, {7}}}, arena.intern(Type{.kind = Kind::own, .resource = {0}})),
      "resource(7)");
  Value::List one;
  one.items.push_back(Value{std::uint8_t{1}});
  EXPECT_EQ(print_wave(Value{std::move(one)}, u8), "[?]");
  EXPECT_EQ(print_wave(Value{Value::Case{9, nullptr}}, shape), "?");
}

}  // namespace
}  // namespace wisp::component
