#include "component/link/host.hpp"

#include "component/abi/wave.hpp"
#include "component/link/testing.hpp"

#include <gtest/gtest.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace wisp::component {
namespace kitchen {

struct Point {
  std::int32_t x, y;
};
WISP_RECORD(Point, ("x", "y"), value.x, value.y)

struct Mixed {
  std::uint8_t a;
  std::uint64_t b;
  bool c;
  std::string d;
  float e;
  std::vector<std::uint16_t> f;
  std::optional<std::string> g;
  char32_t h;
  Point i;
};
WISP_RECORD(Mixed, ("a", "b", "c", "d", "e", "f", "g", "h", "i"), value.a, value.b, value.c, value.d, value.e,
            value.f, value.g, value.h, value.i)

struct Shape {
  std::variant<Unit, Point, double, std::string, std::vector<Point>, std::uint8_t, std::uint64_t> value;
};
WISP_VARIANT(Shape, "nothing", "dot", "circle", "label", "path", "byte", "wide")

enum class Season : std::uint8_t { spring, summer, autumn, winter };
WISP_ENUM(Season, "spring", "summer", "autumn", "winter")

struct Small {
  std::uint32_t bits;
};
WISP_FLAGS(Small, "a", "b", "c")
struct Medium {
  std::uint32_t bits;
};
WISP_FLAGS(Medium, "b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8", "b9")
struct Large {
  std::uint32_t bits;
};
WISP_FLAGS(Large, "b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8", "b9", "b10", "b11", "b12", "b13",
           "b14", "b15", "b16", "b17", "b18", "b19", "b20", "b21", "b22", "b23", "b24", "b25", "b26", "b27",
           "b28", "b29", "b30", "b31")

using Eight =
    std::tuple<std::uint8_t, std::int16_t, std::uint32_t, std::int64_t, float, double, char32_t, std::string>;
using Many = std::tuple<std::uint64_t, std::string, Mixed, double, Bytes>;

class Counter final : public HostResource {
 public:
  explicit Counter(std::uint32_t start, int& alive) : value(start), alive_(alive) { ++alive_; }
  ~Counter() override { --alive_; }
  std::uint32_t value;

 private:
  int& alive_;
};

}  // namespace kitchen

namespace {

using namespace kitchen;
using testing::Host;

template <class T>
auto same() {
  return [](Caller&, T value) { return value; };
}

void add_values(HostLinker& linker) {
  linker.interface("demo:kitchen/values@0.1.0")
      .function("pass-bool", same<bool>())
      .function("pass-u8", same<std::uint8_t>())
      .function("pass-s8", same<std::int8_t>())
      .function("pass-u16", same<std::uint16_t>())
      .function("pass-s16", same<std::int16_t>())
      .function("pass-u32", same<std::uint32_t>())
      .function("pass-s32", same<std::int32_t>())
      .function("pass-u64", same<std::uint64_t>())
      .function("pass-s64", same<std::int64_t>())
      .function("pass-f32", same<float>())
      .function("pass-f64", same<double>())
      .function("pass-char", same<char32_t>())
      .function("pass-string", same<std::string_view>())
      .function("pass-point", same<Point>())
      .function("pass-mixed", same<Mixed>())
      .function("pass-shape", same<Shape>())
      .function("pass-season", same<Season>())
      .function("pass-small", same<Small>())
      .function("pass-medium", same<Medium>())
      .function("pass-large", same<Large>())
      .function("pass-tuple", same<Eight>())
      .function("pass-bytes", [](Caller&, ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); })
      .function("pass-strings", same<std::vector<std::string>>())
      .function("pass-points", same<std::vector<Point>>())
      .function("pass-nested", same<std::vector<std::vector<std::optional<std::string>>>>())
      .function("pass-option", same<std::optional<std::optional<std::uint32_t>>>())
      .function("pass-result", same<std::expected<std::string, std::uint32_t>>())
      .function("pass-result-ok", same<std::expected<Bytes, Unit>>())
      .function("pass-result-error", same<std::expected<void, std::string>>())
      .function("pass-result-empty", same<std::expected<void, Unit>>())
      .function("pass-map", same<std::vector<std::tuple<std::string, std::uint32_t>>>())
      .function("pass-many", [](Caller&, std::uint64_t a, std::string b, Mixed c, double d,
                                Bytes e) { return Many(a, std::move(b), std::move(c), d, std::move(e)); })
      .function("nothing", [](Caller&) {});
}

void add_handles(HostLinker& linker, int& alive) {
  linker.interface("demo:kitchen/handles@0.1.0")
      .resource<Counter>("counter")
      .function("[constructor]counter",
                [&alive](Caller&, std::uint32_t start) { return std::make_unique<Counter>(start, alive); })
      .function("[method]counter.value", [](Caller&, Counter& self) { return self.value; })
      .function("[method]counter.increase",
                [](Caller& caller, Counter& self,
                   std::uint32_t by) -> boost::asio::awaitable<Result<std::uint32_t>> {
                  boost::asio::steady_timer timer(caller.loop(), std::chrono::milliseconds(1));
                  co_await timer.async_wait(boost::asio::use_awaitable);
                  co_return self.value += by;
                })
      .function("[static]counter.largest",
                [](Caller&, Counter& a, Counter& b) { return std::max(a.value, b.value); })
      .function("[static]counter.pass", [](Caller&, std::unique_ptr<Counter> c) { return c; })
      .function("pass-counters", [](Caller&, std::vector<std::unique_ptr<Counter>> v) { return v; })
      .function("pass-maybe", [](Caller&, std::optional<std::unique_ptr<Counter>> v) { return v; })
      .function("sum",
                [](Caller&, const std::vector<std::reference_wrapper<Counter>>& v) {
                  std::uint32_t out = 0;
                  for (const auto& counter : v) out += counter.get().value;
                  return out;
                })
      .function("alive", [&alive](Caller&) { return static_cast<std::uint32_t>(alive); });
}

struct PassRow {
  std::string function;
  std::string argument;  // WAVE; the result is the same
};

class HostValues : public ::testing::TestWithParam<PassRow> {};

/// host → relay guest → host function → relay guest → host: every type is lowered and lifted by both kinds of
/// code.
TEST_P(HostValues, PassUnchangedThroughAGuestAndATypedHostFunction) {
  Host host;
  int alive = 0;
  add_values(host.linker);
  add_handles(host.linker, alive);
  const auto linked = host.link(host.guest("kitchen-relay"));
  const Lift* lift = find_export(*linked, "demo:kitchen/values@0.1.0", GetParam().function);
  ASSERT_NE(lift, nullptr);
  const Type* type = lift->type->params[0].type;
  std::vector<Value> arguments;
  arguments.push_back(testing::must(parse_wave(GetParam().argument, type)));
  const auto expected = testing::must(parse_wave(GetParam().argument, type));
  const auto result = host.invoke(linked, "demo:kitchen/values@0.1.0#" + GetParam().function, arguments);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(**result, expected);
}

INSTANTIATE_TEST_SUITE_P(
    All, HostValues,
    ::testing::Values(
        PassRow{"pass-bool", "true"}, PassRow{"pass-u8", "255"}, PassRow{"pass-s8", "-128"},
        PassRow{"pass-u16", "65535"}, PassRow{"pass-s16", "-32768"}, PassRow{"pass-u32", "4294967295"},
        PassRow{"pass-s32", "-2147483648"}, PassRow{"pass-u64", "18446744073709551615"},
        PassRow{"pass-s64", "-9223372036854775808"}, PassRow{"pass-f32", "-1.5"}, PassRow{"pass-f64", "nan"},
        PassRow{"pass-char", "'\\u{1F600}'"}, PassRow{"pass-string", "\"grüße, 世界 😀\""},
        PassRow{"pass-string", "\"\""}, PassRow{"pass-point", "{x: -1, y: 2}"},
        PassRow{"pass-mixed",
                "{a: 1, b: 2, c: true, d: \"x\", e: 0.5, f: [1, 2, 3], g: some(\"y\"), h: 'z', i: {x: 3, y: "
                "4}}"},
        PassRow{"pass-shape", "nothing"}, PassRow{"pass-shape", "dot({x: 1, y: -1})"},
        PassRow{"pass-shape", "circle(2.25)"}, PassRow{"pass-shape", "label(\"l\")"},
        PassRow{"pass-shape", "path([{x: 1, y: 2}, {x: 3, y: 4}])"}, PassRow{"pass-shape", "byte(7)"},
        PassRow{"pass-shape", "wide(18446744073709551615)"}, PassRow{"pass-season", "winter"},
        PassRow{"pass-small", "{a, c}"}, PassRow{"pass-medium", "{b0, b9}"},
        PassRow{"pass-large", "{b0, b31}"}, PassRow{"pass-tuple", "(1, -2, 3, -4, 5.5, 6.5, 'c', \"s\")"},
        PassRow{"pass-bytes", "[0, 1, 255]"}, PassRow{"pass-bytes", "[]"},
        PassRow{"pass-strings", "[\"a\", \"\", \"ccc\"]"}, PassRow{"pass-points", "[{x: 1, y: 2}]"},
        PassRow{"pass-nested", "[[some(\"a\"), none], []]"}, PassRow{"pass-option", "some(some(3))"},
        PassRow{"pass-option", "some(none)"}, PassRow{"pass-option", "none"},
        PassRow{"pass-result", "ok(\"fine\")"}, PassRow{"pass-result", "err(7)"},
        PassRow{"pass-result-ok", "ok([1, 2])"}, PassRow{"pass-result-ok", "err"},
        PassRow{"pass-result-error", "ok"}, PassRow{"pass-result-error", "err(\"bad\")"},
        PassRow{"pass-result-empty", "ok"}, PassRow{"pass-result-empty", "err"}),
    [](const auto& info) {
      std::string name = info.param.function + "_" + std::to_string(info.index);
      std::ranges::replace(name, '-', '_');
      return name;
    });

TEST(HostFunction, TakesParametersAndResultsThatSpillToMemory) {
  Host host;
  int alive = 0;
  add_values(host.linker);
  add_handles(host.linker, alive);
  const auto linked = host.link(host.guest("kitchen-relay"));
  const Lift* lift = find_export(*linked, "demo:kitchen/values@0.1.0", "pass-many");
  ASSERT_NE(lift, nullptr);
  const std::array texts{"7", "\"many\"",
                         "{a: 1, b: 2, c: true, d: \"x\", e: 0.5, f: [], g: none, h: 'z', i: {x: 3, y: 4}}",
                         "1.5", "[9, 8]"};
  std::vector<Value> arguments;
  arguments.reserve(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i)
    arguments.push_back(testing::must(parse_wave(texts[i], lift->type->params[i].type)));
  const auto result = host.invoke(linked, "demo:kitchen/values@0.1.0#pass-many", arguments);
  ASSERT_TRUE(result) << result.error().message();
  const auto& items = std::get<Value::List>((*result)->data).items;
  ASSERT_EQ(items.size(), 5U);
  for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ(items[i], arguments[i]) << i;
}

TEST(HostFunction, IsRefusedAtLinkTimeWhenItsSignatureDiffers) {
  Host host;
  int alive = 0;
  add_values(host.linker);
  add_handles(host.linker, alive);
  host.linker.interface("demo:kitchen/values@0.1.0").function("pass-u32", same<std::int32_t>());
  const auto linked = link(host.guest("kitchen-relay"), host.linker);
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().code(), Errc::import_type);
  EXPECT_NE(linked.error().message().find("pass-u32"), std::string::npos);
}

}  // namespace
}  // namespace wisp::component
