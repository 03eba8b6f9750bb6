#include "component/types/wit_printer.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

/// Builds descriptions the way a component type is declared.
class WitPrinter : public testing::Test {
 protected:
  using Exports = std::vector<std::pair<std::string, ExternDesc>>;

  const Type* p(Kind kind) { return arena.primitive(kind); }
  const Type* own(ResourceId id) { return arena.intern(Type{.kind = Kind::own, .resource = id}); }
  const Type* borrow(ResourceId id) { return arena.intern(Type{.kind = Kind::borrow, .resource = id}); }
  const Type* list(const Type* of) { return arena.intern(Type{.kind = Kind::list, .element = of}); }
  const Type* option(const Type* of) { return arena.intern(Type{.kind = Kind::option, .element = of}); }
  const Type* result(const Type* ok, const Type* error) {
    return arena.intern(Type{.kind = Kind::result, .element = ok, .second = error});
  }
  const Type* members(Kind kind, std::vector<Member> all) {
    return arena.intern(Type{.kind = kind, .members = std::move(all)});
  }
  ExternDesc func(std::vector<Param> params, const Type* result = nullptr, bool async = false) {
    return {.item = arena.intern(FuncType{.async = async, .params = std::move(params), .result = result})};
  }
  static ExternDesc type(const Type* type) { return {.item = ValueTypeDesc{type}}; }
  static ExternDesc resource(ResourceId id) { return {.item = ResourceDesc{id}}; }
  static ExternDesc instance(Exports exports) {
    return {.item = std::make_shared<const InstanceDesc>(InstanceDesc{std::move(exports)})};
  }

  TypeArena arena;
};

TEST_F(WitPrinter, PrintsInterfacesWithTheirTypes) {
  const auto error = arena.new_resource(), stream = arena.new_resource();
  const auto* stream_error =
      members(Kind::variant, {{"last-operation-failed", own(error)}, {"closed", nullptr}});
  const auto* fields = members(Kind::record, {{"stream", p(Kind::u64)}, {"name", option(p(Kind::string))}});
  const Externs imports{
      {"wasi:io/error@0.2.6", instance({{"error", resource(error)}})},
      {"wasi:io/streams@0.2.6",
       instance({
           {"error", resource(error)},
           {"stream-error", type(stream_error)},
           {"input-stream", resource(stream)},
           {"[method]input-stream.read",
            func({{"self", borrow(stream)}, {"len", p(Kind::u64)}}, result(list(p(Kind::u8)), stream_error))},
           {"[static]input-stream.join", func({{"list", list(own(stream))}}, own(stream))},
           {"[constructor]input-stream", func({{"from", p(Kind::string)}}, own(stream))},
           {"buffer", type(list(p(Kind::u8)))},
           {"fields", type(fields)},
           {"level", type(members(Kind::enum_, {{"low", nullptr}, {"high", nullptr}}))},
           {"rights", type(members(Kind::flags, {{"read", nullptr}, {"write", nullptr}}))},
           {"describe", func({{"fields", fields}}, p(Kind::string))},
           {"wait", func({}, nullptr, true)},
       })},
      {"log", func({{"text", p(Kind::string)}})},
  };
  const Externs exports{{"my:app/run", instance({{"error", resource(error)},
                                                 {"fields", type(fields)},
                                                 {"rank", resource(stream)},
                                                 {"run", func({}, result(nullptr, own(error)))}})}};
  EXPECT_EQ(print_wit(imports, exports), R"(package root:component;

world root {
  import wasi:io/error@0.2.6;
  import wasi:io/streams@0.2.6;
  import log: func(text: string);

  export my:app/run;
}

package wasi:io@0.2.6 {
  interface error {
    resource error;
  }

  interface streams {
    use error.{error};

    variant stream-error {
      last-operation-failed(error),
      closed,
    }

    resource input-stream {
      read: func(len: u64) -> result<list<u8>, stream-error>;
      join: static func(%list: list<input-stream>) -> input-stream;
      constructor(%from: string);
    }

    type buffer = list<u8>;

    record fields {
      %stream: u64,
      name: option<string>,
    }

    enum level {
      low,
      high,
    }

    flags rights {
      read,
      write,
    }

    describe: func(fields: fields) -> string;

    wait: async func();
  }
}

package my:app {
  interface run {
    use wasi:io/error@0.2.6.{error};
    use wasi:io/streams@0.2.6.{fields, input-stream as rank};

    run: func() -> result<_, error>;
  }
}
)");
}

TEST_F(WitPrinter, PrintsTheWorldItself) {
  const auto outer = arena.new_resource(), mine = arena.new_resource();
  const auto* point = members(Kind::record, {{"x", p(Kind::f32)}});
  auto named = instance({{"get", func({{"key", p(Kind::string)}}, option(list(p(Kind::u8))))}});
  named.implements = "wasi:keyvalue/store";
  named.external_id = "db \"prod\"";
  auto second = named;
  second.external_id = "";
  const Externs imports{
      {"r", resource(outer)},
      {"[method]r.use", func({{"self", borrow(outer)}})},
      {"point", type(point)},
      {"users", named},
      {"catalog", second},
      {"plugin", instance({{"p", type(point)},
                           {"s", type(point)},
                           {"f", func({{"a", point}})},
                           {"g", func({{"r", borrow(outer)}})}})},
      {"m", {.item = ModuleDesc{}}},
      {"c", {.item = ComponentDesc{}}},
  };
  const Externs exports{
      {"mine", resource(mine)},
      {"[constructor]mine", func({}, result(own(mine), p(Kind::string)))},
      {"[method]mine.name", func({{"self", borrow(mine)}}, p(Kind::string))},
      {"move", func({{"by", point}},
                    members(Kind::tuple, {{"", point}, {"", members(Kind::enum_, {{"a", nullptr}})}}))},
      {"import", func({{"s", arena.intern(Type{.kind = Kind::stream, .element = p(Kind::u8)})},
                       {"f", arena.intern(Type{.kind = Kind::future})},
                       {"e", result(nullptr, nullptr)}})},
      {"nothing", instance({})},
  };
  EXPECT_EQ(print_wit(imports, exports), R"(package root:component;

world root {
  resource r {
    %use: func();
  }
  record point {
    x: f32,
  }
  @external-id("db \"prod\"")
  import users: wasi:keyvalue/store;
  import catalog: wasi:keyvalue/store;
  import plugin: interface {
    record p {
      x: f32,
    }

    type s = p;

    f: func(a: p);

    g: func(r: borrow<root.r>);
  }
  import m: core module;
  import c: component;

  export resource mine {
    constructor() -> result<mine, string>;
    name: func() -> string;
  }
  export move: func(by: point) -> tuple<point, enum { a }>;
  export %import: func(s: stream<u8>, f: future, e: result);
  export nothing: interface {
  }
}

package wasi:keyvalue {
  interface store {
    get: func(key: string) -> option<list<u8>>;
  }
}
)");
}

TEST_F(WitPrinter, MergesWhatIsImportedAndExported) {
  const auto theirs = arena.new_resource(), ours = arena.new_resource();
  const Externs imports{{"a:b/c@1.0.0", instance({{"r", resource(theirs)}, {"get", func({}, own(theirs))}})}};
  const Externs exports{
      {"a:b/c@1.0.0",
       instance({{"r", resource(ours)}, {"get", func({}, own(ours))}, {"put", func({{"r", own(ours)}})}})}};
  EXPECT_EQ(print_wit(imports, exports), R"(package root:component;

world root {
  import a:b/c@1.0.0;

  export a:b/c@1.0.0;
}

package a:b@1.0.0 {
  interface c {
    resource r;

    get: func() -> r;

    put: func(r: r);
  }
}
)");
}

TEST_F(WitPrinter, EndsWhateverTypesSpellOutTo) {
  const auto* type = p(Kind::u8);
  for (int level = 0; level < 45; ++level) type = list(members(Kind::tuple, {{"", type}, {"", type}}));
  ASSERT_NE(type, nullptr);
  Externs imports;
  for (int index = 0; index < 10; ++index)
    imports.emplace_back("f" + std::to_string(index), func({{"a", type}}));
  const auto text = print_wit(imports, {});
  EXPECT_LT(text.size(), 20U << 20);
  EXPECT_NE(text.find("…"), std::string::npos);
}

}  // namespace
}  // namespace wisp::component
