#pragma once

#include "component/binary/ast.hpp"
#include "component/binary/reader.hpp"

namespace wisp::component::decoding {

/// type (Binary.md, "Type Definitions"). Nests to the session's depth.
[[nodiscard]] Result<ast::TypeDef> read_type(Reader& in);

}  // namespace wisp::component::decoding
