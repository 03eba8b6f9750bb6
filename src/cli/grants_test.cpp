#include "cli/grants.hpp"

#include <gtest/gtest.h>
#include <CLI/CLI.hpp>

namespace wisp::cli {
namespace {

TEST(Grants, Directories) {
  struct Row {
    std::string_view text;
    DirectoryGrant grant;
  };
  constexpr auto kWrite = wasi::TreeAccess::read_write;
  constexpr auto kRead = wasi::TreeAccess::read_only;
  const Row rows[] = {
      {"data::/data", {"data", "/data", kWrite}},
      {"data::/data:ro", {"data", "/data", kRead}},
      {"data::/data:rw", {"data", "/data", kWrite}},
      {"/srv/a:b::x", {"/srv/a:b", "x", kWrite}},
      {".", {".", ".", kWrite}},
      {"/srv:ro", {"/srv", "/srv", kRead}},
  };
  for (const auto& row : rows) {
    const auto grant = parse_directory(row.text);
    ASSERT_TRUE(grant) << row.text;
    EXPECT_EQ(*grant, row.grant) << row.text;
  }
  for (const auto* text : {"", "::", "a::", "::b", ":ro", "a::b::c", "a::\xff"}) {
    const auto grant = parse_directory(text);
    ASSERT_FALSE(grant) << text;
    EXPECT_EQ(grant.error().code(), Errc::usage) << text;
  }
}

TEST(Grants, Variables) {
  const auto own = [](const char* name) -> const char* {
    const std::string_view wanted(name);
    return wanted == "SET" ? "value" : wanted == "BAD" ? "\xff" : nullptr;
  };
  struct Row {
    std::string_view text;
    std::optional<Variable> variable;
  };
  const Row rows[] = {
      {"K=V", Variable{"K", "V"}},       {"K=", Variable{"K", ""}}, {"K=a=b", Variable{"K", "a=b"}},
      {"SET", Variable{"SET", "value"}}, {"UNSET", std::nullopt},
  };
  for (const auto& row : rows) {
    const auto variable = parse_variable(row.text, own);
    ASSERT_TRUE(variable) << row.text;
    EXPECT_EQ(*variable, row.variable) << row.text;
  }
  for (const auto* text : {"", "=", "=V", "K=\xff", "BAD"})
    EXPECT_EQ(parse_variable(text, own).error().code(), Errc::usage) << text;
}

TEST(Grants, LaterVariablesReplaceEarlierOnes) {
  const auto setup = make_setup({.environment = {"A=1", "B=2", "A=3"}});
  ASSERT_TRUE(setup);
  EXPECT_EQ(setup->environment, (std::vector<Variable>{{"B", "2"}, {"A", "3"}}));
}

TEST(Grants, NothingIsGrantedByDefault) {
  const auto setup = make_setup({});
  ASSERT_TRUE(setup);
  EXPECT_TRUE(setup->environment.empty());
  EXPECT_TRUE(setup->preopens.empty());
  EXPECT_TRUE(setup->network->egress.empty());
  EXPECT_FALSE(setup->network->listen);
  EXPECT_FALSE(setup->network->look_up);
  EXPECT_EQ(setup->resolver, nullptr);
  const auto outgoing = make_outgoing(*setup);
  ASSERT_TRUE(outgoing);
  EXPECT_EQ(outgoing->policy, nullptr);
}

TEST(Grants, WhatCannotBeGrantedIsAUsageError) {
  const Grants rows[] = {
      {.directories = {"/nonexistent::/x"}},
      {.directories = {"/dev/null::/x"}},
      {.environment = {"=x"}},
      {.hosts = {"example.com", "exa mple.com"}},
      {.hosts = {"10.0.0.0/99"}},
      {.hosts = {"example.com:99999"}},
  };
  for (const auto& row : rows) {
    const auto setup = make_setup(row);
    ASSERT_FALSE(setup);
    EXPECT_EQ(setup.error().code(), Errc::usage) << setup.error().message();
  }
}

TEST(Grants, HostPatterns) {
  const auto setup = make_setup({.hosts = {"example.com:443", "*.example.org"}});
  ASSERT_TRUE(setup) << setup.error().message();
  EXPECT_TRUE(setup->network->egress.may_name("example.com", 443));
  EXPECT_FALSE(setup->network->egress.may_name("example.com", 80));
  EXPECT_TRUE(setup->network->egress.may_name("a.example.org", 80));
  EXPECT_NE(setup->resolver, nullptr);
  const auto outgoing = make_outgoing(*setup);
  ASSERT_TRUE(outgoing);
  EXPECT_TRUE(outgoing->policy->may_name("example.com", 443));
}

TEST(Grants, Arguments) {
  EXPECT_TRUE(check_arguments(std::vector<std::string>{"", "größe", "--x"}));
  EXPECT_EQ(check_arguments(std::vector<std::string>{"ok", "\xff"}).error().code(), Errc::usage);
}

TEST(Grants, UnstableItems) {
  const auto none = parse_unstable({});
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->items.timezone);
  EXPECT_FALSE(none->http.informational);
  const auto some =
      parse_unstable(std::vector<std::string>{"clocks-timezone", "informational-outbound-responses"});
  ASSERT_TRUE(some);
  EXPECT_TRUE(some->items.timezone);
  EXPECT_FALSE(some->items.network_error_code);
  EXPECT_TRUE(some->http.informational);
  EXPECT_EQ(parse_unstable(std::vector<std::string>{"time-travel"}).error().code(), Errc::usage);
}

TEST(Grants, OptionsTakeOneValueEach) {
  CLI::App app;
  Grants grants;
  grants.declare(app);
  std::vector<std::string> rest;
  app.add_option("FILE", rest);
  std::vector<std::string> backwards{"x.wasm", "--env=C=[1,2]", "B=2", "--env", "A=1", "--env"};
  app.parse(backwards);
  EXPECT_EQ(grants.environment, (std::vector<std::string>{"A=1", "B=2", "C=[1,2]"}));
  EXPECT_EQ(rest, std::vector<std::string>{"x.wasm"});
}

TEST(Limits, ReadWhatWasTyped) {
  CLI::App app;
  LimitOptions options{.memory = "1GiB", .cpu_budget_ms = 10};
  options.declare(app);
  EXPECT_EQ(options.read()->memory_bytes, 1ull << 30);
  EXPECT_EQ(options.read()->cpu_budget, std::chrono::milliseconds(10));
  std::vector<std::string> backwards{"250", "--cpu-budget", "64MiB", "--max-memory", "--max-handles=7"};
  app.parse(backwards);
  EXPECT_EQ(options.read()->memory_bytes, 64ull << 20);
  EXPECT_EQ(options.read()->cpu_budget, std::chrono::milliseconds(250));
  EXPECT_EQ(options.read()->handles, 7U);
  options.memory = "lots";
  EXPECT_EQ(options.read().error().code(), Errc::usage);
}

TEST(Limits, NumbersThatAreNone) {
  for (const auto* value : {"-1", "abc", "1.5", "99999999999999999999", "", "+1", " 1", "0x10"}) {
    CLI::App app;
    LimitOptions options{.memory = "1GiB"};
    options.declare(app);
    std::vector<std::string> backwards{value, "--cpu-budget"};
    EXPECT_THROW(app.parse(backwards), CLI::ParseError) << value;
  }
}

}  // namespace
}  // namespace wisp::cli
