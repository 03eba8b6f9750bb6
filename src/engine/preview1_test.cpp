#include "engine/preview1.hpp"

#include "engine/engine.hpp"
#include "engine/testing.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace wisp::engine {
namespace {

using namespace std::string_view_literals;

bool contains(std::span<const std::byte> bytes, std::string_view text) {
  return !std::ranges::search(bytes, std::as_bytes(std::span(text))).empty();
}

TEST(Preview1, KeepsTheExitStatus) {
  const auto module = testing::wasm("preview1");
  ASSERT_TRUE(contains(module, "proc_exit"));
  const auto kept = keep_exit_status(module);
  ASSERT_TRUE(kept.has_value());
  EXPECT_FALSE(contains(*kept, "proc_exit"));
  EXPECT_TRUE(validate(*kept, 0).has_value());
  const auto component = adapt(module);
  ASSERT_TRUE(component.has_value()) << component.error().message();
  EXPECT_TRUE(validate(*component, 0).has_value());
  EXPECT_TRUE(contains(*component, "exit-with-code"));
}

TEST(Preview1, LeavesOtherModulesAlone) {
  EXPECT_FALSE(keep_exit_status(testing::wasm("basic")).has_value());
  EXPECT_FALSE(keep_exit_status({}).has_value());
  const auto module = testing::wasm("preview1");
  // Cut anywhere before the end of the import section there is nothing to rename; no cut reads beyond it.
  for (std::size_t size = 0; size < module.size(); ++size) {
    const auto kept = keep_exit_status(std::span(module).first(size));
    EXPECT_TRUE(!kept || contains(std::span(module).first(size), "proc_exit")) << size;
  }
}

// That the adapter's memory is out of a module's sight is told by what memory.size has become in it.
TEST(Preview1, RaisesModulesThatAskForTheSizeOfTheirMemory) {
  constexpr auto kSizeWithoutTwoPages = "\x3f\0\x41\x02\x6b"sv;
  struct Row {
    const char* module;
    bool raised;
  };
  for (const auto& [name, raised] : std::initializer_list<Row>{{"preview1", false},
                                                               {"preview1_asks", true},
                                                               {"preview1_full", false},
                                                               {"preview1_placed", false},
                                                               {"preview1_realloc", false}}) {
    const auto component = adapt(testing::wasm(name));
    ASSERT_TRUE(component.has_value()) << name << component.error().message();
    const auto valid = validate(*component, 0);
    EXPECT_TRUE(valid.has_value()) << name << valid.error().message();
    EXPECT_EQ(contains(*component, kSizeWithoutTwoPages), raised) << name;
  }
}

TEST(Preview1, ARaisedModuleLosesWhatNamesPlacesInTheOtherCode) {
  const auto module = testing::wasm("preview1_asks");
  ASSERT_TRUE(contains(module, ".debug_info"));
  const auto component = adapt(module);
  ASSERT_TRUE(component.has_value());
  EXPECT_FALSE(contains(*component, ".debug_info"));
}

TEST(Preview1, OnlyValidModulesAreAdapted) {
  const auto module = testing::wasm("preview1_asks");
  std::size_t refused = 0;
  for (std::size_t size = 0; size < module.size(); ++size) {
    const auto part = std::span(module).first(size);
    if (validate(part, 0).has_value()) continue;
    const auto component = adapt(part);
    ASSERT_FALSE(component.has_value()) << size;
    EXPECT_TRUE(component.error().code() == Errc::malformed || component.error().code() == Errc::invalid)
        << size;
    ++refused;
  }
  EXPECT_GT(refused, module.size() / 2);
}

}  // namespace
}  // namespace wisp::engine
