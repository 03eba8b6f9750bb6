// Traps, uncaught exceptions, cancellation and overflow on one stack leave the others of the store alone.
#include "engine/testing.hpp"

namespace wisp::engine::testing {
namespace {

class FiberTrap : public FiberWorld {
 protected:
  Guest guest_{*engine_, *module_};
};
INSTANTIATE_TEST_SUITE_P(, FiberTrap, both_allocators(), allocator_name);

TEST_P(FiberTrap, AnotherStackGoesOnAfterATrap) {
  Outcome held, trapped;
  Stack a(pool_);
  Stack b(pool_);
  a.start(guest_.job(held, "hold", 42));
  b.start(guest_.job(trapped, "trap"));
  EXPECT_TRUE(failed(trapped, Errc::trap_unreachable));
  guest_.pressure(pool_);
  a.resume();
  a.resume();
  EXPECT_TRUE(returned(held, 42));
}

TEST_P(FiberTrap, AnotherStackGoesOnAfterAnUncaughtException) {
  Outcome held, uncaught;
  Stack a(pool_);
  Stack b(pool_);
  a.start(guest_.job(held, "rethrow_after_block"));
  b.start(guest_.job(uncaught, "uncaught"));
  EXPECT_TRUE(uncaught.error);
  guest_.pressure(pool_);
  a.resume();
  EXPECT_TRUE(returned(held, 9));
}

TEST_P(FiberTrap, ACancelledStackUnwindsThroughItsGuestFrames) {
  Outcome deep, trapped;
  Stack a(pool_);
  a.start(guest_.job(deep, "deep", 50));
  Stack b(pool_);
  b.start(guest_.job(trapped, "trap"));
  EXPECT_TRUE(failed(trapped, Errc::trap_unreachable));
  a.cancel();
  EXPECT_FALSE(a.parked());
  EXPECT_TRUE(failed(deep, Errc::cancelled));
  EXPECT_EQ(deep.error->message(), "cancelled by the test");
  EXPECT_TRUE(deep.error->backtrace().contains("!deep")) << deep.error->backtrace();
}

TEST_P(FiberTrap, CancellingOneOfThree) {
  std::array<Outcome, 3> results;
  std::array<std::unique_ptr<Stack>, 3> stacks;
  for (int i = 0; i < 3; ++i) {
    stacks[i] = std::make_unique<Stack>(pool_);
    stacks[i]->start(guest_.job(results[i], "hold", 60 + i));
  }
  stacks[0]->cancel();
  EXPECT_TRUE(failed(results[0], Errc::cancelled));
  guest_.pressure(pool_);
  for (const int i : {2, 1, 1, 2}) stacks[i]->resume();
  EXPECT_TRUE(returned(results[1], 61));
  EXPECT_TRUE(returned(results[2], 62));
}

TEST_P(FiberTrap, ErrorsOfTwoStacksDoNotMix) {
  std::array<Outcome, 2> results;
  guest_.on_reenter = [&]() -> Result<> {
    const auto mine = Fiber::current();
    Stack::park();
    return fail(Errc::trap_host, "fiber {}", fmt::ptr(mine));
  };
  Stack a(pool_);
  Stack b(pool_);
  a.start([&] { results[0] = guest_.call("reenter"); });
  b.start([&] { results[1] = guest_.call("reenter"); });
  b.resume();
  a.resume();
  ASSERT_TRUE(failed(results[0], Errc::trap_host));
  ASSERT_TRUE(failed(results[1], Errc::trap_host));
  EXPECT_NE(results[0].error->message(), results[1].error->message());
}

TEST_P(FiberTrap, OverflowBesideASuspendedStack) {
  for (int held = 0; held < 3; ++held) {
    std::array<std::unique_ptr<Stack>, 3>
        stacks;  // at different addresses: below and above the suspended one
    for (auto& stack : stacks) stack = std::make_unique<Stack>(pool_);
    Outcome result;
    stacks[held]->start(guest_.job(result, "hold", 42));
    for (int i = 0; i < 3; ++i) {
      if (i == held) continue;
      Outcome overflow;
      stacks[i]->start(guest_.job(overflow, "recurse"));
      EXPECT_TRUE(failed(overflow, Errc::trap_stack));
    }
    EXPECT_TRUE(failed(guest_.call("recurse"), Errc::trap_stack)) << "on the thread's own stack";
    guest_.pressure(pool_);
    stacks[held]->resume();
    stacks[held]->resume();
    EXPECT_TRUE(returned(result, 42));
  }
}

TEST_P(FiberTrap, OverflowInsideAStackThatWasSuspended) {
  guest_.on_reenter = [&] {
    Stack::park();
    EXPECT_TRUE(failed(guest_.call("recurse"), Errc::trap_stack));
    return Result<>{};
  };
  Outcome one, two;
  Stack a(pool_);
  Stack b(pool_);
  a.start(guest_.job(one, "hold_reenter", 5));
  b.start(guest_.job(two, "hold_reenter", 6));
  a.resume();
  b.resume();
  EXPECT_TRUE(returned(one, 5));
  EXPECT_TRUE(returned(two, 6));
}

/// Host and guests that call each other without end: the host looks at what is left, wasm at its limit.
TEST_P(FiberTrap, MutualRecursionEndsWithATrap) {
  int depth = 0;
  guest_.on_reenter = [&]() -> Result<> {
    ++depth;
    if (Fiber::stack_left() < (16 << 10)) return fail(Errc::trap_stack, "too deep");
    Outcome inner = guest_.call("recurse_reenter");
    if (inner.error) return std::unexpected(std::move(*inner.error));
    return {};
  };
  Outcome result;
  Stack a(pool_);
  a.start(guest_.job(result, "recurse_reenter"));
  EXPECT_TRUE(failed(result, Errc::trap_stack));
  EXPECT_GT(depth, 10);
}

}  // namespace
}  // namespace wisp::engine::testing
