#pragma once

#include "component/link/host_abi.hpp"
#include "wasi/system/clock.hpp"

#include <cstdint>
#include <optional>

namespace wisp::wasi::p2 {

/// wasi:clocks/wall-clock.datetime
struct Datetime {
  std::uint64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
};
WISP_RECORD(Datetime, ("seconds", "nanoseconds"), value.seconds, value.nanoseconds)

/// Empty before 1970, which a datetime cannot say.
[[nodiscard]] std::optional<Datetime> to_datetime(const WallTime& time);
/// Empty beyond what the system can say.
[[nodiscard]] std::optional<WallTime> to_wall_time(const Datetime& time);

}  // namespace wisp::wasi::p2
