#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace wisp::net {

class TimerWheel;

/// One coarse timer, a member of what it guards. Arming again moves it; destroying disarms. On the wheel's
/// thread; not longer than the wheel.
class Timer {
 public:
  /// `expired(context)` is called from the loop; it may destroy this timer.
  using Expired = void (*)(void* context);

  Timer(TimerWheel& wheel, Expired expired, void* context) noexcept
      : wheel_(&wheel), expired_(expired), context_(context) {}
  ~Timer() { disarm(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Expires once, at `delay` from now or up to TimerWheel::kTick later.
  void arm(std::chrono::milliseconds delay) noexcept;
  void disarm() noexcept;
  [[nodiscard]] bool armed() const noexcept { return slot_ != nullptr; }

 private:
  friend class TimerWheel;
  TimerWheel* wheel_;
  Expired expired_;
  void* context_;
  Timer** slot_ = nullptr;  // head of the list it is in
  Timer* previous_ = nullptr;
  Timer* next_ = nullptr;
  std::uint64_t due_ = 0;  // tick
};

/// A hashed wheel: timers cost a list link to arm and disarm, whatever their number, which is what a server
/// does with every request. Timers further away than one turn are looked at once a turn. The loop sleeps
/// while no timer is due.
///
/// Owned by a server or client of one shard.
class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{4};

  explicit TimerWheel(boost::asio::io_context& io);
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  /// Now, in milliseconds of a monotonic clock of some milliseconds' resolution. Cheap.
  [[nodiscard]] static std::uint64_t now_ms() noexcept;

 private:
  friend class Timer;
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace wisp::net
