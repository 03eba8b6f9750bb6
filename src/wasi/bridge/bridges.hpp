#pragma once

#include "component/link/linker.hpp"

namespace wisp::wasi::bridge {

/// Everything of WASI that one version can do for the other. Made for each set of components that is linked;
/// it may end when they are.
[[nodiscard]] component::Bridges bridges();

}  // namespace wisp::wasi::bridge
