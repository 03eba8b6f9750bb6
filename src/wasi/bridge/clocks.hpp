#pragma once

#include "component/link/linker.hpp"

#include <vector>

namespace wisp::wasi::bridge {

/// wasi:clocks: monotonic-clock of either version over the other; system-clock 0.3 over wall-clock 0.2, and
/// back. A pollable of 0.2 is a wait of 0.3 under way, and a wait is a pollable that somebody waits for.
/// Times before 1970, which 0.2 cannot say, are 1970; what 0.3 cannot say is a trap, as are nanoseconds that
/// make a second.
[[nodiscard]] std::vector<component::Bridge> clocks();

}  // namespace wisp::wasi::bridge
