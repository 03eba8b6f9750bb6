// Stacks that park in the epoch callback, and stacks on several threads.
#include "engine/testing.hpp"

#include <thread>

namespace wisp::engine::testing {
namespace {

/// Parks whoever overruns its slice; a cancelled stack traps.
class Pause : public Preemption {
 public:
  Result<> tick() override {
    ++ticks;
    if (Stack::current() && !Stack::park()) return fail(Errc::trap_cpu_budget, "over budget");
    return {};
  }
  int ticks = 0;
};

class FiberPreemption : public FiberWorld {};
INSTANTIATE_TEST_SUITE_P(, FiberPreemption, both_allocators(), allocator_name);

TEST_P(FiberPreemption, EndlessLoopsTakeTurns) {
  Pause pause;
  Guest guest(*engine_, *module_, &pause);
  std::array<Outcome, 2> spinning;
  std::array<std::unique_ptr<Stack>, 2> stacks;
  for (int i = 0; i < 2; ++i) {
    stacks[i] = std::make_unique<Stack>(pool_);
    stacks[i]->start(guest.job(spinning[i], "spin"));
  }
  // Between their slices a third stack allocates, and is preempted too.
  for (int turn = 0; turn < 10; ++turn) {
    for (auto& stack : stacks) stack->resume();
    Stack third(pool_);
    Outcome churn;
    third.start(guest.job(churn, "churn"));
    while (third.parked()) third.resume();
    EXPECT_FALSE(churn.error);
    guest.collect_garbage();
  }
  EXPECT_GE(pause.ticks, 22);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(stacks[i]->parked());
    stacks[i]->cancel();
    EXPECT_TRUE(failed(spinning[i], Errc::trap_cpu_budget));
  }
}

TEST_P(FiberPreemption, APausedStackKeepsItsReferences) {
  Pause pause;
  Guest guest(*engine_, *module_, &pause);
  Outcome held, spinning;
  Stack a(pool_);
  Stack b(pool_);
  guest.on_reenter = [&] {
    spinning = guest.call("spin");
    return Result<>{};
  };
  a.start(guest.job(held, "hold_reenter", 42));
  for (int turn = 0; turn < 5; ++turn) {
    guest.collect_garbage();
    a.resume();
  }
  a.cancel();
  EXPECT_TRUE(failed(spinning, Errc::trap_cpu_budget));
  EXPECT_TRUE(returned(held, 42));
}

TEST_P(FiberPreemption, ANewSliceDelaysTheFirstTick) {
  Pause pause;
  Guest guest(*engine_, *module_, &pause);
  guest.store().begin_slice();
  Outcome spinning;
  Stack a(pool_);
  a.start(guest.job(spinning, "spin"));
  EXPECT_EQ(pause.ticks, 1);
  a.cancel();
  EXPECT_TRUE(failed(spinning, Errc::trap_cpu_budget));
}

TEST_P(FiberPreemption, TwoThreadsWithStoresOfTheirOwn) {
  const auto work = [this](int base) {
    FiberPool pool;
    Guest guest(*engine_, *module_);
    for (int round = 0; round < 20; ++round) {
      std::array<Outcome, 3> results;
      Outcome overflow;
      std::array<std::unique_ptr<Stack>, 3> stacks;
      for (int i = 0; i < 3; ++i) {
        stacks[i] = std::make_unique<Stack>(pool);
        stacks[i]->start(guest.job(results[i], "hold", base + i));
      }
      Stack other(pool);
      other.start(guest.job(overflow, "recurse"));
      EXPECT_TRUE(failed(overflow, Errc::trap_stack));
      guest.pressure(pool);
      for (int i = 2; i >= 0; --i) stacks[i]->resume();
      for (int i = 0; i < 3; ++i) {
        stacks[i]->resume();
        EXPECT_TRUE(returned(results[i], base + i));
      }
    }
  };
  std::thread one(work, 100);
  std::thread two(work, 200);
  one.join();
  two.join();
}

}  // namespace
}  // namespace wisp::engine::testing
