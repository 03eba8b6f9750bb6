#include "component/types/names.hpp"

#include <gtest/gtest.h>

namespace wisp::component {
namespace {

TEST(Names, MeetInTheirCanonicalForm) {
  struct Row {
    const char* name;
    const char* canonical;
  };
  const Row rows[] = {
      {"wasi:io/streams@1.2.3", "wasi:io/streams@1"},
      {"wasi:io/streams@0.2.6", "wasi:io/streams@0.2"},
      {"wasi:io/streams@0.2.0", "wasi:io/streams@0.2"},
      {"wasi:io/streams@0.10.0", "wasi:io/streams@0.10"},
      {"wasi:io/streams@0.0.1", "wasi:io/streams@0.0.1"},
      {"wasi:io/streams@0.0.0", "wasi:io/streams@0.0.0"},
      {"wasi:io/streams@1.2.3+build.7", "wasi:io/streams@1"},
      {"wasi:io/streams@0.0.1+build-7", "wasi:io/streams@0.0.1"},
      {"wasi:io/streams@0.2.0-rc.1", "wasi:io/streams@0.2.0-rc.1"},
      {"wasi:io/streams@1.0.0-rc-2023-11-10", "wasi:io/streams@1.0.0-rc-2023-11-10"},
      {"wasi:io/streams@1.0.0-rc.1+b", "wasi:io/streams@1.0.0-rc.1"},
      {"wasi:io/streams@0.2", "wasi:io/streams@0.2"},
      {"wasi:io/streams@3", "wasi:io/streams@3"},
      {"wasi:io/streams", "wasi:io/streams"},
      {"run", "run"},
      {"[method]descriptor.read", "[method]descriptor.read"},
      {"wasi:io/streams@01.2.3", "wasi:io/streams@01.2.3"},
      {"wasi:io/streams@1.2", "wasi:io/streams@1.2"},
      {"", ""},
  };
  for (const auto& row : rows) EXPECT_EQ(canonical_name(row.name), row.canonical) << row.name;
}

TEST(Names, AreTakenApart) {
  const auto name = parse_interface_name("my-org:my-pkg/get-JSON@0.2.6-a.1+b");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->package, "my-org:my-pkg");
  EXPECT_EQ(name->interface, "get-JSON");
  EXPECT_EQ(name->version, "0.2.6-a.1+b");
  EXPECT_EQ(parse_interface_name("a:b/c")->version, "");

  for (const auto* good : {"a:b/c@0.2", "a:b/c@1", "a:b/c@0.0.0", "a:b/c@10.20.30", "a1:b2/C3-d4",
                           "a:b/c@1.0.0-0a.x-y", "a:b/c@1.0.0--"})
    EXPECT_TRUE(parse_interface_name(good)) << good;
  for (const auto* bad : {"",
                          "a",
                          "a:b",
                          "a/b",
                          ":b/c",
                          "a:/c",
                          "a:b/",
                          "a:b/c@",
                          "A:b/c",
                          "a:B/c",
                          "a:b/cD",
                          "a:b/c-",
                          "a:b/-c",
                          "a:b/1c",
                          "a:b--d/c",
                          "a:b/c/d",
                          "a:b:c/d",
                          "a:b/c@1.2",
                          "a:b/c@0",
                          "a:b/c@0.0",
                          "a:b/c@1.2.3.4",
                          "a:b/c@01.2.3",
                          "a:b/c@1.2.3-",
                          "a:b/c@1.2.3-01",
                          "a:b/c@1.2.3+",
                          "a:b/c@1.2.3-a..b",
                          "a:b/c@1.2.3@4",
                          "a:b/c@1..3",
                          "a:b/c@1-rc",
                          "a:b/c@1+b",
                          "a b:c/d",
                          "a:b/c@1.2.x",
                          "[method]a.b"})
    EXPECT_FALSE(parse_interface_name(bad)) << bad;
}

}  // namespace
}  // namespace wisp::component
