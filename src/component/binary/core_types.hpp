#pragma once

#include "component/binary/ast.hpp"
#include "component/binary/reader.hpp"

namespace wisp::component::decoding {

/// core:type as a component or a declarator has it (Binary.md, "Type Definitions").
[[nodiscard]] Result<ast::CoreType> read_core_type(Reader& in);

/// core:valtype.
[[nodiscard]] Result<ast::CoreValType> read_core_val_type(Reader& in);

/// i32 or i64, where nothing else may stand; yields whether it is i64.
[[nodiscard]] Result<bool> read_is_i64(Reader& in);

/// core:import with its type, which is skipped.
[[nodiscard]] Result<ast::CoreImport> read_core_import(Reader& in);

/// core:memtype.
[[nodiscard]] Result<ast::CoreMemory> read_core_memory(Reader& in);

/// core:sort, of the first five only where an item of a module is meant.
enum class CoreSorts : std::uint8_t { module_items, all };
[[nodiscard]] Result<ast::Sort> read_core_sort(Reader& in, CoreSorts which);

}  // namespace wisp::component::decoding
