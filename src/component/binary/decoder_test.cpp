#include "component/binary/decoder.hpp"

#include "component/binary/binary_builder.hpp"
#include "component/binary/utf8.hpp"

#include <gtest/gtest.h>

#include <array>
#include <source_location>
#include <string>
#include <utility>

namespace wisp::component {
namespace {

using namespace testing;
using namespace std::string_view_literals;

/// The only definition of a component with this section, or the error.
template <class T, class Check>
void expect_one(int id, const Bytes& body, Check check,
                std::source_location where = std::source_location::current()) {
  const testing::Bytes binary = component({section(id, body)});
  const auto decoded = decode(binary.span());
  ASSERT_TRUE(decoded) << decoded.error().message() << " from line " << where.line();
  ASSERT_EQ(decoded->definitions.size(), 1U) << "from line " << where.line();
  const auto* found = std::get_if<T>(&decoded->definitions[0]);
  ASSERT_NE(found, nullptr) << "another definition, from line " << where.line();
  check(*found);
}

std::string error_of(const Bytes& binary, const DecodeLimits& limits = {}) {
  const auto decoded = decode(binary.span(), limits);
  if (decoded) return "decoded";
  return std::string(name(decoded.error().code())) + ": " + decoded.error().message();
}

TEST(Sniff, TellsWhatTheFirstEightBytesSay) {
  const struct {
    const char* what;
    Bytes bytes;
    BinaryKind kind;
  } rows[] = {
      {"component", component({}), BinaryKind::component},
      {"module", core_module({}), BinaryKind::core_module},
      {"later module", {0, 0x61, 0x73, 0x6d, 2, 0, 0, 0}, BinaryKind::unknown_version},
      {"earlier component", {0, 0x61, 0x73, 0x6d, 0x0c, 0, 1, 0}, BinaryKind::unknown_version},
      {"layer 2", {0, 0x61, 0x73, 0x6d, 0x0d, 0, 2, 0}, BinaryKind::unknown_version},
      {"text", text("(component)"), BinaryKind::not_wasm},
      {"short", {0, 0x61, 0x73, 0x6d, 0x0d, 0, 1}, BinaryKind::not_wasm},
      {"empty", {}, BinaryKind::not_wasm},
  };
  for (const auto& row : rows) EXPECT_EQ(sniff(row.bytes.span()), row.kind) << row.what;
}

TEST(Decoder, RefusesOtherPreambles) {
  EXPECT_TRUE(error_of(core_module({})).starts_with("core_module"));
  EXPECT_TRUE(error_of({0, 0x61, 0x73, 0x6d, 0x0e, 0, 1, 0}).starts_with("unsupported_version"));
  EXPECT_TRUE(error_of(text("hello world")).starts_with("not_wasm"));
}

// A start section: func index, one argument, results; its three integers in the encodings of the table.
TEST(Decoder, IsStrictAboutIntegers) {
  const struct {
    const char* what;
    Bytes encoded;
    std::optional<std::uint32_t> value;
  } rows[] = {
      {"zero", {0x00}, 0},
      {"padded to two", {0x80, 0x00}, 0},
      {"padded to five", {0x81, 0x80, 0x80, 0x80, 0x00}, 1},
      {"largest", {0xff, 0xff, 0xff, 0xff, 0x0f}, 0xffff'ffff},
      {"bit 33", {0xff, 0xff, 0xff, 0xff, 0x1f}, {}},
      {"excess bit", {0x80, 0x80, 0x80, 0x80, 0x40}, {}},
      {"six bytes", {0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, {}},
      {"endless", {0x80}, {}},
  };
  for (const auto& row : rows) {
    const auto binary = component({section(9, row.encoded + vec({{7}}) + Bytes{0x00})});
    const auto decoded = decode(binary.span());
    ASSERT_EQ(decoded.has_value(), row.value.has_value()) << row.what;
    if (row.value) EXPECT_EQ(std::get<ast::Start>(decoded->definitions[0]).func, *row.value) << row.what;
  }
}

// list of a type index: the index is a 33-bit signed integer.
TEST(Decoder, IsStrictAboutTypeIndices) {
  const struct {
    const char* what;
    Bytes encoded;
    std::optional<std::uint32_t> value;
  } rows[] = {
      {"zero", {0x00}, 0},
      {"63", {0x3f}, 63},
      {"64 takes two bytes", {0xc0, 0x00}, 64},
      {"largest", {0xff, 0xff, 0xff, 0xff, 0x0f}, 0xffff'ffff},
      {"padded", {0x80, 0x80, 0x80, 0x80, 0x00}, 0},
      {"negative", {0x40}, {}},
      {"negative in two bytes", {0xff, 0x7f}, {}},
      {"sign not repeated", {0xff, 0xff, 0xff, 0xff, 0x2f}, {}},
      {"six bytes", {0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, {}},
  };
  for (const auto& row : rows) {
    const auto binary = component({section(7, vec({Bytes{0x70} + row.encoded}))});
    const auto decoded = decode(binary.span());
    ASSERT_EQ(decoded.has_value(), row.value.has_value()) << row.what;
    if (!row.value) continue;
    const auto& type = std::get<ast::TypeDef>(decoded->definitions[0]);
    EXPECT_EQ(std::get<ast::Index>(std::get<ast::List>(type.type).element), *row.value) << row.what;
  }
}

TEST(Utf8, AcceptsWellFormedTextOnly) {
  const struct {
    std::string_view text;
    bool valid;
  } rows[] = {
      {""sv, true},
      {"plain and longer than eight"sv, true},
      {"a\0b"sv, true},
      {"\xc3\xa9"sv, true},
      {"\xe2\x82\xac in the middle of some text \xe2\x82\xac"sv, true},
      {"\xf0\x9f\x98\x80"sv, true},
      {"\xf4\x8f\xbf\xbf"sv, true},
      {"\xed\x9f\xbf"sv, true},
      {"\xc0\x80"sv, false},
      {"\xc1\xbf"sv, false},
      {"\xe0\x80\x80"sv, false},
      {"\xed\xa0\x80"sv, false},
      {"\xf0\x8f\xbf\xbf"sv, false},
      {"\xf4\x90\x80\x80"sv, false},
      {"\xf5\x80\x80\x80"sv, false},
      {"\x80"sv, false},
      {"abcdefgh\xff"sv, false},
      {"\xe2\x82"sv, false},
      {"\xc3"sv, false},
      {"\xc3 "sv, false},
  };
  for (const auto& row : rows) EXPECT_EQ(valid_utf8(row.text), row.valid) << row.text;
}

TEST(Decoder, ReadsTypes) {
  const Bytes u32_type{0x79}, string_type{0x73};
  const struct {
    const char* what;
    Bytes type;
    std::size_t alternative;
  } rows[] = {
      {"bool", {0x7f}, 0},
      {"string", {0x73}, 0},
      {"error-context", {0x64}, 0},
      {"record", Bytes{0x72} + vec({text("a") + u32_type, text("b") + Bytes{0x05}}), 1},
      {"variant", Bytes{0x71} + vec({text("a") + Bytes{0, 0}, text("b") + Bytes{1, 0x73, 0}}), 2},
      {"list", Bytes{0x70} + u32_type, 3},
      {"fixed list", Bytes{0x67} + u32_type + u32(300), 3},
      {"tuple", Bytes{0x6f} + vec({u32_type, string_type}), 4},
      {"flags", Bytes{0x6e} + vec({text("x"), text("y")}), 5},
      {"enum", Bytes{0x6d} + vec({text("x")}), 6},
      {"option", Bytes{0x6b} + u32_type, 7},
      {"result", {0x6a, 1, 0x79, 1, 0x73}, 8},
      {"empty result", {0x6a, 0, 0}, 8},
      {"own", {0x69, 0x80, 0x01}, 9},
      {"borrow", {0x68, 0x03}, 10},
      {"stream", {0x66, 1, 0x7d}, 11},
      {"empty stream", {0x66, 0}, 11},
      {"future", {0x65, 0}, 12},
      {"map", {0x63, 0x73, 0x79}, 13},
      {"func", Bytes{0x40} + vec({text("x") + u32_type}) + Bytes{0, 0x73}, 14},
      {"async func", {0x43, 0, 1, 0}, 14},
      {"component type", {0x41, 0}, 15},
      {"instance type", {0x42, 0}, 16},
      {"resource", {0x3f, 0x7f, 0}, 17},
      {"64-bit resource with destructor", {0x3f, 0x7e, 1, 9}, 17},
  };
  for (const auto& row : rows)
    expect_one<ast::TypeDef>(7, vec({row.type}), [&](const ast::TypeDef& type) {
      EXPECT_EQ(type.type.index(), row.alternative) << row.what;
    });
}

TEST(Decoder, KeepsWhatTypesSay) {
  expect_one<ast::TypeDef>(7,
                           vec({Bytes{0x71} + vec({text("a") + Bytes{0, 0}, text("b") + Bytes{1, 0x05, 0}})}),
                           [](const auto& type) {
                             const auto& cases = std::get<ast::Variant>(type.type).cases;
                             ASSERT_EQ(cases.size(), 2U);
                             EXPECT_EQ(cases[0].label, "a");
                             EXPECT_FALSE(cases[0].type);
                             EXPECT_EQ(std::get<ast::Index>(*cases[1].type), 5U);
                           });
  expect_one<ast::TypeDef>(7, vec({{0x67, 0x79, 0xac, 0x02}}),
                           [](const auto& type) { EXPECT_EQ(std::get<ast::List>(type.type).length, 300U); });
  expect_one<ast::TypeDef>(7, vec({{0x6a, 0, 1, 0x73}}), [](const auto& type) {
    const auto& result = std::get<ast::ResultType>(type.type);
    EXPECT_FALSE(result.ok);
    EXPECT_EQ(std::get<ast::Primitive>(*result.error), ast::Primitive::string);
  });
  expect_one<ast::TypeDef>(7, vec({{0x3f, 0x7e, 1, 9}}), [](const auto& type) {
    EXPECT_TRUE(std::get<ast::Resource>(type.type).rep64);
    EXPECT_EQ(std::get<ast::Resource>(type.type).dtor, 9U);
  });
  expect_one<ast::TypeDef>(7, vec({Bytes{0x43} + vec({text("p") + Bytes{0x74}}) + Bytes{0, 0x7c}}),
                           [](const auto& type) {
                             const auto& func = std::get<ast::Func>(type.type);
                             EXPECT_TRUE(func.async);
                             EXPECT_EQ(func.params.at(0).label, "p");
                             EXPECT_EQ(std::get<ast::Primitive>(*func.result), ast::Primitive::s16);
                           });
}

TEST(Decoder, ReadsEveryPrimitive) {
  constexpr std::array<int, 14> kOpcodes{0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x7a, 0x79,
                                         0x78, 0x77, 0x76, 0x75, 0x74, 0x73, 0x64};
  for (std::size_t index = 0; index < kOpcodes.size(); ++index)
    expect_one<ast::TypeDef>(7, vec({{kOpcodes[index]}}), [&](const auto& type) {
      EXPECT_EQ(std::get<ast::Primitive>(type.type), static_cast<ast::Primitive>(index));
    });
}

TEST(Decoder, ReadsDeclarators) {
  const auto decls = vec({
      Bytes{0x00, 0x60, 0x00, 0x00},
      Bytes{0x01, 0x72} + vec({text("a") + Bytes{0x79}}),
      Bytes{0x02, 0x03, 0x02, 0x01, 0x04},
      Bytes{0x03} + name("in") + Bytes{0x01, 0x02},
      Bytes{0x04} + name("out") + Bytes{0x03, 0x01},
  });
  expect_one<ast::TypeDef>(7, vec({Bytes{0x41} + decls}), [](const auto& type) {
    const auto& all = std::get<ast::ComponentType>(type.type).decls;
    ASSERT_EQ(all.size(), 5U);
    EXPECT_TRUE(std::holds_alternative<ast::CoreFuncType>(std::get<ast::CoreType>(all[0]).type));
    EXPECT_TRUE(std::holds_alternative<ast::Record>(std::get<std::unique_ptr<ast::TypeDef>>(all[1])->type));
    const auto& alias = std::get<ast::AliasOuter>(std::get<ast::Alias>(all[2]));
    EXPECT_EQ(alias.sort, ast::Sort::type);
    EXPECT_EQ(alias.count, 1U);
    EXPECT_EQ(alias.index, 4U);
    EXPECT_EQ(std::get<ast::ImportDecl>(all[3]).name.text, "in");
    EXPECT_EQ(std::get<ast::ExportDecl>(all[4]).type.kind, ast::ExternType::Kind::type_resource);
  });
  EXPECT_NE(error_of(component({section(7, vec({Bytes{0x42} + decls}))})).find("has no imports"),
            std::string::npos);
}

TEST(Decoder, CountsTheIndicesOfCoreTypes) {
  const Bytes func{0x60, 0x01, 0x7f, 0x01, 0x7e}, array{0x5e, 0x78, 0x01};
  const Bytes structure{0x5f, 0x03, 0x7f, 0x00, 0x77, 0x01, 0x63, 0x6b, 0x01};
  const struct {
    const char* what;
    Bytes type;
    std::uint32_t count;
    std::size_t alternative;
  } rows[] = {
      {"func", func, 1, 0},
      {"struct", structure, 1, 2},
      {"array", array, 1, 2},
      {"non-final sub", Bytes{0x00, 0x50, 0x00} + func, 1, 0},
      {"final sub with supertype", Bytes{0x4f, 0x01, 0x05} + structure, 1, 2},
      {"rec", Bytes{0x4e} + vec({func, Bytes{0x50, 0x00} + array, Bytes{0x4f, 0x00} + structure}), 3, 2},
      {"rec of one", Bytes{0x4e} + vec({func}), 1, 0},
      {"empty rec", {0x4e, 0x00}, 0, 2},
      {"module", {0x50, 0x00}, 1, 1},
  };
  for (const auto& row : rows)
    expect_one<ast::CoreType>(3, vec({row.type}), [&](const ast::CoreType& type) {
      EXPECT_EQ(type.count, row.count) << row.what;
      EXPECT_EQ(type.type.index(), row.alternative) << row.what;
    });
  expect_one<ast::CoreType>(3, vec({{0x60, 0x06, 0x7d, 0x7c, 0x7b, 0x70, 0x63, 0x6f, 0x64, 0x05, 0x00}}),
                            [](const auto& type) {
                              using enum ast::CoreValType;
                              EXPECT_EQ(std::get<ast::CoreFuncType>(type.type).params,
                                        (std::vector{f32, f64, v128, funcref, externref, other}));
                            });
}

TEST(Decoder, ReadsModuleTypes) {
  const auto decls = vec({
      Bytes{0x01, 0x60, 0x00, 0x00},
      Bytes{0x00} + text("m") + text("f") + Bytes{0x00, 0x00},
      Bytes{0x00} + text("m") + text("t") + Bytes{0x01, 0x70, 0x01, 0x00, 0x0a},
      Bytes{0x02, 0x10, 0x01, 0x01, 0x00},
      Bytes{0x03} + text("memory") + Bytes{0x02, 0x04, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01},
      Bytes{0x03} + text("g") + Bytes{0x03, 0x7e, 0x01},
      Bytes{0x03} + text("e") + Bytes{0x04, 0x00, 0x00},
  });
  expect_one<ast::CoreType>(3, vec({Bytes{0x50} + decls}), [](const auto& type) {
    const auto& module = std::get<ast::CoreModuleType>(type.type);
    ASSERT_EQ(module.imports.size(), 2U);
    EXPECT_EQ(module.imports[1].name, "t");
    EXPECT_EQ(module.imports[1].sort, ast::Sort::core_table);
    ASSERT_EQ(module.exports.size(), 3U);
    EXPECT_EQ(module.exports[0].sort, ast::Sort::core_memory);
    EXPECT_EQ(module.exports[2].sort, ast::Sort::core_tag);
  });
}

TEST(Decoder, ReadsTheHeadOfACoreModule) {
  const auto module = core_module({
      section(1, vec({{0x60, 0x00, 0x00}})),
      section(2, vec({text("env") + text("f") + Bytes{0x00, 0x00},
                      text("env") + text("g") + Bytes{0x03, 0x7f, 0x00}})),
      section(5, vec({{0x01, 0x02, 0x10},
                      {0x05, 0x01, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01},
                      {0x08, 0x05, 0x00}})),
      section(7, vec({text("memory") + Bytes{0x02, 0x00}, text("run") + Bytes{0x00, 0x00}})),
      section(8, {0x00}),
      section(10, {0xff, 0xff}),
      section(0, text("name") + section(0, text("fancy"))),
  });
  expect_one<ast::CoreModule>(1, module, [&](const ast::CoreModule& core) {
    EXPECT_EQ(core.bytes.size(), module.size());
    ASSERT_EQ(core.imports.size(), 2U);
    EXPECT_EQ(core.imports[1].module, "env");
    EXPECT_EQ(core.imports[1].sort, ast::Sort::core_global);
    ASSERT_EQ(core.memories.size(), 3U);
    EXPECT_EQ(core.memories[0].min_bytes, 2U << 16);
    EXPECT_EQ(core.memories[0].max_bytes, 16U << 16);
    EXPECT_TRUE(core.memories[1].memory64);
    EXPECT_EQ(core.memories[1].max_bytes, ~std::uint64_t{0}) << "saturated";
    EXPECT_EQ(core.memories[2].min_bytes, 5U) << "pages of one byte";
    EXPECT_FALSE(core.memories[2].max_bytes);
    ASSERT_EQ(core.exports.size(), 2U);
    EXPECT_EQ(core.exports[0].name, "memory");
    EXPECT_EQ(core.name, "fancy");
    EXPECT_TRUE(core.has_start);
  });
}

TEST(Decoder, IgnoresBrokenNameSections) {
  expect_one<ast::CoreModule>(1, core_module({section(0, text("name") + Bytes{0x00, 0x7f})}),
                              [](const auto& core) { EXPECT_EQ(core.name, ""); });
  const auto named = component({section(0, text("component-name") + section(0, text("shop")))});
  EXPECT_EQ(decode(named.span())->name, "shop");
  const auto broken = component({section(0, text("component-name") + Bytes{0x00, 0x05, 0x01})});
  ASSERT_TRUE(decode(broken.span()));
  EXPECT_EQ(decode(broken.span())->name, "");
}

TEST(Decoder, ReadsNamesWithAttributes) {
  const struct {
    const char* what;
    Bytes bytes;
    ast::Name expected;
  } rows[] = {
      {"plain", Bytes{0x00} + text("a"), {"a", {}, {}, {}}},
      {"older form", Bytes{0x01} + text("a:b/c"), {"a:b/c", {}, {}, {}}},
      {"no attributes", Bytes{0x02} + text("a") + vec({}), {"a", {}, {}, {}}},
      {"all",
       Bytes{0x02} + text("a") +
           vec({Bytes{0x02} + text("id"), Bytes{0x00} + text("x:y/z"), Bytes{0x01} + text(".6")}),
       {"a", "x:y/z", ".6", "id"}},
  };
  for (const auto& row : rows)
    expect_one<ast::Import>(10, vec({row.bytes + Bytes{0x05, 0x00}}), [&](const ast::Import& import) {
      EXPECT_EQ(import.name.text, row.expected.text) << row.what;
      EXPECT_EQ(import.name.implements, row.expected.implements) << row.what;
      EXPECT_EQ(import.name.version_suffix, row.expected.version_suffix) << row.what;
      EXPECT_EQ(import.name.external_id, row.expected.external_id) << row.what;
    });
  const auto twice = Bytes{0x02} + text("a") + vec({Bytes{0x02} + text("x"), Bytes{0x02} + text("y")});
  EXPECT_NE(error_of(component({section(10, vec({twice + Bytes{0x05, 0x00}}))})).find("duplicate"),
            std::string::npos);
}

TEST(Decoder, ReadsExternTypes) {
  using Kind = ast::ExternType::Kind;
  const struct {
    Bytes bytes;
    Kind kind;
    std::uint32_t index;
  } rows[] = {
      {{0x00, 0x11, 0x03}, Kind::core_module, 3}, {{0x01, 0x04}, Kind::func, 4},
      {{0x02, 0x00, 0x05}, Kind::value, 5},       {{0x02, 0x01, 0x79}, Kind::value, 0},
      {{0x03, 0x00, 0x06}, Kind::type_eq, 6},     {{0x03, 0x01}, Kind::type_resource, 0},
      {{0x04, 0x07}, Kind::component, 7},         {{0x05, 0x08}, Kind::instance, 8},
  };
  for (const auto& row : rows)
    expect_one<ast::Import>(10, vec({name("x") + row.bytes}), [&](const ast::Import& import) {
      EXPECT_EQ(import.type.kind, row.kind);
      EXPECT_EQ(import.type.index, row.index);
    });
}

TEST(Decoder, ReadsExports) {
  expect_one<ast::Export>(11, vec({name("x") + Bytes{0x01, 0x02, 0x00}}), [](const ast::Export& each) {
    EXPECT_EQ(each.item.sort, ast::Sort::func);
    EXPECT_EQ(each.item.index, 2U);
    EXPECT_FALSE(each.ascribed);
  });
  expect_one<ast::Export>(11, vec({name("x") + Bytes{0x00, 0x11, 0x02, 0x01, 0x00, 0x11, 0x01}}),
                          [](const auto& each) {
                            EXPECT_EQ(each.item.sort, ast::Sort::core_module);
                            EXPECT_EQ(each.ascribed->index, 1U);
                          });
}

TEST(Decoder, ReadsInstances) {
  expect_one<ast::CoreInstance>(2, vec({Bytes{0x00, 0x01} + vec({text("env") + Bytes{0x12, 0x03}})}),
                                [](const auto& each) {
                                  const auto& instantiate = std::get<ast::CoreInstantiate>(each);
                                  EXPECT_EQ(instantiate.module, 1U);
                                  EXPECT_EQ(instantiate.args.at(0).name, "env");
                                  EXPECT_EQ(instantiate.args.at(0).instance, 3U);
                                });
  expect_one<ast::CoreInstance>(2, vec({Bytes{0x01} + vec({text("t") + Bytes{0x01, 0x09}})}),
                                [](const auto& each) {
                                  const auto& exports = std::get<ast::CoreInlineExports>(each).exports;
                                  EXPECT_EQ(exports.at(0).item.sort, ast::Sort::core_table);
                                  EXPECT_EQ(exports.at(0).item.index, 9U);
                                });
  expect_one<ast::Instance>(
      5, vec({Bytes{0x00, 0x01} + vec({text("a") + Bytes{0x05, 0x02}})}), [](const auto& each) {
        EXPECT_EQ(std::get<ast::Instantiate>(each).args.at(0).item.sort, ast::Sort::instance);
      });
  expect_one<ast::Instance>(
      5, vec({Bytes{0x01} + vec({name("a") + Bytes{0x03, 0x02}})}), [](const auto& each) {
        EXPECT_EQ(std::get<ast::InlineExports>(each).exports.at(0).item.sort, ast::Sort::type);
      });
}

TEST(Decoder, ReadsAliases) {
  expect_one<ast::Alias>(6, vec({Bytes{0x01, 0x00, 0x02} + text("f")}), [](const ast::Alias& each) {
    const auto& alias = std::get<ast::AliasExport>(each);
    EXPECT_EQ(alias.sort, ast::Sort::func);
    EXPECT_EQ(alias.instance, 2U);
    EXPECT_EQ(alias.name, "f");
  });
  expect_one<ast::Alias>(6, vec({Bytes{0x00, 0x02, 0x01, 0x00} + text("memory")}),
                         [](const ast::Alias& each) {
                           EXPECT_EQ(std::get<ast::AliasCoreExport>(each).sort, ast::Sort::core_memory);
                         });
  expect_one<ast::Alias>(6, vec({{0x00, 0x11, 0x02, 0x01, 0x04}}), [](const ast::Alias& each) {
    EXPECT_EQ(std::get<ast::AliasOuter>(each).sort, ast::Sort::core_module);
    EXPECT_EQ(std::get<ast::AliasOuter>(each).index, 4U);
  });
}

TEST(Decoder, ReadsSorts) {
  using enum ast::Sort;
  const struct {
    Bytes bytes;
    ast::Sort sort;
  } rows[] = {
      {{0x00, 0x00}, core_func},
      {{0x00, 0x01}, core_table},
      {{0x00, 0x02}, core_memory},
      {{0x00, 0x03}, core_global},
      {{0x00, 0x04}, core_tag},
      {{0x00, 0x10}, core_type},
      {{0x00, 0x11}, core_module},
      {{0x00, 0x12}, core_instance},
      {{0x01}, func},
      {{0x02}, value},
      {{0x03}, type},
      {{0x04}, ast::Sort::component},
      {{0x05}, instance},
  };
  for (const auto& row : rows)
    expect_one<ast::Alias>(6, vec({row.bytes + Bytes{0x02, 0x00, 0x00}}), [&](const ast::Alias& each) {
      EXPECT_EQ(std::get<ast::AliasOuter>(each).sort, row.sort);
    });
}

TEST(Decoder, ReadsLiftAndLower) {
  const auto options =
      vec({{0x00}, {0x01}, {0x02}, {0x03, 0x01}, {0x04, 0x02}, {0x05, 0x03}, {0x06}, {0x07, 0x04}});
  expect_one<ast::Canon>(8, vec({Bytes{0x00, 0x00, 0x05} + options + Bytes{0x06}}),
                         [](const ast::Canon& each) {
                           const auto& lift = std::get<ast::CanonLift>(each);
                           EXPECT_EQ(lift.func, 5U);
                           EXPECT_EQ(lift.type, 6U);
                           EXPECT_EQ(lift.options.encoding, ast::StringEncoding::latin1_utf16);
                           EXPECT_EQ(lift.options.memory, 1U);
                           EXPECT_EQ(lift.options.realloc, 2U);
                           EXPECT_EQ(lift.options.post_return, 3U);
                           EXPECT_TRUE(lift.options.async);
                           EXPECT_EQ(lift.options.callback, 4U);
                         });
  expect_one<ast::Canon>(8, vec({{0x01, 0x00, 0x05, 0x00}}), [](const ast::Canon& each) {
    const auto& lower = std::get<ast::CanonLower>(each);
    EXPECT_EQ(lower.func, 5U);
    EXPECT_EQ(lower.options.encoding, ast::StringEncoding::utf8);
    EXPECT_FALSE(lower.options.memory);
  });
}

TEST(Decoder, ReadsEveryBuiltin) {
  const struct {
    Bytes bytes;
    std::string_view name;
    ast::CanonBuiltin fields;  // its builtin is not looked at
  } rows[] = {
      {{0x02, 0x07}, "resource.new", {.type = 7}},
      {{0x03, 0x07}, "resource.drop", {.type = 7}},
      {{0x04, 0x07}, "resource.rep", {.type = 7}},
      {{0x05}, "task.cancel", {}},
      {{0x06, 0x01}, "subtask.cancel", {.async = true}},
      {{0x09, 0x00, 0x79, 0x01, 0x03, 0x02},
       "task.return",
       {.result = ast::Primitive::u32, .options = {.memory = 2}}},
      {{0x09, 0x01, 0x00, 0x00}, "task.return", {}},
      {{0x0a, 0x7f, 0x01}, "context.get", {.slot = 1}},
      {{0x0b, 0x7e, 0x00}, "context.set", {.slot64 = true}},
      {{0x0c, 0x01}, "thread.yield", {.cancellable = true}},
      {{0x0d}, "subtask.drop", {}},
      {{0x0e, 0x07}, "stream.new", {.type = 7}},
      {{0x0f, 0x07, 0x02, 0x06, 0x03, 0x00},
       "stream.read",
       {.type = 7, .options = {.async = true, .memory = 0}}},
      {{0x10, 0x07, 0x00}, "stream.write", {.type = 7}},
      {{0x11, 0x07, 0x01}, "stream.cancel-read", {.type = 7, .async = true}},
      {{0x12, 0x07, 0x00}, "stream.cancel-write", {.type = 7}},
      {{0x13, 0x07}, "stream.drop-readable", {.type = 7}},
      {{0x14, 0x07}, "stream.drop-writable", {.type = 7}},
      {{0x15, 0x07}, "future.new", {.type = 7}},
      {{0x16, 0x07, 0x00}, "future.read", {.type = 7}},
      {{0x17, 0x07, 0x00}, "future.write", {.type = 7}},
      {{0x18, 0x07, 0x01}, "future.cancel-read", {.type = 7, .async = true}},
      {{0x19, 0x07, 0x00}, "future.cancel-write", {.type = 7}},
      {{0x1a, 0x07}, "future.drop-readable", {.type = 7}},
      {{0x1b, 0x07}, "future.drop-writable", {.type = 7}},
      {{0x1c, 0x01, 0x03, 0x04}, "error-context.new", {.options = {.memory = 4}}},
      {{0x1d, 0x00}, "error-context.debug-message", {}},
      {{0x1e}, "error-context.drop", {}},
      {{0x1f}, "waitable-set.new", {}},
      {{0x20, 0x01, 0x05}, "waitable-set.wait", {.memory = 5, .cancellable = true}},
      {{0x21, 0x00, 0x05}, "waitable-set.poll", {.memory = 5}},
      {{0x22}, "waitable-set.drop", {}},
      {{0x23}, "waitable.join", {}},
      {{0x24}, "backpressure.inc", {}},
      {{0x25}, "backpressure.dec", {}},
      {{0x26}, "thread.index", {}},
      {{0x27, 0x07, 0x08}, "thread.new-indirect", {.type = 7, .table = 8}},
      {{0x28}, "thread.resume-later", {}},
      {{0x29, 0x01}, "thread.suspend", {.cancellable = true}},
      {{0x2a, 0x00}, "thread.suspend-then-resume", {}},
      {{0x2b, 0x01}, "thread.yield-then-resume", {.cancellable = true}},
      {{0x2c, 0x00}, "thread.suspend-then-promote", {}},
      {{0x2d, 0x01}, "thread.yield-then-promote", {.cancellable = true}},
      {{0x40, 0x01, 0x07}, "thread.spawn-ref", {.type = 7, .shared = true}},
      {{0x41, 0x00, 0x07, 0x08}, "thread.spawn-indirect", {.type = 7, .table = 8}},
      {{0x42, 0x01}, "thread.available-parallelism", {.shared = true}},
  };
  for (const auto& row : rows)
    expect_one<ast::Canon>(8, vec({row.bytes}), [&](const ast::Canon& each) {
      const auto& canon = std::get<ast::CanonBuiltin>(each);
      EXPECT_EQ(ast::text(canon.builtin), row.name);
      EXPECT_EQ(canon.type, row.fields.type) << row.name;
      EXPECT_EQ(canon.table, row.fields.table) << row.name;
      EXPECT_EQ(canon.memory, row.fields.memory) << row.name;
      EXPECT_EQ(canon.async, row.fields.async) << row.name;
      EXPECT_EQ(canon.cancellable, row.fields.cancellable) << row.name;
      EXPECT_EQ(canon.shared, row.fields.shared) << row.name;
      EXPECT_EQ(canon.slot64, row.fields.slot64) << row.name;
      EXPECT_EQ(canon.slot, row.fields.slot) << row.name;
      EXPECT_EQ(canon.result, row.fields.result) << row.name;
      EXPECT_EQ(canon.options.async, row.fields.options.async) << row.name;
      EXPECT_EQ(canon.options.memory, row.fields.options.memory) << row.name;
    });
  for (const int unknown : {0x07, 0x08, 0x2e, 0x3f, 0x43, 0xff})
    EXPECT_NE(error_of(component({section(8, vec({{unknown, 0, 0, 0}}))})).find("canonical function"),
              std::string::npos)
        << unknown;
}

TEST(Decoder, RefusesMalformedBinaries) {
  const struct {
    const char* what;
    Bytes binary;
    const char* message;
  } rows[] = {
      {"unknown section", component({section(13, {})}), "unknown section 13"},
      {"section too long", component({{7, 5, 0}}), "5 bytes wanted, 1 left"},
      {"rest in a section", component({section(7, vec({{0x7f}}) + Bytes{0})}), "unexpected data"},
      {"huge count", component({section(7, u32(0xffff'ffff))}), "more than the 0 bytes left"},
      {"huge inner count", component({section(7, vec({Bytes{0x72} + u32(1'000'000'000) + Bytes{0}}))}),
       "more than"},
      {"huge name", component({section(0, u32(90'000) + Bytes{0})}), "90000 bytes wanted"},
      {"bad text", component({section(0, {0x02, 0xc0, 0x80})}), "UTF-8"},
      {"unknown type", component({section(7, vec({{0x62}}))}), "for a type"},
      {"case without its zero", component({section(7, vec({Bytes{0x71} + vec({text("a") + Bytes{0, 1}})}))}),
       "zero byte"},
      {"two results", component({section(7, vec({{0x40, 0x00, 0x01, 0x02}}))}), "one result or none"},
      {"rep", component({section(7, vec({{0x3f, 0x7d, 0x00}}))}), "i32 or i64"},
      {"bare sub", component({section(3, vec({{0x00, 0x60, 0x00, 0x00}}))}), "non-final sub"},
      {"lifted type", component({section(8, vec({{0x00, 0x03, 0x00, 0x00, 0x00}}))}), "functions are lifted"},
      {"option", component({section(8, vec({{0x01, 0x00, 0x05, 0x01, 0x08}}))}), "canonical option"},
      {"flag", component({section(8, vec({{0x0c, 0x02}}))}), "for cancellable"},
      {"core sort", component({section(6, vec({{0x00, 0x05, 0x02, 0x00, 0x00}}))}), "core sort"},
      {"core argument", component({section(2, vec({Bytes{0, 0} + vec({text("a") + Bytes{0, 0}})}))}),
       "is an instance"},
      {"core import", component({section(10, vec({name("a") + Bytes{0x00, 0x00, 0x00}}))}), "are modules"},
      {"module is none", component({section(1, text("hello wörld"))}), "preamble"},
      {"component is none", component({section(4, core_module({}))}), "preamble"},
      {"module section", component({section(1, core_module({{2, 9, 0}}))}), "9 bytes wanted"},
  };
  for (const auto& row : rows) {
    const auto error = error_of(row.binary);
    EXPECT_TRUE(error.starts_with("malformed: ")) << row.what << ": " << error;
    EXPECT_NE(error.find(row.message), std::string::npos) << row.what << ": " << error;
    EXPECT_NE(error.find("at offset 0x"), std::string::npos) << row.what << ": " << error;
  }
  EXPECT_TRUE(error_of(component({section(12, {0})})).starts_with("unsupported_feature"));
}

Bytes nested_components(int depth) {
  return depth == 0 ? component({}) : component({section(4, nested_components(depth - 1))});
}

Bytes nested_type(int depth) {
  Bytes type{0x42, 0x00};
  for (int level = 0; level < depth; ++level) type = Bytes{0x42, 0x01, 0x01} + type;
  return component({section(7, vec({type}))});
}

TEST(Decoder, HoldsItsLimits) {
  const DecodeLimits limits{
      .max_depth = 10, .max_components = 20, .max_definitions = 30, .max_name_bytes = 40};
  EXPECT_EQ(error_of(nested_components(9), limits), "decoded");
  EXPECT_TRUE(error_of(nested_components(10), limits).starts_with("component_too_large: nesting"));
  EXPECT_EQ(error_of(nested_type(8), limits), "decoded");
  EXPECT_TRUE(error_of(nested_type(9), limits).starts_with("component_too_large: nesting"));
  EXPECT_EQ(error_of(nested_components(99)), "decoded");
  EXPECT_TRUE(error_of(nested_components(100)).starts_with("component_too_large"));

  const auto many = [](int id, const Bytes& body, int count) {
    Bytes out = component({});
    for (int index = 0; index < count; ++index) out << section(id, body);
    return out;
  };
  EXPECT_EQ(error_of(many(4, component({}), 19), limits), "decoded");
  EXPECT_TRUE(
      error_of(many(4, component({}), 20), limits).starts_with("component_too_large: the number of comp"));
  EXPECT_EQ(error_of(many(7, vec({{0x7f}, {0x7f}}), 15), limits), "decoded");
  EXPECT_TRUE(error_of(many(7, vec({{0x7f}, {0x7f}}), 16), limits)
                  .starts_with("component_too_large: the number of def"));
  EXPECT_EQ(error_of(component({section(0, text(std::string(40, 'x')))}), limits), "decoded");
  EXPECT_TRUE(error_of(component({section(0, text(std::string(41, 'x')))}), limits)
                  .starts_with("component_too_large: a name"));
}

/// One component with something of every section.
Bytes everything() {
  const auto module = core_module({
      section(2, vec({text("m") + text("t") + Bytes{0x01, 0x70, 0x01, 0x00, 0x0a}})),
      section(5, vec({{0x03, 0x02, 0x10}})),
      section(7, vec({text("run") + Bytes{0x00, 0x00}})),
      section(8, {0x00}),
  });
  const auto module_type = Bytes{0x50} + vec({Bytes{0x01, 0x4e} + vec({{0x60, 0, 0}, {0x5f, 1, 0x7f, 0}}),
                                              Bytes{0x03} + text("g") + Bytes{0x03, 0x7e, 0x01}});
  return component({
      section(1, module),
      section(2, vec({Bytes{0x00, 0x00} + vec({text("m") + Bytes{0x12, 0x00}}),
                      Bytes{0x01} + vec({text("t") + Bytes{0x01, 0x00}})})),
      section(3, vec({module_type, {0x00, 0x50, 0x00, 0x5e, 0x78, 0x01}})),
      section(4, component({section(7, vec({{0x7f}}))})),
      section(5, vec({Bytes{0x00, 0x00} + vec({text("a") + Bytes{0x05, 0x00}})})),
      section(6, vec({Bytes{0x01, 0x00, 0x00} + text("f"), {0x03, 0x02, 0x00, 0x00}})),
      section(7, vec({Bytes{0x72} + vec({text("a") + Bytes{0x79}}),
                      Bytes{0x41} + vec({Bytes{0x03} + name("r") + Bytes{0x03, 0x01}})})),
      section(8, vec({{0x00, 0x00, 0x00, 0x02, 0x03, 0x00, 0x04, 0x01, 0x00}, {0x0a, 0x7f, 0x00}})),
      section(9, Bytes{0x00} + vec({{0x00}}) + Bytes{0x00}),
      section(10, vec({Bytes{0x02} + text("i") + vec({Bytes{0x00} + text("a:b/c")}) + Bytes{0x05, 0x00}})),
      section(11, vec({name("e") + Bytes{0x01, 0x00, 0x01, 0x01, 0x00}})),
  });
}

TEST(Decoder, SurvivesTruncationAndChange) {
  auto whole = everything();
  EXPECT_EQ(error_of(whole), "decoded");
  // Cut between sections a binary is still well-formed; elsewhere it is not. Copies of the exact size let the
  // address sanitizer see any read behind the end.
  std::size_t decoded = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::byte> cut(whole.data().begin(),
                                     whole.data().begin() + static_cast<std::ptrdiff_t>(size));
    decoded += decode(cut).has_value() ? 1 : 0;
  }
  EXPECT_EQ(decoded, 11U) << "the preamble alone, and before each section but the first";
  for (auto& byte : whole.data())
    for (const int value : {0x00, 0x01, 0x3f, 0x40, 0x50, 0x7f, 0x80, 0xff}) {
      const auto before = std::exchange(byte, static_cast<std::byte>(value));
      (void)decode(whole.span());
      byte = before;
    }
}

}  // namespace
}  // namespace wisp::component
