#include "component/instance/pool.hpp"

#include "component/link/invoke.hpp"
#include "component/link/testing.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

using testing::Host;
using testing::must;

class Pool : public ::testing::Test {
 protected:
  Host host;
  std::shared_ptr<const Linked> linked = host.link(host.guest("micro"));

  /// Takes a tree, calls nothing, and gives it back; its address.
  const Tree* use(TreePool& pool) {
    const Tree* tree = nullptr;
    host.run([&](GuestRun& run) { tree = &must(pool.take(run)).tree(); });
    return tree;
  }
};

TEST_F(Pool, MakesATreeForEachCallByDefault) {
  TreePool pool(linked, {}, {}, {});
  for (int i = 0; i < 3; ++i) use(pool);
  EXPECT_EQ(pool.made(), 3U);
  EXPECT_EQ(pool.live(), 0U);
  EXPECT_EQ(pool.idle(), 0U);
}

TEST_F(Pool, UsesATreeAsOftenAsAllowed) {
  TreePool pool(linked, {}, {.max_invocations = 3}, {});
  const Tree* first = use(pool);
  EXPECT_EQ(pool.idle(), 1U);
  EXPECT_EQ(use(pool), first);
  EXPECT_EQ(use(pool), first);
  EXPECT_EQ(pool.idle(), 0U);
  EXPECT_EQ(pool.made(), 1U);
  use(pool);
  EXPECT_EQ(pool.made(), 2U);
}

TEST_F(Pool, BoundsLiveAndIdleTrees) {
  TreePool pool(linked, {}, {.pool_size = 1, .max_invocations = 100, .max_live = 2}, {});
  host.run([&](GuestRun& run) {
    auto one = must(pool.take(run));
    auto two = must(pool.take(run));
    const auto three = pool.take(run);
    ASSERT_FALSE(three);
    EXPECT_EQ(three.error().code(), Errc::no_capacity);
    EXPECT_EQ(pool.live(), 2U);
  });
  EXPECT_EQ(pool.idle(), 1U);
  EXPECT_EQ(pool.live(), 1U);
}

TEST_F(Pool, DiscardsATreeThatHasTrapped) {
  TreePool pool(linked, {}, {.max_invocations = 100}, {});
  host.run([&](GuestRun& run) {
    auto lease = must(pool.take(run));
    lease.tree().trap(Error(Errc::trap_unreachable, "a test"));
  });
  EXPECT_EQ(pool.idle(), 0U);
  EXPECT_EQ(pool.live(), 0U);
}

TEST_F(Pool, ForgetsIdleTreesByAge) {
  TreePool pool(linked, {}, {.max_invocations = 100}, {});
  use(pool);
  pool.trim(std::chrono::steady_clock::now() - std::chrono::hours(1));
  EXPECT_EQ(pool.idle(), 1U);
  pool.trim(std::chrono::steady_clock::now());
  EXPECT_EQ(pool.idle(), 0U);
  EXPECT_EQ(pool.live(), 0U);
}

TEST_F(Pool, LendsATreeToSeveralCallsAtATime) {
  TreePool pool(linked, {}, {.pool_size = 2, .max_invocations = 100, .max_concurrency = 2}, {});
  const Lift& lift = linked->plan->lifts.front();
  host.run([&](GuestRun& run) {
    EXPECT_FALSE(pool.find(lift)) << "there is none yet";
    std::optional<TreePool::Lease> one(must(pool.create(run)));
    std::optional<TreePool::Lease> two(pool.find(lift));
    ASSERT_TRUE(two);
    EXPECT_EQ(&two->tree(), &one->tree());
    EXPECT_FALSE(pool.find(lift)) << "it is full";
    std::optional<TreePool::Lease> other(must(pool.create(run)));
    EXPECT_TRUE(other->returns());
    EXPECT_FALSE(must(pool.create(run)).returns()) << "beyond the pool's size";
    EXPECT_EQ(pool.live(), 2U);
    two.reset();
    const Tree* const second = &other->tree();
    other.reset();
    EXPECT_EQ(pool.idle(), 1U);
    EXPECT_EQ(&pool.find(lift)->tree(), second) << "an idle one before a busy one";
  });
  EXPECT_EQ(pool.idle(), 2U);
}

TEST_F(Pool, ATreeWithCallsThatDoNotEndGetsNoNewOnesAndEndsWithTheOthers) {
  TreePool pool(linked, {}, {.max_invocations = 100, .max_concurrency = 3}, {});
  const Lift& lift = linked->plan->lifts.front();
  host.run([&](GuestRun& run) {
    std::optional<TreePool::Lease> stuck(must(pool.create(run)));
    std::optional<TreePool::Lease> good(pool.find(lift));
    stuck->give_up(Error(Errc::deadline, "a test"));
    EXPECT_FALSE(pool.find(lift));
    EXPECT_FALSE(stuck->tree().poisoned()) << "the other call goes on";
    good.reset();
    EXPECT_TRUE(stuck->tree().poisoned());
    EXPECT_EQ(stuck->tree().outcome().error().code(), Errc::deadline);
    EXPECT_EQ(pool.live(), 1U);
  });
  EXPECT_EQ(pool.live(), 0U);
}

TEST_F(Pool, InvocationsCountAcrossConcurrentCalls) {
  TreePool pool(linked, {}, {.max_invocations = 2, .max_concurrency = 9}, {});
  const Lift& lift = linked->plan->lifts.front();
  host.run([&](GuestRun& run) {
    const auto one = must(pool.create(run));
    const auto two = pool.find(lift);
    ASSERT_TRUE(two);
    EXPECT_FALSE(pool.find(lift));
    EXPECT_EQ(pool.live(), 1U);
  });
  EXPECT_EQ(pool.live(), 0U);

  TreePool endless(linked, {}, {.max_invocations = 0}, {});
  for (int i = 0; i < 5; ++i) use(endless);
  EXPECT_EQ(endless.made(), 1U);
}

TEST_F(Pool, FailuresTakeNoRoom) {
  TreePool contexts(linked, {}, {.max_live = 1}, []() -> Result<std::shared_ptr<HostContext>> {
    return fail(Errc::system, "no context");
  });
  TreePool memories(linked, {.memory_bytes = 1}, {.max_live = 1}, {});
  for (int i = 0; i < 3; ++i) {
    host.run([&](GuestRun& run) {
      EXPECT_EQ(contexts.take(run).error().code(), Errc::system);
      EXPECT_EQ(memories.take(run).error().code(), Errc::memory_limit);
    });
  }
  EXPECT_EQ(contexts.live(), 0U);
  EXPECT_EQ(memories.live(), 0U);
}

}  // namespace
}  // namespace wisp::component
