#pragma once

#include "component/link/host_abi.hpp"
#include "wasi/system/clock.hpp"

namespace wisp::wasi {

/// wasi:clocks/system-clock.instant is the core's WallTime.
WISP_RECORD(WallTime, ("seconds", "nanoseconds"), value.seconds, value.nanoseconds)

}  // namespace wisp::wasi
