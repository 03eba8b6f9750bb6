#include "component/link/component_function.hpp"
#include "component/link/late_drops.hpp"
#include "component/link/testing.hpp"

#include <gtest/gtest.h>

#include <array>

namespace wisp::component {
namespace {

using testing::Host;

/// Rows of a provider, in streams and futures between it and its importer.
class PassingHandles : public ::testing::Test {
 protected:
  std::shared_ptr<const Component> wat(const std::string& name) {
    return host.load(testing::read_file(WISP_WAT_DIR "/" + name + ".wasm"));
  }
  Result<std::uint32_t> ask(std::string_view function, std::optional<std::uint32_t> argument = std::nullopt) {
    const std::array<std::shared_ptr<const Provider>, 1> providers{
        std::make_shared<Provider>(Provider{.name = "rows", .linked = host.link(wat("rows_provider"))})};
    std::vector<Value> arguments;
    if (argument) arguments.push_back(Value{*argument});
    const auto result = host.invoke(host.link(wat("rows_importer"), providers), function, arguments);
    // What nobody has read, and what the importer has left.
    while (pending_drops(host.shard) != 0) host.shard.loop().run_one();
    if (!result) return std::unexpected(result.error());
    return std::get<std::uint32_t>((*result)->data);
  }
  Host host;
};

TEST_F(PassingHandles, AnImporterReadsWhatTheProviderDefines) {
  const auto said = ask("read");
  ASSERT_TRUE(said) << said.error().message();
  EXPECT_EQ(*said, 12'0201U) << "1 and 2, dropped the other way round";
}

TEST_F(PassingHandles, OfAFutureToo) {
  const auto said = ask("resolve", 7);
  ASSERT_TRUE(said) << said.error().message();
  EXPECT_EQ(*said, 7U);
}

TEST_F(PassingHandles, AProviderReadsItsOwnBack) {
  const auto said = ask("write", 42);
  ASSERT_TRUE(said) << said.error().message();
  EXPECT_EQ(*said, 4242U) << "its number, and then its destructor's";
}

}  // namespace
}  // namespace wisp::component
