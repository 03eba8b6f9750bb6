#include "component/link/late_drops.hpp"

#include "component/link/testing.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

using testing::Host;

/// Calls that go on in a provider after they have returned and their caller has ended. Destructors:
/// component_function_test.cpp.
class Lingering : public ::testing::Test {
 protected:
  Lingering() {
    const auto load = [&](const std::string& name) {
      return host.load(testing::read_file(WISP_WAT_DIR "/" + name + ".wasm"));
    };
    const std::array<std::shared_ptr<const Provider>, 1> providers{std::make_shared<Provider>(Provider{
        .name = "one.wasm", .linked = host.link(load("lingering")), .on_crash = [this](const Error& error) {
          crashes.push_back(error);
        }})};
    caller = host.link(load("leaving"), providers);
  }
  void finish() {
    host.shard.loop().restart();
    while (pending_drops(host.shard) != 0) host.shard.loop().run_one();
  }

  Host host;
  std::shared_ptr<const Linked> caller;
  std::vector<Error> crashes;
};

TEST_F(Lingering, CallsKeepTheirInstance) {
  ASSERT_TRUE(host.invoke(caller, "leave-one", {}));
  ASSERT_TRUE(host.invoke(caller, "leave-one", {}));
  host.shard.loop().restart();
  host.shard.loop().poll();
  EXPECT_EQ(pending_drops(host.shard), 2U);
  end_lingering(host.shard, Error(Errc::cancelled, "the end"));
  finish();
  EXPECT_TRUE(crashes.empty()) << "nobody's fault";
}

TEST_F(Lingering, CallsGoOnOnlySoLong) {
  limit_late_drops(host.shard, {.linger = std::chrono::milliseconds(20)});
  ASSERT_TRUE(host.invoke(caller, "leave-one", {}));
  EXPECT_EQ(pending_drops(host.shard), 1U);
  finish();
  ASSERT_EQ(crashes.size(), 1U);
  EXPECT_EQ(crashes[0].code(), Errc::deadline);
  EXPECT_EQ(crashes[0].message(), "one.wasm: a call went on for too long after its caller had ended");
}

TEST_F(Lingering, CrashesAreReportedOnce) {
  ASSERT_TRUE(host.invoke(caller, "leave-one-that-falls", {}));
  finish();
  ASSERT_EQ(crashes.size(), 1U);
  EXPECT_EQ(crashes[0].code(), Errc::trap_unreachable);
  EXPECT_FALSE(crashes[0].backtrace().empty());
}

}  // namespace
}  // namespace wisp::component
