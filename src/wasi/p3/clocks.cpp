#include "wasi/p3/clocks.hpp"

#include "wasi/context.hpp"
#include "wasi/p3/faces.hpp"
#include "wasi/p3/wait.hpp"

#include <ctime>
#include <limits>
#include <optional>
#include <string>

namespace wisp::wasi::p3 {

using component::Caller;
using component::Eventually;

namespace {

const MonotonicClock& clock(Caller& caller) { return caller.context<Context>().setup().clock; }

class Passing final : public component::Coming<void> {
 public:
  explicit Passing(std::shared_ptr<Readiness> timer) : timer_(std::move(timer)) {}
  std::optional<Result<>> take() override {
    if (!timer_->ready()) return std::nullopt;
    return Result<>{};
  }
  Signal& changed() noexcept override { return timer_->changed(); }

 private:
  std::shared_ptr<Readiness> timer_;
};

Eventually<void> wait(std::shared_ptr<Readiness> timer) {
  if (timer->ready()) return Result<>{};
  return std::make_unique<Passing>(std::move(timer));
}

std::uint64_t system_resolution(Caller&) {
  const auto resolution = wall_resolution();
  return static_cast<std::uint64_t>(resolution.seconds) * 1'000'000'000 + resolution.nanoseconds;
}

std::optional<std::tm> local_time(std::int64_t seconds) {
  std::tm local{};
  const std::time_t time = seconds;
  if (::localtime_r(&time, &local) == nullptr) return std::nullopt;
  return local;
}

std::optional<std::int64_t> utc_offset(Caller&, WallTime when) {
  const auto local = local_time(when.seconds);
  if (!local) return std::nullopt;
  return std::int64_t{local->tm_gmtoff} * 1'000'000'000;
}

/// The IANA name, where the machine tells it. Only names: what a path says is not the guest's business.
std::optional<std::string> iana_id(Caller&) {
  const char* const name = std::getenv("TZ");  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
  if (name == nullptr) return std::nullopt;
  std::string id(name);
  if (id.empty()) return "UTC";
  if (id.starts_with(':')) id.erase(0, 1);
  const bool plain = id == "UTC" || (id.find('/') != std::string::npos && id.front() != '/' &&
                                     id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                                                          "XYZ0123456789/_+-") == std::string::npos);
  if (!plain) return std::nullopt;
  return id;
}

std::string timezone_text(Caller& caller) {
  const auto local = local_time(wall_now().seconds);
  const auto id = iana_id(caller);
  return id ? *id : local ? std::string(local->tm_zone) : "UTC";
}

}  // namespace

void add_clocks(component::HostLinker& linker, const Options& options) {
  linker.interface("wasi:clocks/types@0.3.2");
  linker.interface("wasi:clocks/monotonic-clock@0.3.2")
      .function("now", [](Caller& caller) { return clock(caller).now(); })
      .function("get-resolution", [](Caller&) { return MonotonicClock::resolution(); })
      .async_function(
          "wait-until",
          [](Caller& caller, std::uint64_t when) { return wait(clock(caller).at(caller.loop(), when)); })
      .async_function("wait-for", [](Caller& caller, std::uint64_t duration) {
        return wait(clock(caller).after(caller.loop(), duration));
      });
  linker.interface("wasi:clocks/system-clock@0.3.2")
      .function("now", [](Caller&) { return wall_now(); })
      .function("get-resolution", system_resolution);
  auto& timezone = linker.interface("wasi:clocks/timezone@0.3.2");
  if (options.timezone) {
    timezone.function("iana-id", iana_id)
        .function("utc-offset", utc_offset)
        .function("to-debug-string", timezone_text);
  } else {
    for (const char* name : {"iana-id", "utc-offset", "to-debug-string"})
      timezone.gated(name, "--wasi clocks-timezone");
  }
}

}  // namespace wisp::wasi::p3
