#include "wasi/system/clock.hpp"

#include "wasi/system/quota.hpp"
#include "wasi/system/random.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace wisp::wasi {
namespace {

TEST(Clock, TimersInThePastAreReadyAtOnce) {
  boost::asio::io_context loop(1);
  const MonotonicClock clock;
  std::vector<std::shared_ptr<Readiness>> timers = {clock.at(loop, 0), clock.after(loop, 0),
                                                    clock.at(loop, 1)};
  while (clock.now() < 2) {
  }
  for (const auto& timer : timers) {
    EXPECT_TRUE(timer->ready());
    EXPECT_TRUE(timer->passes_time());
  }
}

TEST(Clock, TimersFireTheirSignal) {
  struct Count final : Waiter {
    void wake() noexcept override { ++woken; }
    int woken = 0;
  } count;
  boost::asio::io_context loop(1);
  const MonotonicClock clock;
  const auto timer = clock.after(loop, 2'000'000);
  ASSERT_FALSE(timer->ready());
  SignalLink link;
  link.link(timer->changed(), count);
  loop.run();
  EXPECT_EQ(count.woken, 1);
  EXPECT_TRUE(timer->ready());
  EXPECT_TRUE(timer->ready()) << "looking consumes nothing";
}

TEST(Clock, OverflowWaitsForever) {
  boost::asio::io_context loop(1);
  const MonotonicClock clock;
  EXPECT_FALSE(clock.after(loop, std::numeric_limits<std::uint64_t>::max())->ready());
  EXPECT_FALSE(clock.at(loop, std::numeric_limits<std::uint64_t>::max())->ready());
  EXPECT_GT(MonotonicClock::resolution(), 0u);
  EXPECT_LT(wall_now().nanoseconds, 1'000'000'000u);
}

TEST(Clock, ADroppedTimerLeavesNothingBehind) {
  boost::asio::io_context loop(1);
  {
    const auto timer = MonotonicClock().after(loop, 3'600'000'000'000);
    EXPECT_FALSE(timer->ready());
  }
  loop.run();
}

TEST(Random, DiffersAndFillsEverything) {
  EXPECT_NE(random_u64(), random_u64());
  std::vector<std::byte> bytes(1 << 20);
  fill_random(bytes);
  EXPECT_GT(std::ranges::count_if(bytes, [](std::byte b) { return b != std::byte{0}; }), 1 << 19);
}

TEST(Quota, GivesBack) {
  Quota quota(2);
  auto first = quota.take();
  auto second = quota.take();
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(quota.take());
  second.reset();
  EXPECT_TRUE(quota.take());
}

}  // namespace
}  // namespace wisp::wasi
