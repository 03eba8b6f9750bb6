#include "component/binary/type_defs.hpp"

#include "component/binary/core_types.hpp"
#include "component/binary/declarations.hpp"

namespace wisp::component::decoding {
namespace {

using ast::TypeDef;

Result<std::string_view> read_label(Reader& in) { return in.name(); }

Result<ast::Labelled> read_labelled(Reader& in) {
  const auto label = TRY(read_label(in));
  return ast::Labelled { label, TRY(read_val_type(in)) };
}

Result<std::optional<ast::ValType>> read_optional_val_type(Reader& in) {
  return read_optional<ast::ValType>(in, read_val_type);
}

Result<ast::Labelled> read_case(Reader& in) {
  const auto label = TRY(read_label(in));
  const auto type = TRY(read_optional_val_type(in));
  if (TRY(in.byte()) != 0) return in.malformed("zero byte required after a case");
  return ast::Labelled{label, type};
}

enum class DeclOf : std::uint8_t { component, instance };

Result<ast::Decl> read_decl(Reader& in, DeclOf of) {
  const auto kind = TRY(in.byte());
  switch (kind) {
    case 0x00:
      return TRY(read_core_type(in));
    case 0x01:
      return std::make_unique<TypeDef>(TRY(read_type(in)));
    case 0x02:
      return TRY(read_alias(in));
    case 0x03: {
      if (of == DeclOf::instance) return in.malformed("an instance type has no imports");
      const auto name = TRY(read_name(in));
      return ast::ImportDecl { name, TRY(read_extern_type(in)) };
    }
    case 0x04: {
      const auto name = TRY(read_name(in));
      return ast::ExportDecl { name, TRY(read_extern_type(in)) };
    }
    default:
      return in.malformed("invalid leading byte {:#04x} for a type declaration", kind);
  }
}

Result<std::vector<ast::Decl>> read_decls(Reader& in, DeclOf of) {
  const Nesting nesting(in.session());
  TRY(nesting.check(in));
  const auto count = TRY(Reader(in).count());
  TRY(in.add_definitions(count));
  return read_vec<ast::Decl>(in, [of](Reader& from) { return read_decl(from, of); });
}

enum class Color : std::uint8_t { sync, async };

Result<TypeDef> read_func(Reader& in, Color color) {
  ast::Func func{.async = color == Color::async};
  func.params = TRY(read_vec<ast::Labelled>(in, read_labelled));
  func.result = TRY(read_result_list(in));
  return TypeDef{std::move(func)};
}

Result<TypeDef> read_resource(Reader& in) {
  ast::Resource resource { .rep64 = TRY(read_is_i64(in)) };
  resource.dtor = TRY(read_optional<ast::Index>(in, [](Reader& from) { return from.u32(); }));
  return TypeDef{resource};
}

Result<TypeDef> read_fixed_list(Reader& in) {
  const auto element = TRY(read_val_type(in));
  return TypeDef{ast::List{element, TRY(in.u32())}};
}

Result<TypeDef> read_result(Reader& in) {
  const auto ok = TRY(read_optional_val_type(in));
  return TypeDef{ast::ResultType{ok, TRY(read_optional_val_type(in))}};
}

Result<TypeDef> read_map(Reader& in) {
  const auto key = TRY(read_val_type(in));
  return TypeDef{ast::Map{key, TRY(read_val_type(in))}};
}

}  // namespace

Result<TypeDef> read_type(Reader& in) {
  const auto opcode = TRY(in.byte());
  switch (opcode) {
    case 0x72:
      return TypeDef{ast::Record{TRY(read_vec<ast::Labelled>(in, read_labelled))}};
    case 0x71:
      return TypeDef{ast::Variant{TRY(read_vec<ast::Labelled>(in, read_case))}};
    case 0x70:
      return TypeDef{ast::List{TRY(read_val_type(in)), {}}};
    case 0x6f:
      return TypeDef{ast::Tuple{TRY(read_vec<ast::ValType>(in, read_val_type))}};
    case 0x6e:
      return TypeDef{ast::Flags{TRY(read_vec<std::string_view>(in, read_label))}};
    case 0x6d:
      return TypeDef{ast::Enum{TRY(read_vec<std::string_view>(in, read_label))}};
    case 0x6b:
      return TypeDef{ast::Option{TRY(read_val_type(in))}};
    case 0x6a:
      return read_result(in);
    case 0x69:
      return TypeDef{ast::Own{TRY(in.u32())}};
    case 0x68:
      return TypeDef{ast::Borrow{TRY(in.u32())}};
    case 0x67:
      return read_fixed_list(in);
    case 0x66:
      return TypeDef{ast::Stream{TRY(read_optional_val_type(in))}};
    case 0x65:
      return TypeDef{ast::Future{TRY(read_optional_val_type(in))}};
    case 0x63:
      return read_map(in);
    case 0x40:
      return read_func(in, Color::sync);
    case 0x43:
      return read_func(in, Color::async);
    case 0x41:
      return TypeDef{ast::ComponentType{TRY(read_decls(in, DeclOf::component))}};
    case 0x42:
      return TypeDef{ast::InstanceType{TRY(read_decls(in, DeclOf::instance))}};
    case 0x3f:
      return read_resource(in);
    default:
      if (const auto primitive = primitive_of(opcode)) return TypeDef{*primitive};
      return in.malformed("invalid leading byte {:#04x} for a type", opcode);
  }
}

}  // namespace wisp::component::decoding
