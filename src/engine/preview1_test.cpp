#include "engine/preview1.hpp"

#include "engine/engine.hpp"
#include "engine/testing.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace wisp::engine {
namespace {

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

}  // namespace
}  // namespace wisp::engine
