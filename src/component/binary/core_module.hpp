#pragma once

#include "component/binary/ast.hpp"
#include "component/binary/reader.hpp"

namespace wisp::component::decoding {

/// core:module: what ast::CoreModule keeps, without looking at code. `in` covers exactly the module.
[[nodiscard]] Result<ast::CoreModule> read_core_module(Reader in);

/// The version with which `tool` claims to have processed a core module (its producers section,
/// "processed-by"); empty without such a claim.
[[nodiscard]] std::string_view version_of_tool(std::span<const std::byte> module, std::string_view tool);

}  // namespace wisp::component::decoding
