#pragma once

#include "component/link/linker.hpp"

#include <memory>
#include <vector>

namespace wisp::wasi::bridge {

/// wasi:filesystem/preopens of either version over the other: what a provider gives are the host's open
/// folders, with the face of the caller's version. `twins`: those faces.
[[nodiscard]] std::vector<component::Bridge> filesystem(const std::shared_ptr<const component::Twins>& twins);

}  // namespace wisp::wasi::bridge
