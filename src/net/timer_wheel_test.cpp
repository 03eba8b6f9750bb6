#include "net/timer_wheel.hpp"

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include <vector>

namespace wisp::net {
namespace {

using std::chrono::milliseconds;

struct Probe {
  Probe(TimerWheel& wheel, std::vector<int>& out, int number)
      : timer(wheel, [](void* self) { static_cast<Probe*>(self)->expired(); }, this), log(out), id(number) {}
  void expired() {
    log.push_back(id);
    if (also_disarm != nullptr) also_disarm->disarm();
    if (again-- > 0) timer.arm(milliseconds(5));
  }
  Timer timer;
  std::vector<int>& log;
  int id;
  int again = 0;
  Timer* also_disarm = nullptr;
};

TEST(TimerWheel, ExpiresInOrderOnceAndOnlyWhatIsArmed) {
  boost::asio::io_context io{1};
  TimerWheel wheel(io);
  std::vector<int> log;
  Probe a(wheel, log, 1), b(wheel, log, 2), c(wheel, log, 3);
  a.timer.arm(milliseconds(60));
  b.timer.arm(milliseconds(10));
  c.timer.arm(milliseconds(30));
  c.timer.disarm();
  io.run();
  EXPECT_EQ(log, (std::vector{2, 1}));
  EXPECT_FALSE(a.timer.armed());
}

TEST(TimerWheel, ATimerMayArmItselfAgainAndDisarmOthersOfTheSameTick) {
  boost::asio::io_context io{1};
  TimerWheel wheel(io);
  std::vector<int> log;
  Probe a(wheel, log, 1), b(wheel, log, 2);
  a.again = 2;
  a.also_disarm = &b.timer;
  b.also_disarm = &a.timer;
  b.again = 0;
  a.timer.arm(milliseconds(0));
  b.timer.arm(milliseconds(0));
  io.run();
  // Whichever came first disarmed the other; if it was `a` it went on three times.
  EXPECT_TRUE(log == (std::vector{1, 1, 1}) || log == (std::vector{2})) << log.size();
}

TEST(TimerWheel, MovingATimerLaterKeepsItQuiet) {
  boost::asio::io_context io{1};
  TimerWheel wheel(io);
  std::vector<int> log;
  Probe a(wheel, log, 1), late(wheel, log, 2);
  late.timer.arm(milliseconds(8));
  late.timer.arm(std::chrono::hours(24));
  a.timer.arm(milliseconds(60));
  while (log.empty()) io.run_one();
  EXPECT_EQ(log, (std::vector{1}));
  EXPECT_TRUE(late.timer.armed());
}

TEST(TimerWheel, DestroyingTheWheelLetsTheLoopEnd) {
  boost::asio::io_context io{1};
  std::vector<int> log;
  {
    TimerWheel wheel(io);
    Probe a(wheel, log, 1);
    a.timer.arm(std::chrono::hours(1));
  }
  io.run();
  EXPECT_TRUE(log.empty());
}

}  // namespace
}  // namespace wisp::net
