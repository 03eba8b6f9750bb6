#pragma once

#include "wasi/bridge/adapter.hpp"

#include <memory>

namespace wisp::wasi::bridge {

/// wasi:filesystem/types 0.3 over a provider's descriptors of 0.2, and the preopens that are such. Methods
/// and streams of 0.3 are calls of its sync functions one after the other (ProviderQueue): the caller's other
/// tasks go on meanwhile.
[[nodiscard]] component::Bridge files_over_0_2();
[[nodiscard]] Result<std::unique_ptr<component::HostFunction>> folders_over_0_2(
    const component::ProviderRef& from, const std::string& interface);

}  // namespace wisp::wasi::bridge
