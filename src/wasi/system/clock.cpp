#include "wasi/system/clock.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <ctime>
#include <limits>

namespace wisp::wasi {

namespace {

using Steady = std::chrono::steady_clock;

std::int64_t steady_nanoseconds() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Steady::now().time_since_epoch()).count();
}

// The timer is armed when somebody first finds it not ready, and stays armed; its handler only holds the
// signal.
class Timer final : public Readiness {
 public:
  Timer(boost::asio::io_context& loop, std::int64_t deadline) : deadline_(deadline), timer_(loop) {}

  bool ready() override {
    if (steady_nanoseconds() >= deadline_) return true;
    if (!armed_) arm();
    return false;
  }
  Signal& changed() noexcept override { return *changed_; }
  bool passes_time() const noexcept override { return true; }

 private:
  void arm() {
    armed_ = true;
    timer_.expires_at(Steady::time_point(std::chrono::nanoseconds(deadline_)));
    timer_.async_wait([changed = changed_](const boost::system::error_code& error) {
      if (error != boost::asio::error::operation_aborted) changed->fire();
    });
  }

  std::int64_t deadline_;
  bool armed_ = false;
  std::shared_ptr<Signal> changed_ = std::make_shared<Signal>();
  boost::asio::steady_timer timer_;
};

WallTime from_timespec(const timespec& time) noexcept {
  return WallTime{time.tv_sec, static_cast<std::uint32_t>(time.tv_nsec)};
}

}  // namespace

WallTime wall_now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return from_timespec(now);
}

WallTime wall_resolution() noexcept {
  timespec resolution{};
  ::clock_getres(CLOCK_REALTIME, &resolution);
  return from_timespec(resolution);
}

MonotonicClock::MonotonicClock() noexcept : origin_(steady_nanoseconds()) {}

std::uint64_t MonotonicClock::now() const noexcept {
  return static_cast<std::uint64_t>(steady_nanoseconds() - origin_);
}

std::uint64_t MonotonicClock::resolution() noexcept {
  timespec resolution{};
  ::clock_getres(CLOCK_MONOTONIC, &resolution);
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(resolution.tv_sec) * 1'000'000'000 +
                                        static_cast<std::uint64_t>(resolution.tv_nsec));
}

std::shared_ptr<Readiness> MonotonicClock::at(boost::asio::io_context& loop, std::uint64_t instant) const {
  // A hundred years ahead is never; beyond that the timer's own arithmetic could overflow.
  constexpr std::uint64_t never = std::uint64_t{100} * 366 * 86400 * 1'000'000'000;
  const auto offset = static_cast<std::int64_t>(std::min(instant, never));
  return std::make_shared<Timer>(loop, origin_ + offset);
}

std::shared_ptr<Readiness> MonotonicClock::after(boost::asio::io_context& loop,
                                                 std::uint64_t duration) const {
  const std::uint64_t start = now();
  const bool overflow = duration > std::numeric_limits<std::uint64_t>::max() - start;
  return at(loop, overflow ? std::numeric_limits<std::uint64_t>::max() : start + duration);
}

}  // namespace wisp::wasi
