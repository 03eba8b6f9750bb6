#include "wasi/bridge/file_types.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace wisp::wasi::bridge {
namespace {

component::Provider provider() { return {.name = "files.wasm", .linked = nullptr}; }

TEST(FileTypes, EveryErrorButOneHasItsCounterpart) {
  const auto last = static_cast<unsigned>(FsError::cross_device);
  for (unsigned code = 0; code <= last; ++code) {
    const auto error = static_cast<FsError>(code);
    const auto there_and_back = core_error(p3::file_error(core_error(static_cast<p2::FileErrorCode>(code))));
    EXPECT_EQ(there_and_back, error == FsError::would_block ? FsError::io : error) << fs_error_name(error);
  }
}

TEST(FileTypes, EveryTypeHasItsCounterpart) {
  for (unsigned type = 0; type <= static_cast<unsigned>(FileType::socket); ++type)
    EXPECT_EQ(core_type(p3::descriptor_type(static_cast<FileType>(type))), static_cast<FileType>(type));
}

TEST(FileTypes, TimesThatTheOtherVersionCannotSayAreLeftOut) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  const p2::DescriptorStat old{.accessed = p2::Datetime{.seconds = 1, .nanoseconds = 999'999'999},
                               .modified = p2::Datetime{.seconds = kMost, .nanoseconds = 0}};
  const auto stat = to_new(old, provider());
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->accessed, (WallTime{.seconds = 1, .nanoseconds = 999'999'999}));
  EXPECT_FALSE(stat->modified);
  EXPECT_FALSE(stat->changed);
  const p3::DescriptorStat early{.accessed = WallTime{.seconds = -1, .nanoseconds = 5},
                                 .modified = WallTime{.seconds = 7, .nanoseconds = 5}};
  const auto back = to_old(early, provider());
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->accessed);
  ASSERT_TRUE(back->modified);
  EXPECT_EQ(back->modified->seconds, 7U);
}

TEST(FileTypes, WhatIsNoTimeTraps) {
  EXPECT_EQ(to_new({.changed = p2::Datetime{.seconds = 0, .nanoseconds = 1'000'000'000}}, provider())
                .error()
                .code(),
            Errc::trap_host);
  EXPECT_EQ(
      to_old({.accessed = WallTime{.seconds = 0, .nanoseconds = 1'000'000'000}}, provider()).error().code(),
      Errc::trap_host);
}

TEST(FileTypes, NewTimesAreChecked) {
  const auto at = [](std::int64_t seconds, std::uint32_t nanoseconds) {
    p3::NewTimestamp time;
    time.value.emplace<2>(WallTime{.seconds = seconds, .nanoseconds = nanoseconds});
    return time;
  };
  EXPECT_EQ(to_old(at(-1, 0)).error(), FsError::overflow);
  EXPECT_EQ(to_old(at(1, 1'000'000'000)).error(), FsError::invalid);
  EXPECT_EQ(std::get<2>(to_old(at(1, 2))->value).seconds, 1U);
  p3::NewTimestamp now;
  now.value.emplace<1>();
  EXPECT_EQ(to_old(now)->value.index(), 1U);
  EXPECT_EQ(to_old(p3::NewTimestamp{})->value.index(), 0U);
  p2::NewTimestamp far;
  far.value.emplace<2>(p2::Datetime{.seconds = std::numeric_limits<std::uint64_t>::max(), .nanoseconds = 0});
  EXPECT_EQ(to_new(far).error(), FsError::overflow);
  far.value.emplace<2>(p2::Datetime{.seconds = 3, .nanoseconds = 1'000'000'000});
  EXPECT_EQ(to_new(far).error(), FsError::invalid);
  far.value.emplace<1>();
  EXPECT_EQ(to_new(far)->value.index(), 1U);
}

TEST(FileTypes, OutcomesOfStreams) {
  EXPECT_EQ(core_error(outcome_of(StreamEnd{}).error()), FsError::io) << "it ended where it could not";
  EXPECT_EQ(core_error(outcome_of(broken("full", FsError::quota).error()).error()), FsError::quota);
}

}  // namespace
}  // namespace wisp::wasi::bridge
