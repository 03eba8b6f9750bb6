// References that only a suspended stack holds survive collections, whatever runs meanwhile.
#include "engine/testing.hpp"

#include <algorithm>

namespace wisp::engine::testing {
namespace {

class FiberGc : public FiberWorld {
 protected:
  Guest guest_{*engine_, *module_};
};
INSTANTIATE_TEST_SUITE_P(, FiberGc, both_allocators(), allocator_name);

TEST_P(FiberGc, CollectingFromAnotherStackOfTheStore) {
  Stack a(pool_);
  Outcome result;
  a.start(guest_.job(result, "hold", 42));
  guest_.pressure(pool_);
  a.resume();
  guest_.pressure(pool_);
  a.resume();
  EXPECT_TRUE(returned(result, 42));
}

TEST_P(FiberGc, CollectingFromTheThreadsOwnStack) {
  Stack a(pool_);
  Outcome result;
  a.start(guest_.job(result, "hold", 42));
  for (int round = 0; round < 3; ++round) {
    guest_.collect_garbage();
    EXPECT_TRUE(returned(guest_.call("churn"), 0));
  }
  a.resume();
  a.resume();
  EXPECT_TRUE(returned(result, 42));
}

TEST_P(FiberGc, ThreeStacksParkAndEndInAllOrders) {
  std::array park_order{0, 1, 2};
  do {
    std::array end_order{0, 1, 2};
    do {
      std::array<Outcome, 3> results;
      std::array<std::unique_ptr<Stack>, 3> stacks;
      for (int i = 0; i < 3; ++i) {
        stacks[i] = std::make_unique<Stack>(pool_);
        stacks[i]->start(guest_.job(results[i], "hold", 100 + i));
      }
      EXPECT_FALSE(guest_.call("allocate").error);
      for (const int i : park_order) {
        stacks[i]->resume();
        guest_.pressure(pool_);
      }
      for (const int i : end_order) {
        stacks[i]->resume();
        guest_.collect_garbage();
        EXPECT_TRUE(returned(results[i], 100 + i));
      }
    } while (std::ranges::next_permutation(end_order).found);
  } while (std::ranges::next_permutation(park_order).found);
}

TEST_P(FiberGc, TwoHundredFramesWithReferences) {
  Stack a(pool_);
  Outcome result;
  a.start(guest_.job(result, "deep", 200));
  guest_.pressure(pool_);
  a.resume();
  EXPECT_TRUE(returned(result, 200 * 201 / 2));
}

TEST_P(FiberGc, GuestHostGuestOnOneStack) {
  Outcome inner, outer, other;
  guest_.on_reenter = [&] {
    inner = guest_.call("hold", 7);
    return Result<>{};
  };
  Stack a(pool_);
  Stack b(pool_);
  a.start(guest_.job(outer, "hold_reenter", 42));
  b.start(guest_.job(other, "hold", 43));
  guest_.pressure(pool_);
  a.resume();
  guest_.pressure(pool_);
  b.resume();
  a.resume();
  EXPECT_TRUE(returned(inner, 7));
  EXPECT_TRUE(returned(outer, 42));
  b.resume();
  EXPECT_TRUE(returned(other, 43));
}

TEST_P(FiberGc, TwoStoresInterleavedOnTwoStacks) {
  Guest far(*engine_, *module_);
  std::array<Outcome, 2> near_results, far_results;
  std::size_t entered = 0;
  guest_.on_reenter = [&] {
    const std::size_t i = entered++;
    far_results[i] = far.call("hold", 70 + static_cast<int>(i));
    EXPECT_TRUE(failed(far.call("trap"), Errc::trap_unreachable));
    return Result<>{};
  };
  Stack a(pool_);
  Stack b(pool_);
  a.start(guest_.job(near_results[0], "hold_reenter", 40));
  b.start(guest_.job(near_results[1], "hold_reenter", 41));
  const auto collect_both = [&] {
    guest_.pressure(pool_);
    far.pressure(pool_);
  };
  collect_both();
  a.resume();
  collect_both();
  b.resume();
  far.collect_garbage();
  a.resume();
  collect_both();
  EXPECT_TRUE(returned(near_results[0], 40));
  b.resume();
  EXPECT_TRUE(returned(near_results[1], 41));
  EXPECT_TRUE(returned(far_results[0], 70));
  EXPECT_TRUE(returned(far_results[1], 71));
}

TEST_P(FiberGc, AStackStartedInsideAnImportParksApart) {
  Outcome outer, inner;
  Stack a(pool_);
  Stack b(pool_);
  guest_.on_reenter = [&] {
    b.start(guest_.job(inner, "hold", 44));
    guest_.collect_garbage();
    EXPECT_FALSE(guest_.call("churn").error);
    Stack::park();
    b.resume();
    return Result<>{};
  };
  a.start(guest_.job(outer, "hold_reenter", 42));
  guest_.pressure(pool_);
  a.resume();
  EXPECT_TRUE(returned(outer, 42));
  guest_.pressure(pool_);
  b.resume();
  EXPECT_TRUE(returned(inner, 44));
}

TEST_P(FiberGc, TheCallersReferencesAreTracedThroughAStackInsideIt) {
  Outcome result;
  Stack a(pool_);
  Stack b(pool_);
  guest_.on_reenter = [&] {
    b.start([&] {
      for (int round = 0; round < 2; ++round) {
        guest_.collect_garbage();
        EXPECT_FALSE(guest_.call("churn").error);
        Stack::park();
      }
    });
    b.resume();
    return Result<>{};
  };
  a.start(guest_.job(result, "hold_reenter", 42));
  EXPECT_TRUE(returned(result, 42));
  b.resume();
  EXPECT_FALSE(b.parked());
}

TEST_P(FiberGc, AHostCallWithoutGuestFramesOutlivesItsCaller) {
  Outcome first, second, blocked;
  Stack b(pool_);
  guest_.on_reenter = [&] {
    b.start([&] {
      wasmtime_val_raw_t none{};
      blocked = guest_.call(guest_.block_function(), &none);
    });
    return Result<>{};
  };
  {
    Stack a(pool_);
    a.start(guest_.job(first, "hold_reenter", 42));
    EXPECT_TRUE(returned(first, 42));
  }
  guest_.pressure(pool_);
  guest_.on_reenter = [&] {
    b.resume();
    guest_.collect_garbage();
    return Result<>{};
  };
  Stack c(pool_);
  c.start(guest_.job(second, "hold_reenter", 45));
  EXPECT_TRUE(returned(second, 45));
  EXPECT_TRUE(blocked.done && !blocked.error);
}

TEST_P(FiberGc, CollectingInAHostCallThatWasSuspendedAboveGuestFrames) {
  Outcome outer, inner;
  guest_.on_reenter = [&] {
    // From inside the guest's import the host calls a host function, which has no guest frame of its own.
    guest_.on_reenter = [&] {
      Stack::park();
      guest_.collect_garbage();
      EXPECT_FALSE(guest_.call("churn").error);
      return Result<>{};
    };
    wasmtime_val_raw_t none{};
    inner = guest_.call(guest_.reenter_function(), &none);
    return Result<>{};
  };
  Stack a(pool_);
  a.start(guest_.job(outer, "hold_reenter", 42));
  guest_.pressure(pool_);
  a.resume();
  EXPECT_TRUE(inner.done && !inner.error);
  EXPECT_TRUE(returned(outer, 42));
}

TEST_P(FiberGc, ExceptionsAcrossABlock) {
  Outcome held, thrown;
  Stack a(pool_);
  Stack b(pool_);
  a.start(guest_.job(held, "rethrow_after_block"));
  b.start(guest_.job(thrown, "throw_after_block"));
  guest_.pressure(pool_);
  a.resume();
  EXPECT_TRUE(returned(held, 9));
  guest_.pressure(pool_);
  b.resume();
  EXPECT_TRUE(returned(thrown, 5));
}

TEST_P(FiberGc, CollectingExactlyAtTheStackLimit) {
  Outcome held, overflow;
  Stack a(pool_);
  a.start(guest_.job(held, "hold", 42));
  int collections = 0;
  // Only where less than half a KiB is left to wasm: the collector then runs in the host's reserve.
  guest_.may_collect = [&] { return Fiber::stack_left() < 512 && ++collections > 0; };
  Stack b(pool_);
  b.start(guest_.job(overflow, "recurse_collect"));
  EXPECT_TRUE(failed(overflow, Errc::trap_stack));
  EXPECT_GT(collections, 0);
  guest_.may_collect = [] { return true; };
  guest_.pressure(pool_);
  a.resume();
  a.resume();
  EXPECT_TRUE(returned(held, 42));
}

TEST_P(FiberGc, ManyStacksOfOneStore) {
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  constexpr int kStacks = 200;  // each costs the sanitizer megabytes of its own
#else
  constexpr int kStacks = 5'000;
#endif
  std::vector<Outcome> results(kStacks);
  std::vector<std::unique_ptr<Stack>> stacks;
  for (int i = 0; i < kStacks; ++i) {
    stacks.emplace_back(new Stack(pool_))->start(guest_.job(results[i], "hold", i));
  }
  guest_.pressure(pool_);
  for (auto& stack : stacks) stack->resume();
  guest_.pressure(pool_);
  for (int i = kStacks - 1; i >= 0; --i) {
    stacks[i]->resume();
    EXPECT_TRUE(returned(results[i], i));
  }
}

}  // namespace
}  // namespace wisp::engine::testing
