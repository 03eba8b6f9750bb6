#pragma once

#include "component/link/linker.hpp"

#include <vector>

namespace wisp::wasi::bridge {

/// wasi:cli stdin, stdout and stderr of either version over the other (stream_source.hpp, stream_sink.hpp).
/// 0.3 over 0.2: each call has a handle of the provider's, which must be one of the host's streams. 0.2 over
/// 0.3: one stream each for a caller, whichever handle it uses.
[[nodiscard]] std::vector<component::Bridge> stdio();

}  // namespace wisp::wasi::bridge
