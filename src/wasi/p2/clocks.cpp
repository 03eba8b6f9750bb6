#include "wasi/p2/clocks.hpp"

#include "wasi/context.hpp"
#include "wasi/p2/faces.hpp"
#include "wasi/p2/resources.hpp"

#include <ctime>
#include <limits>

namespace wisp::wasi::p2 {

using component::Caller;

std::optional<Datetime> to_datetime(const WallTime& time) {
  if (time.seconds < 0) return std::nullopt;
  return Datetime{static_cast<std::uint64_t>(time.seconds), time.nanoseconds};
}

std::optional<WallTime> to_wall_time(const Datetime& time) {
  if (time.seconds > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  return WallTime{static_cast<std::int64_t>(time.seconds), time.nanoseconds};
}

namespace {

struct TimezoneDisplay {
  std::int32_t utc_offset = 0;
  std::string name = "UTC";
  bool daylight_saving = false;
};
WISP_RECORD(TimezoneDisplay, ("utc-offset", "name", "in-daylight-saving-time"), value.utc_offset, value.name,
            value.daylight_saving)

TimezoneDisplay display(Caller&, Datetime when) {
  const auto time = to_wall_time(when);
  std::tm local{};
  const std::time_t seconds = time ? time->seconds : 0;
  if (!time || ::localtime_r(&seconds, &local) == nullptr) return {};
  return {static_cast<std::int32_t>(local.tm_gmtoff), local.tm_zone, local.tm_isdst > 0};
}

const MonotonicClock& clock(Caller& caller) { return caller.context<Context>().setup().clock; }

}  // namespace

void add_clocks(component::HostLinker& linker, const Options& options) {
  linker.interface("wasi:clocks/monotonic-clock@0.2.12")
      .resource<Pollable>("pollable")
      .function("now", [](Caller& caller) { return clock(caller).now(); })
      .function("resolution", [](Caller&) { return MonotonicClock::resolution(); })
      .function("subscribe-instant",
                [](Caller& caller, std::uint64_t when) {
                  return std::make_unique<Pollable>(clock(caller).at(caller.loop(), when));
                })
      .function("subscribe-duration", [](Caller& caller, std::uint64_t duration) {
        return std::make_unique<Pollable>(clock(caller).after(caller.loop(), duration));
      });
  linker.interface("wasi:clocks/wall-clock@0.2.12")
      .function("now", [](Caller&) { return to_datetime(wall_now()).value_or(Datetime{}); })
      .function("resolution", [](Caller&) { return to_datetime(wall_resolution()).value_or(Datetime{}); });
  auto& timezone = linker.interface("wasi:clocks/timezone@0.2.12");
  if (options.timezone) {
    timezone.function("display", display).function("utc-offset", [](Caller& caller, Datetime when) {
      return display(caller, when).utc_offset;
    });
  } else {
    for (const char* name : {"display", "utc-offset"}) timezone.gated(name, "--wasi clocks-timezone");
  }
}

}  // namespace wisp::wasi::p2
