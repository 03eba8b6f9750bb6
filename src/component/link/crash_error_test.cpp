#include "component/link/crash_error.hpp"

#include "component/abi/wave.hpp"
#include "component/types/type.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

struct Row {
  std::string_view name;
  std::string_view interface;
  const Type* result;
  std::string_view value;  // WAVE; empty: a crash traps the caller
};

TEST(CrashError, IsFoundInTheErrorOfTheInterface) {
  TypeArena arena;
  const Type* text = arena.primitive(Kind::string);
  const Type* number = arena.primitive(Kind::u32);
  const Type* maybe = arena.intern({.kind = Kind::option, .element = text});
  const auto result = [&](const Type* error) {
    return arena.intern({.kind = Kind::result, .element = number, .second = error});
  };
  const auto variant = [&](std::vector<Member> cases) {
    return result(arena.intern({.kind = Kind::variant, .members = std::move(cases)}));
  };
  const Row rows[] = {
      {"no result", "a:b/c", nullptr, ""},
      {"no error", "a:b/c", result(nullptr), ""},
      {"another result", "wasi:http/handler@0.3.0", number, ""},
      {"optional text", "wasi:http/handler@0.3.0", variant({{"timeout", nullptr}, {"internal-error", maybe}}),
       R"(err(internal-error(some("boom"))))"},
      {"text", "a:b/c", variant({{"internal-error", text}}), R"(err(internal-error("boom")))"},
      {"a bare case", "a:b/c", variant({{"other", text}, {"internal-error", nullptr}}),
       "err(internal-error)"},
      {"a label", "a:b/c",
       result(
           arena.intern({.kind = Kind::enum_, .members = {{"busy", nullptr}, {"internal-error", nullptr}}})),
       "err(internal-error)"},
      {"a number is no text", "a:b/c", variant({{"internal-error", number}}), ""},
      {"text of any interface", "a:b/c", result(text), ""},
      {"text of messaging", "wasmcloud:messaging/consumer@0.2.0", result(text), R"(err("boom"))"},
      {"text of another of its functions", "wasmcloud:messaging/consumer@0.2.0", result(number), ""},
      {"other of any interface", "a:b/c", variant({{"other", text}}), ""},
      {"other of a store", "wasi:keyvalue/store@0.2.0-draft",
       variant({{"no-such-store", nullptr}, {"other", text}}), R"(err(other("boom")))"},
  };
  for (const auto& row : rows) {
    const auto found = find_crash_error(row.interface, row.result);
    ASSERT_EQ(found.has_value(), !row.value.empty()) << row.name;
    if (!found) continue;
    const auto expected = parse_wave(row.value, row.result);
    ASSERT_TRUE(expected) << row.name;
    EXPECT_EQ(found->value("boom"), *expected) << row.name;
  }
}

TEST(CrashError, CutsLongTextBetweenCharacters) {
  const CrashError plain(std::nullopt, CrashError::Text::plain);
  const auto length_of = [&](std::string_view character) {
    std::string text("x");
    for (int i = 0; i < 2'000; ++i) text += character;
    const auto error = plain.value(text);
    const auto& said = std::get<std::string>(std::get<Value::Case>(error.data).payload->data);
    EXPECT_EQ(said, text.substr(0, said.size()));
    return said.size();
  };
  EXPECT_EQ(length_of("y"), 1'000U);
  EXPECT_EQ(length_of("ü"), 999U);
  EXPECT_EQ(length_of("世"), 1'000U);
  EXPECT_EQ(length_of("😀"), 997U);
}

}  // namespace
}  // namespace wisp::component
