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

TEST(Quota, SlotsGrowAndShrinkWithinIt) {
  Quota quota(100);
  auto one = quota.empty();
  EXPECT_TRUE(one.resize(60));
  EXPECT_FALSE(quota.take(41));
  auto other = one.sibling();
  EXPECT_FALSE(other.resize(41));
  EXPECT_TRUE(other.resize(40));
  EXPECT_FALSE(one.resize(61));
  EXPECT_FALSE(one.resize(SIZE_MAX));
  EXPECT_TRUE(one.resize(10));
  EXPECT_TRUE(other.resize(90));
  other = {};
  EXPECT_TRUE(quota.take(90));
  EXPECT_FALSE(quota.take(91));
}

TEST(Quota, SlotsOutliveIt) {
  Quota::Slot slot;
  EXPECT_TRUE(slot.resize(SIZE_MAX)) << "of no quota";
  {
    Quota quota(10);
    slot = *quota.take(5);
    Quota::Slot moved = std::move(slot);
    slot = std::move(moved);
  }
  EXPECT_FALSE(slot.resize(11));
  EXPECT_TRUE(slot.resize(10));
}

}  // namespace
}  // namespace wisp::wasi
