#include "component/link/component.hpp"

#include "component/link/testing.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace wisp::component {
namespace {

namespace fs = std::filesystem;
using testing::must;

/// A cache folder of its own that goes with the test.
struct CacheFolder {
  fs::path path = fs::temp_directory_path() / fmt::format("wisp-component-{}", ::getpid());
  CacheFolder() { fs::remove_all(path); }
  ~CacheFolder() { fs::remove_all(path); }
};

TEST(Component, KeepsTheVerdictAndEveryModuleInTheCache) {
  const auto engine = must(engine::Engine::create({.pooling = false}));
  const CacheFolder folder;
  const auto cache = must(engine::AotCache::open(*engine, {.folder = folder.path}));
  const auto binary = testing::read_file("build/guests/hello.wasm");
  const auto component = must(Component::load(*engine, binary, {.features = 0, .cache = &cache}));
  const auto entries = [&] {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path))
      count += entry.is_regular_file() ? 1 : 0;
    return count;
  };
  ASSERT_EQ(component->modules().size(), 3U);
  EXPECT_GE(entries(), 4U);
  const auto again = must(Component::load(*engine, binary, {.features = 0, .cache = &cache}));
  EXPECT_EQ(again->modules().size(), 3U);
}

TEST(Component, SaysWhatAFileIsInsteadOfAComponent) {
  const auto engine = must(engine::Engine::create({.pooling = false}));
  const auto bytes = [](std::initializer_list<int> values) {
    std::vector<std::byte> out;
    for (const int value : values) out.push_back(static_cast<std::byte>(value));
    return out;
  };
  struct Row {
    std::vector<std::byte> binary;
    Errc code;
  };
  const Row rows[] = {
      {bytes({}), Errc::not_wasm},
      {bytes({'h', 'e', 'l', 'l', 'o', ' ', 'y', 'o', 'u'}), Errc::not_wasm},
      {bytes({0, 'a', 's', 'm', 1, 0, 0, 0}), Errc::core_module},
      {bytes({0, 'a', 's', 'm', 0x0E, 0, 1, 0}), Errc::unsupported_version},
  };
  for (const auto& row : rows) {
    const auto loaded = Component::load(*engine, row.binary, {});
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code(), row.code) << loaded.error().message();
  }
}

}  // namespace
}  // namespace wisp::component
