// wasi:http in its corners: what guests/http-steps says, and what it must not survive.
#include "wasi/p2/http_testing.hpp"

#include <fmt/format.h>

namespace wisp::wasi::p2 {
namespace {

using namespace http_testing;

TEST(HttpSteps, EveryFunctionHasItsType) {
  WISP_NEEDS_GUEST("http-steps");
  EXPECT_NE(served_guests().face("http-steps"), nullptr);  // imports all of them
}

TEST(HttpSteps, UnstableItemsNameTheirSwitch) {
  WISP_NEEDS_GUEST("http-steps");
  component::HostLinker linker;
  add_to(linker, {});
  add_http_to(linker, {});
  const auto component = must(component::Component::load(
      *served_guests().engine(), component::testing::read_file("build/guests/http-steps.wasm"), {}));
  const auto linked = component::link(component, linker);
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().code(), Errc::import_gated);
  EXPECT_NE(linked.error().message().find("send-informational"), std::string::npos)
      << linked.error().message();
}

TEST(HttpSteps, EachIsFine) {
  WISP_NEEDS_GUEST("http-steps");
  Served steps("http-steps");
  for (const std::string_view path : {"/fields", "/once", "/request", "/length", "/informational"}) {
    const Reply reply = steps.request("POST", path, "a body that may go unread");
    EXPECT_EQ(reply.status, 200) << path;
    EXPECT_EQ(reply.body, "ok\n") << path;
  }
  EXPECT_TRUE(steps.comes_to_rest());
  EXPECT_TRUE(steps.failures().empty());
}

TEST(HttpSteps, MisuseTraps) {
  WISP_NEEDS_GUEST("http-steps");
  Served steps("http-steps");
  const struct {
    std::string_view path;
    Errc error;
  } kCases[] = {
      {"/trap/drop-request", Errc::trap_host},
      {"/trap/drop-body", Errc::trap_host},
      {"/trap/finish-reading", Errc::trap_host},
      {"/trap/finish-writing", Errc::trap_host},
      {"/trap/headers-held", Errc::trap_host},
      {"/trap/fields", Errc::trap_limit},
      {"/trap/permit", Errc::trap_host},
      {"/trap/hoard-handles", Errc::trap_limit},
      {"/trap/hoard-fields", Errc::trap_limit},
      {"/trap/hoard-clones", Errc::trap_limit},
      {"/trap/hoard-emptied-fields", Errc::trap_limit},
      {"/trap/hoard-bodies", Errc::trap_limit},
      {"/trap/hoard-targets", Errc::trap_limit},
  };
  for (const auto& one : kCases) {
    const auto before = steps.failures().size();
    EXPECT_EQ(steps.request("POST", one.path, "body").status, 502) << one.path;
    EXPECT_TRUE(steps.comes_to_rest()) << one.path;
    const auto failures = steps.failures();
    ASSERT_EQ(failures.size(), before + 1) << one.path;
    EXPECT_EQ(failures.back(), one.error) << one.path;
  }
}

TEST(HttpSteps, SendsInterimResponsesFirst) {
  WISP_NEEDS_GUEST("http-steps");
  Served steps("http-steps");
  RawClient client(steps.port());
  client.send("GET /informational HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string all = client.read_all();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 103 ")) << all;
  EXPECT_NE(all.find("link: </a.css>\r\n\r\nHTTP/1.1 102 "), std::string::npos) << all;
  EXPECT_NE(all.find("\r\n\r\nHTTP/1.1 200 "), std::string::npos) << all;
}

TEST(HttpSteps, AnUnfinishedBodyBreaksTheResponse) {
  WISP_NEEDS_GUEST("http-steps");
  for (const std::uint32_t invocations : {1U, 100U}) {
    Served steps("http-steps", {.pool = {.max_invocations = invocations}});
    for (const std::string_view path : {"/unfinished", "/kept"}) {
      const Reply reply = steps.get(path);
      EXPECT_EQ(reply.status, 200) << path;
      EXPECT_FALSE(reply.whole) << path;
    }
    EXPECT_EQ(steps.get("/bodiless").status, 204);
    EXPECT_TRUE(steps.comes_to_rest());
  }
}

TEST(HttpSteps, ARequestKeptByItsGuestIsStillARequest) {
  WISP_NEEDS_GUEST("http-steps");
  Served steps("http-steps", {.pool = {.max_invocations = 100}});
  for (int i = 0; i < 5; ++i) {
    const Reply reply = steps.request("POST", "/keep-request?a-long-enough-target-to-need-memory", "unread");
    EXPECT_EQ(reply.body, "ok\n");
  }
  EXPECT_EQ(steps.service().stats().trees_made, 1U);
}

}  // namespace
}  // namespace wisp::wasi::p2
