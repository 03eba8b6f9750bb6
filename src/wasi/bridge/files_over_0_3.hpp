#pragma once

#include "wasi/bridge/adapter.hpp"

#include <memory>

namespace wisp::wasi::bridge {

/// wasi:filesystem/types 0.2 over a provider's descriptors of 0.3, and the preopens that are such. Functions
/// of 0.2 pause their caller while they call; contents are read and written a bounded piece at a time.
[[nodiscard]] component::Bridge files_over_0_3();
[[nodiscard]] Result<std::unique_ptr<component::HostFunction>> folders_over_0_3(
    const component::ProviderRef& from, const std::string& interface);

}  // namespace wisp::wasi::bridge
