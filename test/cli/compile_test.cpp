#include "http.hpp"
#include "process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

namespace wisp::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Compile, MakesAnArtifactThatRunsOnlyWhenAllowed) {
  const Folder folder;
  const auto artifact = folder.path("kitchen.cwasm");
  ASSERT_EQ(wisp({"compile", guest("kitchen"), "-o", artifact}).status, 0);

  const auto refused = wisp({"run", "--invoke", "pass-u8(7)", artifact});
  EXPECT_EQ(refused.status, 3);
  EXPECT_THAT(refused.err, StartsWith("error[E0108]: " + artifact + " is precompiled"));
  EXPECT_THAT(refused.err, HasSubstr("--allow-precompiled"));

  const auto outcome = wisp({"run", "--allow-precompiled", "--no-cache", "--invoke", "pass-u8(7)", artifact});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "7\n");
}

TEST(Compile, ServesArtifacts) {
  const Folder folder;
  const auto artifact = folder.path("hello.cwasm");
  ASSERT_EQ(wisp({"compile", guest("hello"), "-o", artifact}).status, 0);
  EXPECT_EQ(wisp({"serve", "--addr", "127.0.0.1:0", artifact}).status, 3);
  Server server({"--allow-precompiled", artifact});
  EXPECT_EQ(get(server.port(), "/").body, "Hello, world!");
  EXPECT_EQ(server.stop().status, 0);
}

TEST(Compile, DamagedArtifactsAreRefused) {
  const Folder folder;
  const auto artifact = folder.path("kitchen.cwasm");
  ASSERT_EQ(wisp({"compile", guest("kitchen"), "-o", artifact}).status, 0);
  const auto bytes = read_file(artifact);
  auto flipped = bytes;
  flipped[bytes.size() / 2] ^= 1;
  for (const auto& damaged : {bytes.substr(0, bytes.size() - 1), flipped, bytes.substr(0, 20)}) {
    const auto file = folder.write("damaged.cwasm", damaged);
    const auto outcome = wisp({"run", "--allow-precompiled", "--invoke", "pass-u8(7)", file});
    EXPECT_EQ(outcome.status, 3);
    EXPECT_THAT(outcome.err, StartsWith("error[E0106]: " + file));
    EXPECT_THAT(outcome.err, HasSubstr("compile it again"));
  }
}

TEST(Compile, NamesTheArtifactItself) {
  const Folder folder;
  const auto component = folder.write("k.wasm", read_file(guest("kitchen")));
  const auto outcome = wisp({"-o", "json", "compile", component});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto json = boost::json::parse(outcome.out);
  EXPECT_EQ(json.at("artifact").as_string(), folder.path("k.cwasm"));
  EXPECT_EQ(json.at("bytes").as_int64(),
            static_cast<std::int64_t>(std::filesystem::file_size(folder.path("k.cwasm"))));
}

TEST(Cache, KeepsCompiledCodeUnlessTold) {
  const Folder folder;
  const Setting setting{.environment = {{"WISP_CACHE", folder.path()}}};
  const auto entries = [&] {
    std::size_t count = 0;
    if (std::filesystem::exists(folder.path("aot")))
      for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path("aot")))
        ++count;
    return count;
  };
  const std::vector<std::string> call{"run", "--invoke", "pass-u8(7)", guest("kitchen")};
  auto uncached = call;
  uncached.insert(uncached.begin() + 1, "--no-cache");
  EXPECT_EQ(wisp(uncached, setting).out, "7\n");
  EXPECT_EQ(entries(), 0U);
  EXPECT_EQ(wisp(call, setting).out, "7\n");
  EXPECT_GT(entries(), 0U);
  EXPECT_EQ(wisp(call, setting).out, "7\n");

  // What is in there is native code: entries that are not sound, and folders that others can write, are not
  // used.
  for (const auto& entry : std::filesystem::directory_iterator(folder.path("aot"))) {
    auto bytes = read_file(entry.path());
    bytes[bytes.size() / 2] ^= 1;
    folder.write("aot/" + entry.path().filename().string(), bytes);
  }
  EXPECT_EQ(wisp(call, setting).out, "7\n");
  std::filesystem::permissions(folder.path("aot"), std::filesystem::perms::all);
  const auto outcome = wisp(call, setting);
  EXPECT_EQ(outcome.out, "7\n");
  EXPECT_EQ(outcome.err, "");
}

}  // namespace
}  // namespace wisp::e2e
