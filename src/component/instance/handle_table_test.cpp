#include "component/instance/handle_table.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

Handle own(std::uint64_t rep) { return {.kind = Handle::Kind::own, .rep = {rep}}; }

TEST(HandleTable, CountsFromOneAndReusesFreedIndicesLastInFirstOut) {
  HandleTable table{8};
  EXPECT_EQ(*table.add(own(1)), 1U);
  EXPECT_EQ(*table.add(own(2)), 2U);
  EXPECT_EQ(*table.add(own(3)), 3U);
  EXPECT_TRUE(table.remove(1));
  EXPECT_TRUE(table.remove(3));
  EXPECT_EQ(*table.add(own(4)), 3U);
  EXPECT_EQ(*table.add(own(5)), 1U);
  EXPECT_EQ(*table.add(own(6)), 4U);
}

TEST(HandleTable, RefusesZeroFreedAndUnknownIndices) {
  HandleTable table{8};
  const auto index = *table.add(own(1));
  EXPECT_TRUE(table.remove(index));
  for (const std::uint32_t bad : {0U, index, 2U, 0xFFFFFFFFU}) {
    EXPECT_EQ(table.get(bad).error().code(), Errc::trap_handle) << bad;
    EXPECT_EQ(table.remove(bad).error().code(), Errc::trap_handle) << bad;
  }
}

TEST(HandleTable, StopsAtItsLimitAndGoesOnAfterADrop) {
  HandleTable table{2};
  const auto first = *table.add(own(1));
  ASSERT_TRUE(table.add(own(2)));
  EXPECT_EQ(table.add(own(3)).error().code(), Errc::trap_limit);
  ASSERT_TRUE(table.remove(first));
  EXPECT_EQ(*table.add(own(3)), first);
  EXPECT_EQ(table.live(), 2U);
}

}  // namespace
}  // namespace wisp::component
