#include "wasi/p2/http_testing.hpp"

#include <chrono>

/// Requests that wait for an instance (wasi/http/instance_queue.hpp), where one serves one request.
namespace wisp::wasi::p2 {
namespace {

using namespace http_testing;
using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET /instance HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
constexpr std::string_view kBusy = "GET /slow?ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n";

http::ServeOptions one_instance(http::InstanceQueue::Limits queue) {
  return {.shards = 1, .queue = queue, .pool = {.max_live = 1}};
}

TEST(HttpQueue, HasABoundedNumberOfPlaces) {
  WISP_NEEDS_GUEST("http-echo");
  static_assert(http::InstanceQueue::Limits().places == 1'024);
  Served echo("http-echo", one_instance({.patience = 60s, .places = 2}));
  RawClient busy(echo.port());
  busy.send(kBusy);
  EXPECT_TRUE(busy.read_until("first\n").ends_with("first\n"));
  RawClient one(echo.port()), two(echo.port());
  one.send(kGet);
  two.send(kGet);
  EXPECT_TRUE(eventually([&] { return echo.service().stats().in_flight == 3; }));
  EXPECT_EQ(echo.get("/").status, 503) << "no place is left";
  EXPECT_EQ(echo.failures(), std::vector{Errc::no_capacity});
  one.close();
  EXPECT_TRUE(eventually([&] { return echo.service().stats().in_flight == 2; }));
  RawClient three(echo.port());
  three.send(kGet);
  EXPECT_TRUE(eventually([&] { return echo.service().stats().in_flight == 3; }));
  busy.close();
  EXPECT_EQ(read_reply(two).status, 200);
  EXPECT_EQ(read_reply(three).status, 200) << "whoever leaves makes room";
  EXPECT_TRUE(echo.comes_to_rest());
}

TEST(HttpQueue, WaitsAsLongAsItIsTold) {
  WISP_NEEDS_GUEST("http-echo");
  struct Row {
    std::chrono::milliseconds patience;
    int status;
  };
  for (const Row& row : {Row{0ms, 503}, Row{20ms, 503}, Row{60s, 200}}) {
    Served echo("http-echo", one_instance({.patience = row.patience}));
    RawClient busy(echo.port());
    busy.send(kBusy);
    EXPECT_TRUE(busy.read_until("first\n").ends_with("first\n"));
    RawClient waits(echo.port());
    waits.send(kGet);
    if (row.status == 200) {
      EXPECT_TRUE(eventually([&] { return echo.service().stats().in_flight == 2; }));
      busy.close();
    }
    EXPECT_EQ(read_reply(waits).status, row.status) << row.patience.count();
  }
}

}  // namespace
}  // namespace wisp::wasi::p2
