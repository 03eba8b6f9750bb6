#include "engine/engine.hpp"
#include "engine/testing.hpp"

namespace wisp::engine {
namespace {

using testing::must;

TEST(Engine, SaysWhatArtifactsDependOn) {
  const auto one = must(Engine::create(testing::small_pool()));
  const auto same = must(Engine::create(testing::small_pool()));
  EXPECT_EQ(one->compatibility(), same->compatibility());
  EXPECT_TRUE(one->compatibility().starts_with("wasmtime-48.")) << one->compatibility();

  auto larger = testing::small_pool();
  larger.max_memory_bytes = 8ull << 30;  // other bounds checks: other code
  larger.max_memories = 20;
  EXPECT_NE(one->compatibility(), must(Engine::create(larger))->compatibility());
}

TEST(Engine, FitsItsPoolToTheMachine) {
  auto options = testing::small_pool();
  options.max_memories = 4'000'000'000;
  const auto engine = must(Engine::create(options));
  EXPECT_GE(engine->options().max_memories, 16u);
  EXPECT_LT(engine->options().max_memories, 4'000'000'000u);
}

TEST(Engine, CountsWhatItsPoolHolds) {
  const auto engine = must(Engine::create(testing::small_pool()));
  const auto module = must(Module::compile(*engine, testing::wasm("big_memory")));
  EXPECT_EQ(engine->pool_use().memories, 0u);
  {
    Store store(*engine, nullptr, {}, nullptr);
    must(store.instantiate(*module, {}));
    EXPECT_EQ(engine->pool_use().memories, 1u);
    EXPECT_EQ(engine->pool_use().instances, 1u);
  }
  EXPECT_EQ(engine->pool_use().memories, 0u);
  EXPECT_EQ(engine->pool_use().warm_memories, 1u);
}

TEST(Gate, RefusesWhatIsNotWasm) {
  struct Row {
    const char* name;
    std::vector<std::uint8_t> bytes;
    std::optional<Errc> code;
  };
  const std::vector<Row> rows = {
      {"empty core module", {0, 'a', 's', 'm', 1, 0, 0, 0}, {}},
      {"empty component", {0, 'a', 's', 'm', 0x0d, 0, 1, 0}, {}},
      {"nothing", {}, Errc::malformed},
      {"text", {'h', 'e', 'l', 'l', 'o', '!', '!', '!'}, Errc::malformed},
      {"future version", {0, 'a', 's', 'm', 9, 0, 0, 0}, Errc::malformed},
      {"truncated section", {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 50, 1}, Errc::malformed},
      {"function without a type", {0, 'a', 's', 'm', 1, 0, 0, 0, 3, 2, 1, 7}, Errc::invalid},
  };
  for (const Row& row : rows) {
    const auto result = validate(std::as_bytes(std::span(row.bytes)), 0);
    EXPECT_EQ(result.has_value(), !row.code) << row.name;
    if (result || !row.code) continue;
    EXPECT_EQ(result.error().code(), *row.code) << row.name << ": " << result.error().message();
    EXPECT_EQ(result.error().details().at(0).label, "at byte") << row.name;
  }
}

TEST(Gate, AcceptsTheModulesOfOurTests) {
  for (const char* name : {"stacks", "basic"}) {
    const auto result = validate(testing::wasm(name), 0);
    EXPECT_TRUE(result) << name << ": " << result.error().message();
  }
}

TEST(Gate, AdaptsAModuleForPreview1) {
  const auto component = must(adapt(testing::wasm("preview1")));
  EXPECT_TRUE(validate(component, 0));
  EXPECT_EQ(component.at(4), std::byte{0x0d}) << "a component's preamble";

  const auto refused = adapt(testing::wasm("basic"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::compile_failed);
}

TEST(TakeTrap, GivesBackTheErrorOfAHost) {
  Error original = Error(Errc::guest_exit, "the guest said so").with("status", "7");
  original.set_exit_status(7);
  for (const bool as_trap : {true, false}) {
    const Error back =
        as_trap ? take_trap(nullptr, make_trap(original)) : take_trap(make_error(original), nullptr);
    EXPECT_EQ(back.code(), Errc::guest_exit);
    EXPECT_EQ(back.message(), "the guest said so");
    EXPECT_EQ(back.exit_status(), 7);
    EXPECT_EQ(back.details().at(0).text, "7");
  }
}

TEST(TakeTrap, NeedsNoTakerToFreeTheError) { wasm_trap_delete(make_trap(Error(Errc::trap, "dropped"))); }

TEST(TakeTrap, KeepsControlCharactersOut) {
  const Error error = take_trap(wasmtime_error_new("red \x1b[31m"), nullptr);
  EXPECT_EQ(error.message(), "red ?[31m");
  EXPECT_EQ(error.code(), Errc::trap_host);
}

}  // namespace
}  // namespace wisp::engine
