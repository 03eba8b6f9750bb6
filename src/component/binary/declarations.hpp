#pragma once

#include "component/binary/ast.hpp"
#include "component/binary/reader.hpp"

namespace wisp::component::decoding {

/// nameattributes.
[[nodiscard]] Result<ast::Name> read_name(Reader& in);

/// sort and sortidx, component level.
[[nodiscard]] Result<ast::Sort> read_sort(Reader& in);
[[nodiscard]] Result<ast::SortIndex> read_sort_index(Reader& in);

/// valtype: a primitive or a type index.
[[nodiscard]] Result<ast::ValType> read_val_type(Reader& in);
/// The primitive of a type opcode, if it is one.
[[nodiscard]] std::optional<ast::Primitive> primitive_of(std::uint8_t opcode);
/// resultlist.
[[nodiscard]] Result<std::optional<ast::ValType>> read_result_list(Reader& in);

/// externtype.
[[nodiscard]] Result<ast::ExternType> read_extern_type(Reader& in);

/// alias.
[[nodiscard]] Result<ast::Alias> read_alias(Reader& in);

}  // namespace wisp::component::decoding
