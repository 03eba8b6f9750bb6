#pragma once

#include "component/link/linker.hpp"

#include <memory>
#include <vector>

namespace wisp::wasi::bridge {

/// wasi:filesystem of either version over the other. Where a provider gives folders of the host (it exports
/// preopens alone), they have the face of the caller's version: `twins`; else descriptors are its own, and
/// so is everything that is done with them.
[[nodiscard]] std::vector<component::Bridge> filesystem(const std::shared_ptr<const component::Twins>& twins);

/// Resources that its providers may define.
[[nodiscard]] std::vector<component::KnownResource> known_files();

}  // namespace wisp::wasi::bridge
