#pragma once

#include "wasi/io/readiness.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>

namespace wisp::wasi {

/// Time since 1970-01-01 UTC; `nanoseconds` < 10^9 and count forward, also before 1970.
struct WallTime {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  friend bool operator==(const WallTime&, const WallTime&) = default;
};

[[nodiscard]] WallTime wall_now() noexcept;
[[nodiscard]] WallTime wall_resolution() noexcept;

/// The guest's monotonic clock, in nanoseconds since an origin of its own, so that it does not tell the
/// machine's uptime. A value type; instances that must agree share the origin.
class MonotonicClock {
 public:
  /// Starts at (almost) zero now.
  MonotonicClock() noexcept;

  [[nodiscard]] std::uint64_t now() const noexcept;
  [[nodiscard]] static std::uint64_t resolution() noexcept;

  /// Ready from `instant` on; one beyond what the clock can reach never is.
  [[nodiscard]] std::shared_ptr<Readiness> at(boost::asio::io_context& loop, std::uint64_t instant) const;

  /// Ready `duration` nanoseconds from now.
  [[nodiscard]] std::shared_ptr<Readiness> after(boost::asio::io_context& loop, std::uint64_t duration) const;

 private:
  std::int64_t origin_;  // of std::chrono::steady_clock, nanoseconds
};

}  // namespace wisp::wasi
