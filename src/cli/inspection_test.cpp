#include "cli/inspection.hpp"

#include "cli/world.hpp"
#include "component/link/testing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wisp::cli {
namespace {

using component::testing::must;

Inspection of_guest(const std::string& name, std::span<const std::string> unstable = {}) {
  const auto component =
      must(component::Component::decode(component::testing::read_file("build/guests/" + name + ".wasm"), {}));
  const auto host = must(make_host(unstable));
  return inspect(name, *component, *host);
}

TEST(Inspection, FactsOfRealGuests) {
  struct Row {
    std::string guest;
    Purpose purpose;
    std::string world;
    bool runnable;
  };
  const Row rows[] = {
      {"hello", Purpose::http, "wasi:http 0.2", true},
      {"cli", Purpose::command, "wasi:cli 0.2", true},
      {"kitchen", Purpose::library, "", true},
      {"shop-consumer", Purpose::library, "", false},
  };
  for (const auto& row : rows) {
    const auto it = of_guest(row.guest);
    EXPECT_EQ(it.purpose, row.purpose) << row.guest;
    EXPECT_EQ(it.world, row.world) << row.guest;
    EXPECT_EQ(it.runnable(), row.runnable) << row.guest;
    EXPECT_FALSE(it.language.empty()) << row.guest;
    EXPECT_GT(it.memory_at_start, 0U) << row.guest;
    EXPECT_FALSE(it.modules.empty()) << row.guest;
  }
}

TEST(Inspection, WhatASwitchTurnsOnIsNotLacking) {
  const auto off = of_guest("wasi-all");
  ASSERT_FALSE(off.lacks.empty());
  for (const auto& lack : off.lacks)
    EXPECT_THAT(lack.remedy, ::testing::StartsWith("--wasi ")) << lack.interface;
  EXPECT_TRUE(
      of_guest("wasi-all", std::vector<std::string>{"clocks-timezone", "network-error-code"}).runnable());
}

TEST(Inspection, NamesFromInsideCannotSteerTheTerminal) {
  Inspection it{.file = "x\x1b[2J.wasm", .language = "\x1b[31m"};
  it.modules.push_back({.name = "evil\x1b]0;title\x07\nname"});
  it.requires_ = {"a\rb"};
  it.lacks.push_back({.interface = "c\x1b", .item = "d\x1b", .remedy = ""});
  it.wit = "interface \x1b[0m {}\n";
  const auto text = render(it, Colour::off);
  EXPECT_EQ(text.find_first_of("\x1b\x07\r"), std::string::npos) << text;
}

}  // namespace
}  // namespace wisp::cli
