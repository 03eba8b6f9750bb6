#include "engine/module.hpp"
#include "engine/testing.hpp"

namespace wisp::engine {
namespace {

using testing::must;

TEST(Module, RefusesWhatIsNoModule) {
  const auto engine = must(Engine::create(testing::small_pool()));
  const auto result = Module::compile(*engine, std::as_bytes(std::span("not wasm")));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Errc::compile_failed);
}

TEST(Module, ComesBackFromItsArtifact) {
  const auto engine = must(Engine::create(testing::small_pool()));
  const auto artifact = must(must(Module::compile(*engine, testing::wasm("stacks")))->serialize());
  const auto path = std::filesystem::temp_directory_path() / fmt::format("wisp-module-test-{}", getpid());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(artifact.data()), std::ssize(artifact));

  const auto other = must(Engine::create(testing::small_pool()));
  for (const auto& module : {must(Module::load(*other, artifact)), must(Module::load(*other, path))}) {
    testing::Guest guest(*other, *module);
    EXPECT_TRUE(returned(guest.call("hold", 42), 42));
  }
  std::filesystem::remove(path);
}

TEST(Module, RefusesForeignArtifacts) {
  const auto engine = must(Engine::create(testing::small_pool()));
  auto artifact = must(must(Module::compile(*engine, testing::wasm("basic")))->serialize());

  auto truncated = artifact;
  truncated.resize(truncated.size() / 2);
  auto unrelated = testing::wasm("basic");
  auto options = testing::small_pool();
  options.max_memory_bytes = 8ull << 30;
  options.max_memories = 20;
  const auto other = must(Engine::create(options));

  struct Row {
    const char* name;
    const Engine& engine;
    std::span<const std::byte> bytes;
  };
  const std::array rows = {
      Row{"truncated", *engine, truncated},
      Row{"a wasm file", *engine, unrelated},
      Row{"nothing", *engine, {}},
      Row{"made with other settings", *other, artifact},
  };
  for (const Row& row : rows) {
    const auto result = Module::load(row.engine, row.bytes);
    ASSERT_FALSE(result) << row.name;
    EXPECT_EQ(result.error().code(), Errc::precompiled_foreign) << row.name;
  }
  EXPECT_FALSE(Module::load(*engine, std::filesystem::path("/nonexistent")));
}

}  // namespace
}  // namespace wisp::engine
