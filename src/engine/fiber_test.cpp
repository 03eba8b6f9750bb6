#include "engine/fiber.hpp"
#include "engine/testing.hpp"

#include <sys/mman.h>

#include <numeric>
#include <stdexcept>

namespace wisp::engine {
namespace {

using testing::must;
using testing::Stack;

TEST(Fiber, RunsParksAndEnds) {
  FiberPool pool;
  Fiber* fiber = must(pool.take());
  EXPECT_TRUE(fiber->idle());
  EXPECT_EQ(Fiber::current(), nullptr);

  struct State {
    Fiber* fiber;
    std::vector<int> steps;
  } state{fiber, {}};
  fiber->start(
      [](void* argument) {
        auto& s = *static_cast<State*>(argument);
        EXPECT_EQ(Fiber::current(), s.fiber);
        for (int step = 1; step <= 3; ++step) {
          s.steps.push_back(step);
          Fiber::park();
          EXPECT_EQ(Fiber::current(), s.fiber);
        }
      },
      &state);
  for (int step = 1; step <= 3; ++step) {
    EXPECT_TRUE(fiber->parked());
    EXPECT_EQ(state.steps.size(), static_cast<std::size_t>(step));
    EXPECT_EQ(Fiber::current(), nullptr);
    fiber->resume();
  }
  EXPECT_TRUE(fiber->idle());
  EXPECT_EQ(pool.in_use(), 1u);
  pool.give(fiber);
  EXPECT_EQ(pool.in_use(), 0u);
}

TEST(Fiber, KeepsRegistersAndLocalsAcrossAPark) {
  FiberPool pool;
  Stack stack(pool);
  double sum = 0;
  stack.start([&] {
    std::array<double, 16> values;
    std::iota(values.begin(), values.end(), 1.0);
    for (double& value : values) {
      Stack::park();
      sum += value;
    }
  });
  double noise = 1;
  while (stack.parked()) {
    noise = noise * 1.5 + 1;
    stack.resume();
  }
  EXPECT_EQ(sum, 136) << noise;
}

TEST(Fiber, NestsAndChangesItsParent) {
  FiberPool pool;
  Stack outer(pool);
  Stack inner(pool);
  std::string trace;
  outer.start([&] {
    inner.start([&] {
      trace += "a";
      Stack::park();
      trace += "c";
    });
    trace += "b";
    Stack::park();
    trace += "d";
  });
  inner.resume();  // started by `outer`, ended by the thread
  outer.resume();
  EXPECT_EQ(trace, "abcd");
}

TEST(Fiber, ExceptionsStayOnTheirStack) {
  FiberPool pool;
  Stack stack(pool);
  std::string caught;
  stack.start([&] {
    try {
      Stack::park();
      throw std::runtime_error("from the fiber");
    } catch (const std::exception& error) {
      caught = error.what();
    }
  });
  try {
    throw std::runtime_error("from the thread");
  } catch (const std::exception&) {
    stack.resume();
  }
  EXPECT_EQ(caught, "from the fiber");
}

TEST(Fiber, KnowsWhatIsLeftOfItsStack) {
  EXPECT_GT(Fiber::stack_left(), 100u << 10);
  FiberPool pool({.stack_size = 256 << 10, .host_reserve = 64 << 10});
  Stack stack(pool);
  std::size_t at_first = 0;
  std::size_t deeper = 0;
  stack.start([&] {
    at_first = Fiber::stack_left();
    volatile char big[32 << 10];
    big[0] = 1;
    big[sizeof(big) - 1] = big[0];
    deeper = [](volatile char*) __attribute__((noinline)) { return Fiber::stack_left(); }(big);
  });
  EXPECT_LT(at_first, (256u - 64) << 10);
  EXPECT_GT(at_first, 128u << 10);
  EXPECT_LE(deeper, at_first);
}

TEST(FiberPool, LendsTheNewestIdleFiberFirst) {
  FiberPool pool;
  Fiber* a = must(pool.take());
  Fiber* b = must(pool.take());
  pool.give(a);
  pool.give(b);
  EXPECT_EQ(must(pool.take()), b);
  EXPECT_EQ(must(pool.take()), a);
  pool.give(a);
  pool.give(b);
}

TEST(FiberPool, RefusesBeyondItsLimit) {
  FiberPool pool({.max_fibers = 2, .max_idle = 1});
  Fiber* a = must(pool.take());
  Fiber* b = must(pool.take());
  const auto third = pool.take();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code(), Errc::no_capacity);
  pool.give(a);
  pool.give(b);  // beyond max_idle: unmapped
  EXPECT_EQ(pool.in_use(), 0u);
  pool.give(must(pool.take()));
}

TEST(FiberPool, GivesDepthsBackWhenManyAreIdle) {
  constexpr int kStacks = 100;
  FiberPool pool;
  std::vector<std::unique_ptr<Stack>> stacks;
  std::vector<std::uintptr_t> deep_pages;
  for (int i = 0; i < kStacks; ++i) {
    stacks.emplace_back(new Stack(pool))->start([&deep_pages] {
      auto* deep = static_cast<volatile char*>(__builtin_alloca(128 << 10));
      *deep = 1;
      deep_pages.push_back(reinterpret_cast<std::uintptr_t>(deep) & ~std::uintptr_t{4095});
    });
  }
  const auto resident = [&] {
    return std::ranges::count_if(deep_pages, [](std::uintptr_t page) {
      unsigned char bits = 0;
      return mincore(reinterpret_cast<void*>(page), 4096, &bits) == 0 && (bits & 1) != 0;
    });
  };
  EXPECT_EQ(resident(), kStacks);
  stacks.clear();
  EXPECT_GT(resident(), 0) << "those used next stay warm";
  EXPECT_LT(resident(), kStacks / 2);

  for (int i = 0; i < kStacks; ++i) stacks.emplace_back(new Stack(pool))->start([] { Stack::park(); });
  for (auto& stack : stacks) stack->resume();
}

}  // namespace
}  // namespace wisp::engine
