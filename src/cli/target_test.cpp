#include "cli/target.hpp"

#include "component/link/component.hpp"
#include "component/link/testing.hpp"

#include <gtest/gtest.h>

namespace wisp::cli {
namespace {

namespace component_testing = component::testing;

class TargetTest : public ::testing::Test {
 protected:
  const component::Plan& plan(const std::string& guest) {
    component_ = component_testing::must(
        component::Component::decode(component_testing::read_file("build/guests/" + guest + ".wasm"), {}));
    return *component_->plan();
  }

 private:
  std::shared_ptr<const component::Component> component_;
};

TEST_F(TargetTest, FindsExportsHoweverTheyAreNamed) {
  struct Row {
    std::string guest, text, found;
  };
  const Row rows[] = {
      {"kitchen", "pass-u8", "demo:kitchen/values@0.1.0#pass-u8"},
      {"kitchen", "values#pass-u8", "demo:kitchen/values@0.1.0#pass-u8"},
      {"kitchen", "values.pass-u8", "demo:kitchen/values@0.1.0#pass-u8"},
      {"kitchen", "demo:kitchen/values#pass-u8", "demo:kitchen/values@0.1.0#pass-u8"},
      {"kitchen", "demo:kitchen/values.pass-u8", "demo:kitchen/values@0.1.0#pass-u8"},
      {"kitchen", "demo:kitchen/values@0.1.0#pass-u8", "demo:kitchen/values@0.1.0#pass-u8"},
      {"kitchen", "demo:kitchen/values@0.1.0.pass-u8", "demo:kitchen/values@0.1.0#pass-u8"},
      {"shop-provider", "demo:shop/store@1.0.0#find", "demo:shop/store@1.2.0#find"},
      {"shop-provider", "[method]cart.total", "demo:shop/store@1.2.0#[method]cart.total"},
      {"shop-provider", "store.[method]cart.total", "demo:shop/store@1.2.0#[method]cart.total"},
  };
  for (const auto& row : rows) {
    const auto target = find_target(plan(row.guest), row.text);
    ASSERT_TRUE(target) << row.text << ": " << target.error().message();
    EXPECT_EQ(spell(*target), row.found) << row.text;
    EXPECT_NE(target->lift, nullptr);
  }
}

TEST_F(TargetTest, SaysWhatThereIs) {
  for (const auto* text :
       {"pass-u9", "values#", "#pass-u8", "", "demo:kitchen/values@0.2.0#pass-u8", "other#pass-u8"}) {
    const auto target = find_target(plan("kitchen"), text);
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error().code(), Errc::usage) << text;
    EXPECT_EQ(target.error().details().back().label, "exported") << text;
  }
  EXPECT_EQ(find_target(plan("kitchen"), "pas-u8").error().details().front().text, "pass-u8?");
}

}  // namespace
}  // namespace wisp::cli
