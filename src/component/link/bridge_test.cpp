#include "component/link/component_function.hpp"
#include "component/link/testing.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

using testing::Host;

/// An importer of demo:v/answer@0.3.0, and a provider of 0.2.0.
class LinkBridge : public ::testing::Test {
 protected:
  std::shared_ptr<const Component> wat(const std::string& name) {
    return host.load(testing::read_file(WISP_WAT_DIR "/" + name + ".wasm"));
  }
  std::shared_ptr<const Provider> provider(const std::string& name) {
    return std::make_shared<Provider>(Provider{.name = name, .linked = host.link(wat("version_provider"))});
  }
  Result<std::shared_ptr<const Linked>> link(std::vector<std::shared_ptr<const Provider>> providers,
                                             const Bridges& bridges) {
    return component::link(wat("version_importer"), host.linker, providers, bridges);
  }
  static Bridges bridges() {
    Bridges all;
    all.interfaces.push_back(
        {.import_name = "demo:v/answer@0.3",
         .export_name = "demo:v/answer@0.2",
         .bind = [](const ProviderRef& from, const ImportedFunc& import, const ResourceTags& tags) {
           return bind_stand_in(from, import, tags, {.path = {"demo:v/answer@0.2", import.path.back()}});
         }});
    return all;
  }
  Host host;
};

TEST_F(LinkBridge, MeetsAnImportByAnExportOfAnotherName) {
  const auto linked = link({provider("a")}, bridges());
  ASSERT_TRUE(linked) << linked.error().message();
  const auto answer = host.invoke(*linked, "ask", {});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(std::get<std::uint32_t>((*answer)->data), 42U);
}

TEST_F(LinkBridge, WithoutOneTheErrorNamesTheOtherVersion) {
  const auto linked = link({provider("a.wasm")}, {});
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().code(), Errc::import_missing);
  bool told = false;
  for (const auto& [key, value] : linked.error().details())
    told |= value == "a.wasm exports demo:v/answer@0.2.0, another version";
  EXPECT_TRUE(told);
}

TEST_F(LinkBridge, SeveralCandidatesAreAmbiguous) {
  const auto linked = link({provider("a"), provider("b")}, bridges());
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().code(), Errc::import_ambiguous);
}

}  // namespace
}  // namespace wisp::component
