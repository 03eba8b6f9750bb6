#include "component/binary/declarations.hpp"

#include "component/binary/core_types.hpp"

namespace wisp::component::decoding {
namespace {

Result<> read_attribute(Reader& in, ast::Name& name) {
  const auto kind = TRY(in.byte());
  const auto set = [&](std::optional<std::string_view>& attribute) -> Result<> {
    if (attribute) return in.malformed("duplicate name attribute {:#04x}", kind);
    attribute = TRY(in.name());
    return {};
  };
  switch (kind) {
    case 0x00:
      return set(name.implements);
    case 0x01:
      return set(name.version_suffix);
    case 0x02:
      return set(name.external_id);
    default:
      return in.malformed("invalid leading byte {:#04x} for a name attribute", kind);
  }
}

Result<ast::ExternType> read_value_bound(Reader& in) {
  ast::ExternType type{.kind = ast::ExternType::Kind::value};
  if (TRY(in.flag("value bound"))) {
    type.value = TRY(read_val_type(in));
  } else {
    type.index = TRY(in.u32());
  }
  return type;
}

Result<ast::ExternType> read_type_bound(Reader& in) {
  if (TRY(in.flag("type bound"))) return ast::ExternType{.kind = ast::ExternType::Kind::type_resource};
  return ast::ExternType { .kind = ast::ExternType::Kind::type_eq, .index = TRY(in.u32()) };
}

}  // namespace

Result<ast::Name> read_name(Reader& in) {
  const auto form = TRY(in.byte());
  if (form > 0x02) return in.malformed("invalid leading byte {:#04x} for a name", form);
  ast::Name name { .text = TRY(in.name()) };
  if (form == 0x02) {
    const auto attributes = TRY(in.count());
    for (std::uint32_t index = 0; index < attributes; ++index) TRY(read_attribute(in, name));
  }
  return name;
}

Result<ast::Sort> read_sort(Reader& in) {
  const auto byte = TRY(in.byte());
  if (byte == 0x00) return read_core_sort(in, CoreSorts::all);
  if (byte <= 0x05) return static_cast<ast::Sort>(byte - 1 + static_cast<std::uint8_t>(ast::Sort::func));
  return in.malformed("invalid leading byte {:#04x} for a sort", byte);
}

Result<ast::SortIndex> read_sort_index(Reader& in) {
  const auto sort = TRY(read_sort(in));
  return ast::SortIndex { sort, TRY(in.u32()) };
}

std::optional<ast::Primitive> primitive_of(std::uint8_t opcode) {
  constexpr std::uint8_t kFirst = 0x7f, kLast = 0x73, kErrorContext = 0x64;
  if (opcode == kErrorContext) return ast::Primitive::error_context;
  if (opcode < kLast || opcode > kFirst) return {};
  return static_cast<ast::Primitive>(kFirst - opcode);  // bool 0x7f down to string 0x73
}

Result<ast::ValType> read_val_type(Reader& in) {
  const auto first = TRY(in.peek());
  if (const auto primitive = primitive_of(first)) {
    (void)TRY(in.byte());
    return *primitive;
  }
  const auto index = TRY(in.s33());
  if (index < 0) return in.malformed("unknown value type {:#04x}", first);
  return static_cast<ast::Index>(index);
}

Result<std::optional<ast::ValType>> read_result_list(Reader& in) {
  if (!TRY(in.flag("function results"))) return std::optional<ast::ValType>(TRY(read_val_type(in)));
  if (TRY(in.byte()) != 0) return in.malformed("a function has one result or none");
  return std::optional<ast::ValType>();
}

Result<ast::ExternType> read_extern_type(Reader& in) {
  using Kind = ast::ExternType::Kind;
  const auto kind = TRY(in.byte());
  switch (kind) {
    case 0x00:
      if (TRY(in.byte()) != 0x11) return in.malformed("the only core imports and exports are modules");
      return ast::ExternType { .kind = Kind::core_module, .index = TRY(in.u32()) };
    case 0x01:
      return ast::ExternType { .kind = Kind::func, .index = TRY(in.u32()) };
    case 0x02:
      return read_value_bound(in);
    case 0x03:
      return read_type_bound(in);
    case 0x04:
      return ast::ExternType { .kind = Kind::component, .index = TRY(in.u32()) };
    case 0x05:
      return ast::ExternType { .kind = Kind::instance, .index = TRY(in.u32()) };
    default:
      return in.malformed("invalid leading byte {:#04x} for an extern type", kind);
  }
}

Result<ast::Alias> read_alias(Reader& in) {
  const auto sort = TRY(read_sort(in));
  const auto target = TRY(in.byte());
  if (target > 0x02) return in.malformed("invalid leading byte {:#04x} for an alias target", target);
  const auto first = TRY(in.u32());
  if (target == 0x02) return ast::AliasOuter {
      sort, first, TRY(in.u32())
    };
  const auto name = TRY(in.name());
  if (target == 0x00) return ast::AliasExport{sort, first, name};
  return ast::AliasCoreExport{sort, first, name};
}

}  // namespace wisp::component::decoding
