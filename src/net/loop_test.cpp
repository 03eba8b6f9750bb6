#include "net/loop.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <ctime>
#include <thread>

namespace wisp::net {
namespace {

namespace asio = boost::asio;

TEST(Loop, EndsWhenNoWorkIsLeft) {
  asio::io_context loop(1);
  int steps = 0;
  asio::steady_timer timer(loop, std::chrono::milliseconds(5));
  timer.async_wait([&](const boost::system::error_code&) { asio::post(loop, [&] { ++steps; }); });
  asio::post(loop, [&] { ++steps; });
  run_serving(loop, [] {});
  EXPECT_EQ(steps, 2);
}

TEST(Loop, SleepsUntilOthersHaveSomethingForIt) {
  asio::io_context loop(1);
  auto work = asio::make_work_guard(loop);
  std::atomic<int> sleeps = 0;
  std::thread server([&] { run_serving(loop, [&] { ++sleeps; }); });
  for (int i = 0; i < 100; ++i) {
    std::atomic<bool> done = false;
    asio::post(loop, [&] {
      done = true;
      done.notify_one();
    });
    done.wait(false);
    if (i % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  timespec used{};
  clockid_t clock{};
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  ASSERT_EQ(pthread_getcpuclockid(server.native_handle(), &clock), 0);
  ASSERT_EQ(clock_gettime(clock, &used), 0);
  EXPECT_LT(used.tv_sec * 1'000 + used.tv_nsec / 1'000'000, 150)
      << "it was busy while there was nothing to do";
  EXPECT_GT(sleeps, 0);
  loop.stop();
  server.join();
}

TEST(Loop, StopsInTheMiddleOfItsWork) {
  asio::io_context loop(1);
  int steps = 0;
  for (int i = 0; i < 3; ++i)
    asio::post(loop, [&] {
      if (++steps == 2) loop.stop();
    });
  run_serving(loop, [] {});
  EXPECT_EQ(steps, 2);
}

}  // namespace
}  // namespace wisp::net
