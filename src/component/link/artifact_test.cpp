#include "component/link/artifact.hpp"

#include "component/link/testing.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

using testing::Host;
using testing::must;

class Artifact : public ::testing::Test {
 protected:
  Host host_;
  std::vector<std::byte> bytes_ = must(write_artifact(*host_.engine, *host_.guest("micro")));
};

TEST_F(Artifact, RunsAsTheComponentItWasMadeOf) {
  ASSERT_TRUE(is_artifact(bytes_));
  const auto linked = host_.link(must(read_artifact(*host_.engine, bytes_)));
  const auto result =
      host_.invoke(linked, "demo:micro/peer@0.1.0#add", testing::values(std::uint32_t{2}, std::uint32_t{40}));
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(std::get<std::uint32_t>((*result)->data), 42U);
}

TEST_F(Artifact, IsTheSameForPooledAndOnDemandEngines) {
  const auto pooled =
      must(engine::Engine::create({.max_instances = 16, .max_memories = 16, .max_tables = 16}));
  EXPECT_TRUE(read_artifact(*pooled, bytes_));
}

TEST_F(Artifact, IsCheckedWithTheFeaturesItWasMadeWith) {
  // (component (type (list u8 4)))
  constexpr std::array<unsigned char, 14> kFixedList{0, 'a', 's', 'm', 13, 0, 1, 0, 7, 4, 1, 0x67, 0x7D, 4};
  const auto binary = std::as_bytes(std::span(kFixedList));
  const std::vector<std::byte> bytes(binary.begin(), binary.end());
  ASSERT_FALSE(Component::load(*host_.engine, bytes, {}));
  const auto component =
      must(Component::load(*host_.engine, bytes, {.features = WISP_FEATURE_FIXED_LISTS, .cache = nullptr}));
  const auto again = read_artifact(*host_.engine, must(write_artifact(*host_.engine, *component)));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ((*again)->features(), component->features());
}

TEST_F(Artifact, AComponentIsNone) {
  EXPECT_FALSE(is_artifact(testing::read_file("build/guests/micro.wasm")));
  EXPECT_FALSE(is_artifact({}));
}

TEST_F(Artifact, DamageIsNoticed) {
  for (std::size_t size = 0; size < bytes_.size(); size += size < 200 ? 1 : 4099) {
    const auto result = read_artifact(*host_.engine, std::span(bytes_).first(size));
    ASSERT_FALSE(result) << "cut at " << size;
    EXPECT_EQ(result.error().code(), Errc::malformed) << "cut at " << size;
  }
  for (std::size_t at = 8; at < bytes_.size(); at += at < 200 ? 1 : 4099) {
    auto broken = bytes_;
    broken[at] ^= std::byte{0x10};
    const auto result = read_artifact(*host_.engine, broken);
    ASSERT_FALSE(result) << "byte " << at;
    EXPECT_EQ(result.error().code(), Errc::malformed) << "byte " << at;
  }
}

TEST_F(Artifact, AnotherFormatIsForeign) {
  bytes_[7] = std::byte{1};
  EXPECT_TRUE(is_artifact(bytes_));
  EXPECT_EQ(read_artifact(*host_.engine, bytes_).error().code(), Errc::precompiled_foreign);
}

}  // namespace
}  // namespace wisp::component
