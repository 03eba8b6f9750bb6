#include "cli/failure_log.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace wisp::cli {
namespace {

using namespace std::chrono_literals;

/// A log whose clock stands still until it is told.
struct Log {
  FailureLog::Clock::time_point now{};
  std::string written;
  std::unique_ptr<FailureLog> log = std::make_unique<FailureLog>(
      [this](const Error& error) { written += error.message() + "\n"; }, [this] { return now; });

  void add(int times, Errc code = Errc::trap) {
    for (int i = 0; i < times; ++i) log->add(Error(code, "x"));
  }
  std::string take() { return std::exchange(written, {}); }
};

std::string xs(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += "x\n";
  return out;
}

TEST(FailureLog, WritesABurstAndCountsTheRest) {
  Log log;
  log.add(1'000);
  EXPECT_EQ(log.take(), xs(10));
  log.now += 999ms;
  log.add(1);
  EXPECT_EQ(log.take(), "");
  log.now += 1ms;
  log.add(3);
  EXPECT_EQ(log.take(), "991 more of this kind were not shown\nx\n");
  log.log.reset();
  EXPECT_EQ(log.take(), "2 more of this kind were not shown\n");
}

TEST(FailureLog, AFewFailuresAreAllShown) {
  Log log;
  for (int i = 0; i < 50; ++i) {
    log.add(1);
    log.now += 1s;
  }
  EXPECT_EQ(log.take(), xs(50));
  log.log.reset();
  EXPECT_EQ(log.take(), "");
}

TEST(FailureLog, RoomComesBackOnlyUpToABurst) {
  Log log;
  log.add(11);
  EXPECT_EQ(log.take(), xs(10));
  log.now += 24h;
  log.add(12);
  EXPECT_EQ(log.take(), "1 more of this kind was not shown\n" + xs(10));
}

TEST(FailureLog, OneKindDoesNotHideAnother) {
  Log log;
  log.add(100, Errc::trap_unreachable);
  EXPECT_EQ(log.take(), xs(10));
  log.add(2, Errc::trap_cpu_budget);
  EXPECT_EQ(log.take(), xs(2));
  log.now += 1s;
  log.add(1, Errc::trap_cpu_budget);  // whoever finds room says what the other left out
  EXPECT_EQ(log.take(), "90 more of this kind were not shown\n" + xs(1));
}

}  // namespace
}  // namespace wisp::cli
