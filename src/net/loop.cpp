#include "net/loop.hpp"

#include <sched.h>

#include <chrono>

namespace wisp::net {

namespace {

// Longer than peers take that answer and ask again, shorter than a time slice of the kernel's fair scheduler
// (about 3 ms).
constexpr std::chrono::microseconds kLong{2500};
// How long it sleeps at once after that, in times of what it waited: 3 % of the time is lost at most.
constexpr int kRest = 32;

}  // namespace

void run_serving(boost::asio::io_context& loop, FunctionRef<void()> before_sleep) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point may_yield{};
  while (!loop.stopped()) {
    loop.poll();
    if (loop.stopped()) return;
    if (const auto begin = Clock::now(); begin >= may_yield) {
      ::sched_yield();
      if (const auto taken = Clock::now() - begin; taken > kLong) may_yield = begin + taken * kRest;
      if (loop.poll() != 0) continue;
    }
    before_sleep();
    loop.run_one();
  }
}

}  // namespace wisp::net
