#include "net/timer_wheel.hpp"

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <bit>
#include <limits>

#include <time.h>

namespace wisp::net {
namespace {

constexpr std::size_t kSlots = 4096;  // one turn is about 16 s
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kTickMs = TimerWheel::kTick.count();

}  // namespace

struct TimerWheel::Core : std::enable_shared_from_this<TimerWheel::Core> {
  explicit Core(boost::asio::io_context& io) : sleep(io) {}

  void insert(Timer& timer, std::chrono::milliseconds delay) noexcept {
    const std::uint64_t wait = delay.count() < 0 ? 0 : static_cast<std::uint64_t>(delay.count());
    // The clock is some ticks coarse and the current tick is partly over: never early, so two ticks on top.
    timer.due_ = (now_ms() + wait) / kTickMs + 2;
    link(timer);
    if (timer.due_ < wake_at) sleep_until(timer.due_);
  }

  void link(Timer& timer) noexcept {
    const std::size_t index = timer.due_ % kSlots;
    Timer*& head = slots[index];
    timer.slot_ = &head;
    timer.previous_ = nullptr;
    timer.next_ = head;
    if (head != nullptr) head->previous_ = &timer;
    head = &timer;
    occupied[index / 64] |= std::uint64_t{1} << (index % 64);
  }

  static void unlink(Timer& timer) noexcept {
    if (timer.previous_ != nullptr) {
      timer.previous_->next_ = timer.next_;
    } else {
      *timer.slot_ = timer.next_;
    }
    if (timer.next_ != nullptr) timer.next_->previous_ = timer.previous_;
    timer.slot_ = nullptr;
    timer.previous_ = nullptr;
    timer.next_ = nullptr;
  }

  void sleep_until(std::uint64_t tick) noexcept {
    wake_at = tick;
    const std::uint64_t now = now_ms();
    const std::uint64_t at = tick * kTickMs;
    sleep.expires_after(std::chrono::milliseconds(at > now ? at - now : 0));
    sleep.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error || self->ended) return;
      self->turn();
    });
  }

  /// Expires what is due. A timer may arm, disarm or destroy any other while it expires.
  void turn() noexcept {
    const std::uint64_t now = now_ms() / kTickMs;
    const auto self = shared_from_this();
    wake_at = kNever;
    const std::uint64_t last = now - seen < kSlots ? now : seen + kSlots;
    for (std::uint64_t tick = seen; tick <= last; ++tick) {
      Timer*& head = slots[tick % kSlots];
      if (head == nullptr) continue;
      Timer* due = nullptr;  // moved to a list of its own first, so that what expires may arm again
      for (Timer* timer = head; timer != nullptr;) {
        Timer* next = timer->next_;
        if (timer->due_ <= now) {
          unlink(*timer);
          timer->slot_ = &due;
          timer->next_ = due;
          if (due != nullptr) due->previous_ = timer;
          due = timer;
        }
        timer = next;
      }
      while (due != nullptr) {
        Timer* timer = due;
        unlink(*timer);
        timer->expired_(timer->context_);
        if (ended) return;
      }
    }
    seen = now;
    if (const std::uint64_t next = next_occupied(now); next < wake_at) sleep_until(next);
  }

  /// The next tick after `now` whose slot holds a timer, due or not; kNever if all are empty.
  std::uint64_t next_occupied(std::uint64_t now) noexcept {
    for (std::uint64_t ahead = 1; ahead <= kSlots;) {
      const std::size_t index = (now + ahead) % kSlots;
      const std::uint64_t word = occupied[index / 64] >> (index % 64);
      if (word == 0) {
        ahead += 64 - index % 64;
        continue;
      }
      ahead += static_cast<std::uint64_t>(std::countr_zero(word));
      const std::size_t found = (now + ahead) % kSlots;
      if (slots[found] != nullptr) return now + ahead;
      occupied[found / 64] &= ~(std::uint64_t{1} << (found % 64));
    }
    return kNever;
  }

  std::array<Timer*, kSlots> slots{};
  std::array<std::uint64_t, kSlots / 64> occupied{};  // may say yes for a slot that has become empty
  std::uint64_t seen = now_ms() / kTickMs;
  std::uint64_t wake_at = kNever;
  boost::asio::steady_timer sleep;
  bool ended = false;
};

TimerWheel::TimerWheel(boost::asio::io_context& io) : core_(std::make_shared<Core>(io)) {}

TimerWheel::~TimerWheel() {
  core_->ended = true;
  core_->sleep.cancel();
}

std::uint64_t TimerWheel::now_ms() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

void Timer::arm(std::chrono::milliseconds delay) noexcept {
  disarm();
  wheel_->core_->insert(*this, delay);
}

void Timer::disarm() noexcept {
  if (slot_ != nullptr) TimerWheel::Core::unlink(*this);
}

}  // namespace wisp::net
