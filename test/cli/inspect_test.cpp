#include "process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

namespace wisp::e2e {
namespace {

using ::testing::HasSubstr;

TEST(Inspect, SaysWhatAComponentIs) {
  const auto hello = wisp({"inspect", guest("hello")});
  EXPECT_EQ(hello.status, 0);
  for (const auto* text :
       {"build/guests/hello.wasm  wasi:http 0.2, C++, ", "3 core modules",
        "wisp serve build/guests/hello.wasm", "provides     wasi:http/incoming-handler@0.2",
        "lacks        nothing", "CORE MODULE", "core.wasm", "export wasi:http/incoming-handler@0.2",
        "resource response-outparam"})
    EXPECT_THAT(hello.out, HasSubstr(text));
  EXPECT_THAT(wisp({"inspect", guest("cli")}).out, HasSubstr("run it with  wisp run build/guests/cli.wasm"));
  const auto consumer = wisp({"inspect", guest("shop-consumer")});
  EXPECT_EQ(consumer.status, 0);
  EXPECT_THAT(consumer.out, HasSubstr("lacks        demo:shop/store@1.2.0"));
}

TEST(Inspect, PrintsWitAlone) {
  const auto wit = wisp({"inspect", "--wit", guest("kitchen")}).out;
  EXPECT_THAT(wit, ::testing::StartsWith("package root:component;"));
  EXPECT_THAT(wit, HasSubstr("pass-point: func(v: point) -> point;"));
}

TEST(Inspect, AsJson) {
  const auto json = boost::json::parse(wisp({"inspect", "-o", "json", guest("shop-consumer")}).out);
  EXPECT_EQ(json.at("file").as_string(), guest("shop-consumer"));
  EXPECT_EQ(json.at("purpose").as_string(), "library");
  EXPECT_FALSE(json.at("runnable").as_bool());
  EXPECT_EQ(json.at("lacks").at(0).at("interface").as_string(), "demo:shop/store@1.2.0");
  EXPECT_EQ(json.at("imports").at(0).as_string(), "demo:shop/store@1.2.0");
  EXPECT_GT(json.at("core_modules").at(0).at("bytes").as_int64(), 1000);
  EXPECT_GE(json.at("memory").at("start_bytes").as_int64(), 65'536);

  // Every key is documented.
  const auto documentation = read_file("docs/cli.md");
  for (const auto& [key, value] : json.as_object())
    EXPECT_THAT(documentation, HasSubstr("`" + std::string(key) + "`"));

  const auto hello = boost::json::parse(wisp({"inspect", "-o", "json", guest("hello")}).out);
  EXPECT_TRUE(hello.at("runnable").as_bool());
  EXPECT_EQ(hello.at("world").as_string(), "wasi:http 0.2");
  EXPECT_EQ(hello.at("language").as_string(), "C++");
}

}  // namespace
}  // namespace wisp::e2e
