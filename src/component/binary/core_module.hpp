#pragma once

#include "component/binary/ast.hpp"
#include "component/binary/reader.hpp"

namespace wisp::component::decoding {

/// core:module: what ast::CoreModule keeps, without looking at code. `in` covers exactly the module.
[[nodiscard]] Result<ast::CoreModule> read_core_module(Reader in);

}  // namespace wisp::component::decoding
