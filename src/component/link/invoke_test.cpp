#include "component/link/invoke.hpp"

#include "component/link/linker.hpp"
#include "component/link/testing.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

using testing::Host;
using testing::values;

constexpr std::string_view kAdd = "demo:micro/peer@0.1.0#add";

TEST(Invoke, CallsScalarExportsOfARealGuest) {
  Host host;
  const auto linked = host.link(host.guest("micro"));
  const auto result = host.invoke(linked, kAdd, values(std::uint32_t{2}, std::uint32_t{40}));
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(std::get<std::uint32_t>((*result)->data), 42U);
}

TEST(Invoke, MeetsAnExportByItsCanonicalVersion) {
  Host host;
  const auto linked = host.link(host.guest("micro"));
  EXPECT_TRUE(host.invoke(linked, "demo:micro/peer@0.1.7#add", values(std::uint32_t{2}, std::uint32_t{40})));
}

TEST(Invoke, RefusesAWrongNumberOfArguments) {
  Host host;
  const auto linked = host.link(host.guest("micro"));
  EXPECT_EQ(host.invoke(linked, kAdd, {}).error().code(), Errc::usage);
}

TEST(Invoke, CarriesListsThroughMemory) {
  Host host;
  const auto linked = host.link(host.guest("micro"));
  const auto result = host.invoke(linked, "demo:micro/peer@0.1.0#give", values(std::uint32_t{100'000}));
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(std::get<Value::List>((*result)->data).items.size(), 100'000U);
}

TEST(Link, NamesAMissingImportAndWhoNeedsIt) {
  Host host;
  const auto linked = link(host.guest("micro-caller"), host.linker);
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().code(), Errc::import_missing);
  EXPECT_NE(linked.error().message().find("demo:micro/peer@0.1.0"), std::string::npos);
}

/// A guest and the component that satisfies its imports.
struct Pair {
  Host host;
  std::shared_ptr<const Linked> linked;

  Pair(const std::string& consumer, const std::string& provider, std::uint32_t max_invocations) {
    auto other = std::make_shared<Provider>(Provider{
        .name = provider, .linked = host.link(host.guest(provider)), .max_invocations = max_invocations});
    linked = host.link(host.guest(consumer), std::array<std::shared_ptr<const Provider>, 1>{other});
  }
};

TEST(Link, CallsAnotherComponentInATreeOfItsOwn) {
  for (const std::uint32_t reuse : {1U, 1000U}) {
    Pair pair("micro-caller", "micro", reuse);
    const auto add = pair.host.invoke(pair.linked, "demo:micro/drive@0.1.0#add", values(std::uint32_t{50}));
    ASSERT_TRUE(add) << add.error().message();
    const auto take = pair.host.invoke(pair.linked, "demo:micro/drive@0.1.0#take",
                                       values(std::uint32_t{50}, std::uint32_t{70'000}));
    ASSERT_TRUE(take) << take.error().message();
    const auto give = pair.host.invoke(pair.linked, "demo:micro/drive@0.1.0#give",
                                       values(std::uint32_t{50}, std::uint32_t{70'000}));
    ASSERT_TRUE(give) << give.error().message();
  }
}

TEST(Link, CarriesResourcesRecordsAndVariantsBetweenTrees) {
  Pair pair("shop-consumer", "shop-provider", 1);
  const auto summary =
      pair.host.invoke(pair.linked, "demo:shop/errand@1.2.0#summary", values(std::string("ada")));
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_NE(std::get<std::string>((*summary)->data).find("ada"), std::string::npos);
}

TEST(Link, TrapsAChainThatRecursesToItsLimitInsteadOfCrashing) {
  Host host;
  std::shared_ptr<const Linked> next = host.link(host.guest("chain-end"));
  const auto chain = host.guest("chain");
  for (int i = 0; i < 63; ++i) {
    auto provider =
        std::make_shared<Provider>(Provider{.name = "next", .linked = next, .max_invocations = 1000});
    next = host.link(chain, std::array<std::shared_ptr<const Provider>, 1>{provider});
  }
  const auto shallow = host.invoke(next, "demo:chain/link@0.1.0#recurse", values(std::uint32_t{1}));
  EXPECT_TRUE(shallow) << shallow.error().message();
  const auto deep = host.invoke(next, "demo:chain/link@0.1.0#recurse", values(std::uint32_t{100'000'000}));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code(), Errc::trap_stack) << deep.error().message();
}

}  // namespace
}  // namespace wisp::component
