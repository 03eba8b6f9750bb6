#include "component/link/component_function.hpp"

#include "component/abi/wave.hpp"
#include "component/link/late_drops.hpp"
#include "component/link/testing.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

using testing::Host;
using testing::must;

std::shared_ptr<const Linked> link_pair(Host& host, const std::string& consumer,
                                        const std::string& provider) {
  const std::array<std::shared_ptr<const Provider>, 1> providers{std::make_shared<Provider>(
      Provider{.name = provider, .linked = host.link(host.guest(provider)), .max_invocations = 1000})};
  return host.link(host.guest(consumer), providers);
}

struct CrashRow {
  std::string_view function;
  std::string_view ending;
  std::string_view said;  // by the caller; empty: it traps
};

/// What a caller sees of its provider's end, and that the provider starts anew afterwards.
class Crash : public ::testing::TestWithParam<CrashRow> {};

TEST_P(Crash, IsTheInterfacesOwnErrorOrTheCallersTrap) {
  Host host;
  host.limits.cpu_budget = std::chrono::milliseconds(30);
  const auto linked = link_pair(host, "fault-consumer", "fault-provider");
  constexpr std::string_view kName = "demo:fault/report@0.1.0#tell";
  const Lift* lift = find_export(*linked, "demo:fault/report@0.1.0", "tell");
  ASSERT_NE(lift, nullptr);
  std::vector<Value> arguments;
  arguments.push_back(must(parse_wave(GetParam().function, lift->type->params[0].type)));
  arguments.push_back(must(parse_wave(GetParam().ending, lift->type->params[1].type)));
  const auto result = host.invoke(linked, kName, arguments);
  if (GetParam().said.empty()) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message().find("poisoned"), std::string::npos);
    return;
  }
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(std::get<std::string>((*result)->data), GetParam().said);
}

#define TRAPPED "the component fault-provider trapped: "
#define UNREACHABLE "wasm `unreachable` instruction executed"
INSTANTIATE_TEST_SUITE_P(
    All, Crash,
    ::testing::Values(
        CrashRow{"optional-text", "answer", "1; then 2"}, CrashRow{"optional-text", "refuse", "busy; then 2"},
        CrashRow{"optional-text", "trap", "internal-error: " TRAPPED UNREACHABLE "; then 1"},
        CrashRow{"optional-text", "spin",
                 "internal-error: " TRAPPED "the call ran for more than its CPU budget of 30 ms; then 1"},
        CrashRow{"text", "answer", "fine; then fine"}, CrashRow{"text", "refuse", "late 7; then fine"},
        CrashRow{"text", "trap", "internal-error: " TRAPPED UNREACHABLE "; then fine"},
        CrashRow{"text", "nonsense", "internal-error: " TRAPPED "invalid utf-8 in a string; then fine"},
        CrashRow{"label", "trap", "internal-error; then 1"}, CrashRow{"label", "refuse", "busy; then 2"},
        CrashRow{"job", "refuse", "busy; then 1"},
        CrashRow{"job", "trap",
                 "internal-error: " TRAPPED UNREACHABLE "; then internal-error: " TRAPPED
                 "the component has trapped before and cannot be entered"},
        CrashRow{"unrelated", "refuse", "closed; then 2"}, CrashRow{"unrelated", "trap", ""},
        CrashRow{"plain", "answer", "1; then 2"}, CrashRow{"plain", "trap", ""}),
    [](const auto& info) {
      std::string name = fmt::format("{}_{}", info.param.function, info.param.ending);
      std::ranges::replace(name, '-', '_');
      return name;
    });
#undef TRAPPED
#undef UNREACHABLE

struct HeldRow {
  std::string_view name;
  std::uint32_t first, count;
  std::string_view ending;
  std::vector<std::uint32_t> ids;  // that the provider's destructor has seen in the end
};

/// Ids that the destructor of token-provider sees, and what else a test looks at meanwhile.
class Held : public ::testing::Test {
 protected:
  Held() {
    host.linker.interface("demo:token/log@0.1.0").function("dropped", [this](Caller&, std::uint32_t id) {
      dropped.push_back(id);
    });
    host.limits.cpu_budget = std::chrono::milliseconds(30);
    linked = link_pair(host, "token-consumer", "token-provider");
  }

  Result<std::optional<Value>> hold(std::uint32_t first, std::uint32_t count, std::string_view ending) {
    const Lift* lift = find_export(*linked, "demo:token/holder@0.1.0", "hold");
    auto arguments = testing::values(first, count);
    arguments.push_back(must(parse_wave(ending, lift->type->params[2].type)));
    return host.invoke(linked, "demo:token/holder@0.1.0#hold", arguments);
  }
  void finish_drops() {
    host.shard.loop().restart();
    while (pending_drops(host.shard) != 0) host.shard.loop().run_one();
  }

  Host host;
  std::vector<std::uint32_t> dropped;
  std::shared_ptr<const Linked> linked;
};

TEST_F(Held, HandlesRunTheProvidersDestructorAfterTheirHoldersEnd) {
  const HeldRow rows[] = {
      {"none left", 1, 1, "answer", {1}},
      {"some left", 1, 4, "answer", {1, 2, 3, 4}},
      {"left by a trap", 1, 3, "trap", {1, 2, 3}},
      {"a destructor that traps is the last one", 998, 4, "answer", {998, 999}},
      {"one that does not end, too", 1998, 4, "answer", {1998, 1999}},
  };
  for (const auto& row : rows) {
    dropped.clear();
    EXPECT_EQ(hold(row.first, row.count, row.ending).has_value(), row.ending == "answer") << row.name;
    EXPECT_EQ(dropped, std::vector{row.first}) << row.name;
    finish_drops();
    EXPECT_EQ(dropped, row.ids) << row.name;
  }
}

TEST_F(Held, HandlesThatSeveralHoldersLeftEachRunInTheirOwnTree) {
  for (std::uint32_t i = 0; i < 3; ++i) ASSERT_TRUE(hold(10 * i + 1, 3, "answer"));
  EXPECT_EQ(pending_drops(host.shard), 6U);
  finish_drops();
  EXPECT_EQ(dropped, (std::vector<std::uint32_t>{1, 11, 21, 2, 3, 12, 13, 22, 23}));
}

TEST_F(Held, HandlesRunABoundedNumberOfDestructors) {
  host.limits.cpu_budget = std::chrono::milliseconds(0);
  constexpr std::uint32_t kMost = LateDropLimits().pending;
  ASSERT_TRUE(hold(3'000, kMost + 100, "answer"));
  finish_drops();
  EXPECT_EQ(dropped.size(), kMost + 1);
}

TEST_F(Held, HandlesRunDestructorsForABoundedTime) {
  host.limits.cpu_budget = std::chrono::milliseconds(0);
  limit_late_drops(host.shard, {.patience = std::chrono::milliseconds(20)});
  ASSERT_TRUE(hold(1'998, 4, "answer"));
  finish_drops();
  EXPECT_EQ(dropped, (std::vector<std::uint32_t>{1'998, 1'999})) << "it computes without end";
  ASSERT_TRUE(hold(1, 3, "answer"));
  finish_drops();
  EXPECT_EQ(dropped.size(), 5U) << "others do not suffer";
}

TEST_F(Held, HandlesAreForgottenWhenTheirShardEnds) {
  ASSERT_TRUE(hold(1, 3, "answer"));
  EXPECT_EQ(pending_drops(host.shard), 2U);
}

}  // namespace
}  // namespace wisp::component
