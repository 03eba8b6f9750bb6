#include "component/link/twins.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

struct Old final : HostResource {
  explicit Old(int number) : value(number) {}
  int value;
};
struct New final : HostResource {
  explicit New(int number) : value(number) {}
  int value;
};
struct Other final : HostResource {};

Result<std::unique_ptr<New>> give(Old& from) {
  if (from.value < 0) return fail(Errc::trap_handle, "not now");
  return std::make_unique<New>(std::exchange(from.value, 0));
}
std::unique_ptr<New> lend(Old& from) { return std::make_unique<New>(from.value); }

TEST(Twins, AreFoundByWhatAnObjectIs) {
  const Twins twins({make_twin<Old, New, give, lend>()});
  Old old(7);
  New modern(7);
  const Other other;
  EXPECT_NE(twins.find(old, host_type_tag<New>()), nullptr);
  EXPECT_EQ(twins.find(modern, host_type_tag<New>()), nullptr) << "it is one";
  EXPECT_EQ(twins.find(modern, host_type_tag<Old>()), nullptr) << "one direction";
  EXPECT_EQ(twins.find(other, host_type_tag<New>()), nullptr);
  EXPECT_TRUE(twins.related(host_type_tag<Old>(), host_type_tag<New>()));
  EXPECT_FALSE(twins.related(host_type_tag<New>(), host_type_tag<Old>()));
  EXPECT_FALSE(twins.related(nullptr, nullptr));
}

TEST(Twins, MakeTheOtherFace) {
  const Twins twins({make_twin<Old, New, give, lend>()});
  Old old(7);
  const auto* twin = twins.find(old, host_type_tag<New>());
  ASSERT_NE(twin, nullptr);
  EXPECT_EQ(static_cast<New&>(**twin->lend(old)).value, 7);
  EXPECT_EQ(old.value, 7);
  EXPECT_EQ(static_cast<New&>(**twin->convert(old)).value, 7);
  EXPECT_EQ(old.value, 0);
  old.value = -1;
  EXPECT_FALSE(twin->convert(old));
}

}  // namespace
}  // namespace wisp::component
