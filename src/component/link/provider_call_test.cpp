#include "component/link/provider_call.hpp"

#include "component/link/testing.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

using testing::Host;

/// An importer of demo:v/answer@0.3.0, and a provider of 0.2.0.
class ProviderCall : public ::testing::Test {
 protected:
  std::shared_ptr<const Component> wat(const std::string& name) {
    return host.load(testing::read_file(WISP_WAT_DIR "/" + name + ".wasm"));
  }
  ProviderRef provider() {
    return {.provider = std::make_shared<Provider>(
                Provider{.name = "one.wasm", .linked = host.link(wat("version_provider"))})};
  }
  const std::vector<std::string> kAnswer{"demo:v/answer@0.2", "get"};
  Host host;
};

using Answer = ProviderFunction<std::uint32_t()>;

TEST_F(ProviderCall, HostCodeStandsBetween) {
  Bridges bridges;
  bridges.interfaces.push_back(
      {.import_name = "demo:v/answer@0.3",
       .export_name = "demo:v/answer@0.2",
       .bind = [this](const ProviderRef& from, const ImportedFunc&,
                      const ResourceTags&) -> Result<std::shared_ptr<const HostFunction>> {
         auto answer = TRY(Answer::find(from, kAnswer));
         return make_host_function([answer = std::move(answer)](Caller& caller) -> Result<std::uint32_t> {
           return TRY(answer.call(caller))
           +TRY(answer.call(caller));
         });
       }});
  const auto linked = link(wat("version_importer"), host.linker, std::vector{provider().provider}, bridges);
  ASSERT_TRUE(linked) << linked.error().message();
  const auto answer = host.invoke(*linked, "ask", {});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(std::get<std::uint32_t>((*answer)->data), 84U);
}

TEST_F(ProviderCall, TypesAreChecked) {
  EXPECT_TRUE(Answer::find(provider(), kAnswer));
  const auto refused = [&](const auto& found) { return !found && found.error().code() == Errc::import_type; };
  EXPECT_TRUE(refused(Answer::find(provider(), kAnswer, Answer::Effect::async)));
  EXPECT_TRUE(refused(ProviderFunction<std::uint64_t()>::find(provider(), kAnswer)));
  EXPECT_TRUE(refused(ProviderFunction<void()>::find(provider(), kAnswer)));
  EXPECT_TRUE(refused(ProviderFunction<std::uint32_t(std::uint32_t)>::find(provider(), kAnswer)));
  EXPECT_TRUE(refused(Answer::find(provider(), {"demo:v/answer@0.2", "question"})));
  EXPECT_TRUE(refused(Answer::find(provider(), {"demo:v/other@0.2", "get"})));
}

}  // namespace
}  // namespace wisp::component
