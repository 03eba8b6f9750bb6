#pragma once

#include "component/link/linker.hpp"

namespace wisp::wasi::bridge {

/// Imports of wasi:cli/run 0.3 met by 0.2, and of 0.2 met by 0.3. A command that ends itself (wasi:cli/exit)
/// completes the call: ok for status 0, else err, which has no room for the status.
[[nodiscard]] component::Bridge run_over_sync_run();
[[nodiscard]] component::Bridge run_over_async_run();

/// wasi:cli/environment of either version over the other: one name differs.
[[nodiscard]] component::Bridge environment_over_0_2();
[[nodiscard]] component::Bridge environment_over_0_3();

}  // namespace wisp::wasi::bridge
