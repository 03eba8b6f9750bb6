#pragma once

#include "component/binary/ast.hpp"
#include "component/binary/reader.hpp"

namespace wisp::component::decoding {

/// canon (Binary.md, "Canonical Definitions").
[[nodiscard]] Result<ast::Canon> read_canon(Reader& in);

}  // namespace wisp::component::decoding
