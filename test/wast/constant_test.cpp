#include "constant.hpp"

#include "component/abi/wave.hpp"

#include <boost/json/parse.hpp>

#include <gtest/gtest.h>

namespace wisp::wast {
namespace {

using component::Kind;
using component::Type;

class Constants : public testing::Test {
 protected:
  const Type* p(Kind kind) { return arena.primitive(kind); }
  const Type* of(Kind kind, const Type* element, const Type* second = nullptr) {
    return arena.intern(Type{.kind = kind, .element = element, .second = second});
  }
  const Type* members(Kind kind, std::vector<component::Member> all) {
    return arena.intern(Type{.kind = kind, .members = std::move(all)});
  }

  component::TypeArena arena;
};

TEST_F(Constants, BecomeValuesOfTheTypeAskedFor) {
  const auto* u8 = p(Kind::u8);
  const auto* record = members(Kind::record, {{"a", u8}, {"b", p(Kind::string)}});
  const auto* variant = members(Kind::variant, {{"none", nullptr}, {"some", u8}});
  const auto* flags = members(Kind::flags, {{"x", nullptr}, {"y", nullptr}});
  const struct {
    std::string_view constant;
    const Type* type;
    std::string_view wave;  // empty: refused
  } rows[] = {
      {R"({"type":"bool","value":true})", p(Kind::bool_), "true"},
      {R"({"type":"u8","value":"255"})", u8, "255"},
      {R"({"type":"s8","value":"-1"})", p(Kind::s8), "-1"},
      {R"({"type":"u64","value":"18446744073709551615"})", p(Kind::u64), "18446744073709551615"},
      {R"({"type":"s64","value":"-9223372036854775808"})", p(Kind::s64), "-9223372036854775808"},
      {R"({"type":"f32","value":"1065353216"})", p(Kind::f32), "1"},
      {R"({"type":"f64","value":"13830554455654793216"})", p(Kind::f64), "-1"},
      {R"({"type":"f32","value":"nan:canonical"})", p(Kind::f32), "nan"},
      {R"({"type":"f64","value":"nan:arithmetic"})", p(Kind::f64), "nan"},
      {R"({"type":"char","value":"é"})", p(Kind::char_), "'é'"},
      {R"({"type":"string","value":"a\nb"})", p(Kind::string), "\"a\\nb\""},
      {R"({"type":"list","value":[{"type":"u8","value":"1"},{"type":"u8","value":"2"}]})", of(Kind::list, u8),
       "[1, 2]"},
      {R"({"type":"list","value":[{"type":"tuple","value":[{"type":"u8","value":"1"},{"type":"bool","value":false}]}]})",
       of(Kind::map, u8, p(Kind::bool_)), "[(1, false)]"},
      {R"({"type":"tuple","value":[{"type":"u8","value":"1"},{"type":"char","value":"x"}]})",
       members(Kind::tuple, {{"", u8}, {"", p(Kind::char_)}}), "(1, 'x')"},
      {R"({"type":"record","value":[["a",{"type":"u8","value":"1"}],["b",{"type":"string","value":""}]]})",
       record, "{a: 1, b: \"\"}"},
      {R"({"type":"variant","value":{"case":"some","payload":{"type":"u8","value":"3"}}})", variant,
       "%some(3)"},
      {R"({"type":"variant","value":{"case":"none"}})", variant, "%none"},
      {R"({"type":"enum","value":"y"})", members(Kind::enum_, {{"x", nullptr}, {"y", nullptr}}), "y"},
      {R"({"type":"option","value":null})", of(Kind::option, u8), "none"},
      {R"({"type":"option","value":{"type":"u8","value":"3"}})", of(Kind::option, u8), "some(3)"},
      {R"({"type":"result","value":{"Ok":null}})", of(Kind::result, nullptr, u8), "ok"},
      {R"({"type":"result","value":{"Err":{"type":"u8","value":"3"}}})", of(Kind::result, nullptr, u8),
       "err(3)"},
      {R"({"type":"flags","value":["y"]})", flags, "{y}"},

      {R"({"type":"u16","value":"1"})", u8, ""},
      {R"({"type":"u8","value":"256"})", u8, ""},
      {R"({"type":"u8","value":1})", u8, ""},
      {R"({"type":"u8"})", u8, ""},
      {R"("u8")", u8, ""},
      {R"({"type":"char","value":"ab"})", p(Kind::char_), ""},
      {R"({"type":"record","value":[["b",{"type":"string","value":""}],["a",{"type":"u8","value":"1"}]]})",
       record, ""},
      {R"({"type":"variant","value":{"case":"some"}})", variant, ""},
      {R"({"type":"variant","value":{"case":"other"}})", variant, ""},
      {R"({"type":"result","value":{"Ok":{"type":"u8","value":"3"}}})", of(Kind::result, nullptr, u8), ""},
      {R"({"type":"flags","value":["z"]})", flags, ""},
      {R"({"type":"list","value":[]})",
       arena.intern(Type{.kind = Kind::fixed_list, .element = u8, .length = 1}), ""},
  };
  for (const auto& row : rows) {
    const auto value = to_value(boost::json::parse(row.constant), row.type);
    ASSERT_EQ(value.has_value(), !row.wave.empty()) << row.constant;
    if (value) EXPECT_EQ(print_wave(*value, row.type), row.wave) << row.constant;
  }
}

}  // namespace
}  // namespace wisp::wast
