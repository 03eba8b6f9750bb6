#include "component/link/component_function.hpp"
#include "component/link/testing.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

using testing::Host;
using testing::must;

/// A consumer and its producer, each a tree of its own; the stream between them.
struct Pair {
  explicit Pair(const std::string& payload) {
    const auto load = [&](const std::string& name) {
      return host.load(testing::read_file(WISP_WAT_DIR "/" + name + "_" + payload + ".wasm"));
    };
    const std::array<std::shared_ptr<const Provider>, 1> providers{std::make_shared<Provider>(
        Provider{.name = "producer", .linked = host.link(load("produce")), .max_invocations = 1000})};
    linked = host.link(load("consume"), providers);
  }

  Result<std::uint32_t> consume(std::uint32_t chunks, std::uint32_t chunk) {
    const auto result = TRY(host.invoke(linked, "consume", testing::values(chunks, chunk)));
    return std::get<std::uint32_t>(result->data);
  }

  Host host;
  std::shared_ptr<const Linked> linked;
};

TEST(AsyncComponents, BytesGoFromTreeToTree) {
  Pair pair("bytes");
  EXPECT_EQ(must(pair.consume(1, 1)), 1U);
  EXPECT_EQ(must(pair.consume(1000, 4096)), 4'096'000U);
  EXPECT_EQ(must(pair.consume(0, 7)), 0U);
}

TEST(AsyncComponents, StringsGoFromTreeToTreeThroughTheReadersAllocator) {
  Pair pair("strings");
  EXPECT_EQ(must(pair.consume(50, 2)), 100U);
}

/// The producer's buffer of 3 strings reaches beyond what it has written: their addresses are garbage.
TEST(AsyncComponents, ABadElementTrapsWhoWritesIt) {
  Pair pair("strings");
  const auto outcome = pair.consume(1, 1U << 20);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Errc::trap_memory) << outcome.error().message();
}

}  // namespace
}  // namespace wisp::component
