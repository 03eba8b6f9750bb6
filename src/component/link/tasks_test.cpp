#include "component/link/testing.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

using testing::must;

/// A call from the loop, and how it went.
struct Call final : CallSource {
  explicit Call(std::uint32_t number = 0) : argument(number) {}
  Result<> start(CallSide&, FlatSpan params) override {
    started = true;
    if (!params.empty()) {
      store_slot(params[0], argument);
    }
    return {};
  }
  Result<> resolve(CallSide&, FlatSpan results) override {
    answer = static_cast<std::uint32_t>(results[0].i32);
    return {};
  }
  void cancelled() noexcept override { was_cancelled = true; }
  void failed(const Error& error) noexcept override { failure = error.code(); }

  [[nodiscard]] bool told() const { return answer || was_cancelled || failure; }

  std::uint32_t argument;
  bool started = false, was_cancelled = false;
  std::optional<std::uint32_t> answer;
  std::optional<Errc> failure;
};

class Tasks : public ::testing::Test {
 protected:
  Tasks() { linked = host.link(host.load(testing::read_file(WISP_WAT_DIR "/tasks.wasm"))); }

  void make() {
    host.run([&](GuestRun& run) { tree = must(Tree::instantiate(linked, run, host.limits, nullptr)); });
  }
  TaskRef start(const char* name, Call& call) { return must(tree->start(*find_export(*linked, name), call)); }
  void call_sync(const char* name) {
    const auto nothing = [](CallSide&, FlatSpan) -> Result<> { return {}; };
    host.run([&](GuestRun& run) { must(tree->call(run, *find_export(*linked, name), nothing, nothing)); });
  }
  void until(const std::function<bool()>& done) {
    while (!done()) {
      host.shard.loop().restart();
      ASSERT_NE(host.shard.loop().run_one(), 0U) << "nothing more happens";
    }
  }

  testing::Host host;
  std::shared_ptr<const Linked> linked;
  std::unique_ptr<Tree> tree;
};

constexpr std::uint32_t kLong = 60'000'000;  // more than a slice

TEST_F(Tasks, ThatOverrunTheirSliceShareTheInstance) {
  make();
  std::array<Call, 3> calls{Call(kLong), Call(kLong + 1), Call(5)};
  std::vector<TaskRef> tasks;
  for (auto& call : calls) tasks.push_back(start("spin", call));
  // The first is in the middle of its work: the others wait for their turn.
  EXPECT_TRUE(tree->busy());
  EXPECT_FALSE(calls[1].started);
  until([&] { return calls[0].told() && calls[1].told() && calls[2].told(); });
  EXPECT_EQ(calls[0].answer, kLong);
  EXPECT_EQ(calls[1].answer, kLong + 1);
  EXPECT_EQ(calls[2].answer, 5U);
  until([&] { return !tree->busy(); });
  EXPECT_EQ(tree->tasks(), 0U);
}

TEST_F(Tasks, AreEndedAtTheirCpuBudget) {
  host.limits.cpu_budget = std::chrono::milliseconds(20);
  make();
  Call call, other;
  const auto task = start("forever", call);
  const auto waiting = start("wait", other);
  until([&] { return call.told() && other.told(); });
  EXPECT_EQ(call.failure, Errc::trap_cpu_budget);
  EXPECT_EQ(other.failure, Errc::trap_cpu_budget);
  EXPECT_TRUE(tree->poisoned());
}

TEST_F(Tasks, AreKilledWhileTheyRun) {
  make();
  Call call, other;
  const auto task = start("forever", call);
  const auto waiting = start("spin", other);
  tree->kill(Error(Errc::cancelled, "the test ends it"));
  until([&] { return call.told() && other.told(); });
  EXPECT_EQ(call.failure, Errc::cancelled);
  EXPECT_EQ(other.failure, Errc::cancelled);
  EXPECT_FALSE(other.started);
  EXPECT_FALSE(tree->busy());
}

TEST_F(Tasks, AreKilledWhileTheyWait) {
  make();
  Call call;
  const auto task = start("wait", call);
  EXPECT_FALSE(tree->busy());
  tree->kill(Error(Errc::cancelled, "the test ends it"));
  until([&] { return call.told(); });
  EXPECT_EQ(call.failure, Errc::cancelled);
}

TEST_F(Tasks, GiveWayWhenAsked) {
  make();
  Call call, other(3);
  const auto task = start("wait", call);
  must(task->request_cancellation(nullptr));
  EXPECT_TRUE(call.was_cancelled);
  EXPECT_EQ(tree->tasks(), 0U);
  // Nobody else is harmed.
  const auto next = start("spin", other);
  EXPECT_EQ(other.answer, 3U);
}

TEST_F(Tasks, MayAnswerAllTheSame) {
  make();
  Call call;
  const auto task = start("stubborn", call);
  must(task->request_cancellation(nullptr));
  EXPECT_EQ(call.answer, 42U);
}

TEST_F(Tasks, WaitWhileTheInstanceHoldsThemBack) {
  make();
  call_sync("close");
  Call call(1), cancelled(2);
  const auto task = start("spin", call);
  const auto second = start("spin", cancelled);
  EXPECT_FALSE(call.started);
  must(second->request_cancellation(nullptr));
  EXPECT_TRUE(cancelled.was_cancelled);
  EXPECT_FALSE(cancelled.started);
  call_sync("open");
  until([&] { return call.told(); });
  EXPECT_EQ(call.answer, 1U);
}

TEST_F(Tasks, ThatComputeAndYieldKeepNewOnesOut) {
  make();
  const Lift& lift = *find_export(*linked, "spin");
  Call waiting, computing;
  const auto waits = start("wait", waiting);
  EXPECT_TRUE(tree->admits(lift));
  const auto computes = start("yield", computing);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(tree->admits(lift));
    host.shard.loop().restart();
    EXPECT_NE(host.shard.loop().poll_one(), 0U);
  }
  must(computes->request_cancellation(nullptr));
  until([&] { return computing.was_cancelled; });
  EXPECT_TRUE(tree->admits(lift));
  must(waits->request_cancellation(nullptr));
  EXPECT_TRUE(waiting.was_cancelled);
}

TEST_F(Tasks, OneTrapEndsAll) {
  make();
  Call waiting, call;
  const auto task = start("wait", waiting);
  const auto trapped = tree->start(*find_export(*linked, "trap"), call);
  ASSERT_FALSE(trapped);
  EXPECT_EQ(trapped.error().code(), Errc::trap_unreachable);
  until([&] { return waiting.told(); });
  EXPECT_EQ(waiting.failure, Errc::trap_unreachable);
  EXPECT_FALSE(call.told());
}

TEST_F(Tasks, HaveAsManyStacksAsTheirTreeMay) {
  host.limits.stacks = 0;
  make();
  Call call;
  const auto refused = tree->start(*find_export(*linked, "wait"), call);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::trap_limit);
}

TEST_F(Tasks, AreBounded) {
  host.limits.tasks = 2;
  make();
  Call a, b, c;
  const auto first = start("wait", a);
  const auto second = start("wait", b);
  const auto third = tree->start(*find_export(*linked, "wait"), c);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code(), Errc::no_capacity);
  must(first->request_cancellation(nullptr));
  const auto again = start("wait", c);
  EXPECT_EQ(tree->tasks(), 2U);
  tree = nullptr;  // tells the callers, which are on this frame
  EXPECT_TRUE(b.failure && c.failure);
}

}  // namespace
}  // namespace wisp::component
