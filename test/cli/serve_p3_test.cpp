#include "http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

/// `wisp serve` with components of wasi:http 0.3.
namespace wisp::e2e {
namespace {

/// Whether `holds` becomes true within five seconds.
template <class Condition>
bool eventually(Condition holds) {
  for (int i = 0; i < 500; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ServeP3, Answers) {
  for (const auto* name : {"p3-hello", "p3-hello-0.3.0"}) {
    Server server({guest(name)});
    EXPECT_EQ(get(server.port(), "/").body, "Hello, world!") << name;
    EXPECT_THAT(get(server.port(), "/").head, HasSubstr("Content-Length: 13")) << name;
    EXPECT_EQ(get(server.port(), "/?name=you").body, "Hello, you!\n") << name;
    const auto outcome = server.stop();
    EXPECT_EQ(outcome.status, 0) << name;
    EXPECT_EQ(outcome.err, server.first_line() + "\n") << name;
  }
}

TEST(ServeP3, AnInstanceServesManyRequests) {
  Server warm({"--shards", "1", guest("p3-http")});
  for (int i = 1; i < 4; ++i) EXPECT_EQ(get(warm.port(), "/instance").body, std::to_string(i) + "\n");
  Server fresh({"--max-invocations", "1", "--shards", "1", guest("p3-http")});
  for (int i = 1; i < 4; ++i) EXPECT_EQ(get(fresh.port(), "/instance").body, "1\n");
  Server some({"--max-invocations", "2", "--shards", "1", guest("p3-http")});
  std::string seen;
  for (int i = 1; i < 5; ++i) seen += get(some.port(), "/instance").body;
  EXPECT_EQ(seen, "1\n2\n1\n2\n");
}

TEST(ServeP3, RequestsShareAnInstanceUpToItsConcurrency) {
  Server server({"--shards", "1", "--max-concurrency", "2", guest("p3-http")});
  const Connection one(server.port()), two(server.port());
  for (const auto* busy : {&one, &two}) {
    busy->send("GET /slow?ms=2000 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(busy->receive_until("one"), HasSubstr("one"));
  }
  EXPECT_EQ(get(server.port(), "/instance").body, "1\n") << "both places of the first are taken";
  EXPECT_EQ(get(server.port(), "/instance").body, "2\n") << "the second goes on";
  EXPECT_THAT(one.receive_until("two"), HasSubstr("two"));
}

TEST(ServeP3, ATaskThatBlocksHoldsItsInstanceOnly) {
  Server server({"--shards", "1", "--max-concurrency", "8", guest("p3-block")});
  const Connection sibling(server.port()), blocked(server.port());
  sibling.send("GET /sleep?ms=100 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  blocked.send("GET /block?ms=1500 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get(server.port(), "/").status, 200);
  EXPECT_THAT(blocked.receive_all(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(sibling.receive_all(), StartsWith("HTTP/1.1 200 ")) << "late, but answered";
  EXPECT_EQ(server.stop().status, 0);
}

/// The value of a metric in Prometheus' format; negative: there is none.
double metric(int port, const std::string& name) {
  const std::string text = "\n" + get(port, "/metrics").body;
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

TEST(ServeP3, MetricsTellOfPausedInstances) {
  Server server({"--shards", "1", "--metrics-addr", "127.0.0.1:0", guest("p3-block")});
  const std::string line = server.process().error_line(1);
  EXPECT_THAT(line, StartsWith("Metrics at http://127.0.0.1:"));
  const int metrics = std::stoi(line.substr(line.rfind(':') + 1));
  EXPECT_EQ(get(server.port(), "/").status, 200);
  EXPECT_EQ(metric(metrics, "wisp_instances_paused"), 0);
  const Connection blocked(server.port());
  blocked.send("GET /block?ms=700 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return metric(metrics, "wisp_instances_paused") == 1; }));
  EXPECT_THAT(blocked.receive_all(), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(metric(metrics, "wisp_instances_paused"), 0);
  EXPECT_GE(metric(metrics, "wisp_instance_paused_seconds_total"), 0.6);
  EXPECT_EQ(metric(metrics, "wisp_requests_total"), 2);
  EXPECT_EQ(get(metrics, "/healthz").body, "ok\n");
  EXPECT_EQ(get(metrics, "/else").status, 404);
  EXPECT_EQ(server.stop().status, 0);
}

TEST(ServeP3, ADeadlineOnATaskThatBlocksRetiresItsInstance) {
  Server server({"--shards", "1", "--max-concurrency", "8", "--request-timeout", "500", guest("p3-block")});
  const Connection sibling(server.port()), blocked(server.port());
  sibling.send("GET /sleep?ms=60000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  blocked.send("GET /block?ms=60000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(blocked.receive_all(), StartsWith("HTTP/1.1 504 "));
  EXPECT_THAT(sibling.receive_all(), StartsWith("HTTP/1.1 504 "));
  EXPECT_EQ(get(server.port(), "/").status, 200);
  EXPECT_EQ(server.stop().status, 0) << "nothing is left of it that the end would wait for";
}

TEST(ServeP3, AClientThatLeavesATaskThatBlocksRetiresItsInstance) {
  Server server({"--shards", "1", "--max-concurrency", "8", "--cancel-timeout", "100", guest("p3-block")});
  {
    const Connection blocked(server.port());
    blocked.send("GET /block?ms=60000 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(get(server.port(), "/").status, 200);
  }
  EXPECT_EQ(server.stop().status, 0) << "the end does not wait for it";
}

TEST(ServeP3, RequestsWaitForAnInstance) {
  Server server({"--shards", "1", "--max-instances", "1", "--max-concurrency", "1", guest("p3-http")});
  std::vector<std::unique_ptr<Connection>> waiting;
  for (int i = 0; i < 5; ++i) {
    waiting.push_back(std::make_unique<Connection>(server.port()));
    waiting.back()->send("GET /slow?ms=50 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }
  for (const auto& one : waiting) EXPECT_THAT(one->receive_all(), HasSubstr("two\n"));
  // One that leaves while it waits makes room for the next.
  const Connection busy(server.port());
  busy.send("GET /slow?ms=500 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(busy.receive_until("one"), HasSubstr("one"));
  Connection(server.port()).send("GET /slow?ms=60000 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(get(server.port(), "/").status, 200);
  EXPECT_EQ(server.stop().status, 0);
}

TEST(ServeP3, RequestsWaitOnlySoLong) {
  Server server({"--shards", "1", "--max-instances", "1", "--max-concurrency", "1", "--queue-timeout", "100",
                 guest("p3-http")});
  const Connection busy(server.port());
  busy.send("GET /slow?ms=60000 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(busy.receive_until("one"), HasSubstr("one"));
  EXPECT_EQ(get(server.port(), "/").status, 503);
  Server other({"--shards", "1", "--max-instances", "1", "--max-concurrency", "1", "--request-timeout", "300",
                guest("p3-http")});
  const Connection first(other.port());
  first.send("GET /slow?ms=250 HTTP/1.1\r\nHost: x\r\n\r\n");
  const Connection second(other.port());
  second.send("GET /sleep?ms=60000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(second.receive_all(), StartsWith("HTTP/1.1 504 ")) << "its time counts from its head";
}

TEST(ServeP3, BodiesAndTrailersPassBothWays) {
  Server server({"--shards", "1", guest("p3-http")});
  const std::string body(300'000, 'Z');
  EXPECT_THAT(post_chunked(server.port(), "/count", body), HasSubstr("300000 27000000\n"));
  for (const auto* path : {"/echo", "/pass"}) {
    const auto reply = post_chunked(server.port(), path, body, "X-Sum: 7\r\n");
    EXPECT_EQ(std::ranges::count(reply, 'Z'), 300'000) << path;
    EXPECT_THAT(reply, HasSubstr("0\r\nX-Sum: 7\r\n\r\n")) << path;
  }
  EXPECT_THAT(get(server.port(), "/trailers").sent, HasSubstr("0\r\nx-sum: 42\r\n\r\n"));
  EXPECT_EQ(std::ranges::count(get(server.port(), "/stream?n=1000000").body, 'x'), 1'000'000);
}

TEST(ServeP3, TrailersOfMessagesWithoutContentsMayComeLate) {
  Server origin({"--shards", "1", guest("p3-http")});
  const std::string host = "127.0.0.1:" + std::to_string(origin.port());
  Server server({"--shards", "1", "--allow-host", host, "--route", "near.internal=" + guest("p3-http"),
                 guest("p3-http")});
  EXPECT_EQ(get(server.port(), "/late?ms=20&sum=7").sent, "0\r\nx-sum: 7\r\n\r\n");
  EXPECT_EQ(get(server.port(), "/late?ms=20").sent, "0\r\n\r\n");
  struct Row {
    std::string_view type;  // gRPC goes over HTTP/2
    std::string authority;
  };
  const Row rows[] = {{"text/plain", host}, {"application/grpc", host}, {"text/plain", "near.internal"}};
  for (const auto& row : rows) {
    for (const std::string_view path : {"/echo", "/pass"}) {
      for (const std::string_view wait : {"0", "20"}) {
        const std::string ask = "/ask-late?announced=1&ms=" + std::string(wait) +
                                "&type=" + std::string(row.type) + "&url=http://" + row.authority +
                                std::string(path);
        EXPECT_EQ(get(server.port(), ask + "&sum=7").sent, "0\r\nx-sum: 7\r\n\r\n") << ask;
        EXPECT_EQ(get(server.port(), ask).body, "") << ask;
        EXPECT_EQ(get(server.port(), ask).status, 200) << ask;
      }
    }
  }
  EXPECT_EQ(server.stop().status, 0);
}

/// A guest may hold the end of its trailers until it has the answer, which the server gives at the request's
/// end.
TEST(ServeP3, OnlyTrailersThatAreThereOrAnnouncedMakeChunksOfNothing) {
  const Listener origin;
  const std::string host = "127.0.0.1:" + std::to_string(origin.port());
  Server server({"--shards", "1", "--allow-host", host, guest("p3-http")});
  struct Row {
    std::string_view query, rest;
  };
  const Row rows[] = {{"ms=0", ""},
                      {"ms=20", ""},
                      {"ms=20&sum=7", ""},
                      {"ms=20&announced=1", "0\r\n\r\n"},
                      {"ms=20&announced=1&sum=7", "0\r\nx-sum: 7\r\n\r\n"},
                      {"ms=0&sum=7", "0\r\nx-sum: 7\r\n\r\n"}};
  for (const auto& row : rows) {
    const Connection client(server.port());
    client.send("GET /ask-late?url=http://" + host + "/&type=text/plain&" + std::string(row.query) +
                " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const Connection upstream = origin.accept();
    const std::string end = "\r\n\r\n" + std::string(row.rest);
    const std::string request = upstream.receive_until(end);
    EXPECT_THAT(request, ::testing::EndsWith(end)) << row.query;
    EXPECT_EQ(request.contains("ransfer-"), !row.rest.empty()) << row.query << "\n" << request;
    upstream.send("HTTP/1.1 204 Fine\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.receive_all(), StartsWith("HTTP/1.1 204 ")) << row.query;
  }
}

TEST(ServeP3, ANameHasTheSpellingOfItsFirstField) {
  Server server({"--shards", "1", guest("p3-http")});
  EXPECT_EQ(get(server.port(), "/spellings").body, "x-one\nX-Two\nx-one\nX-Two\n");
}

TEST(ServeP3, TheGuestLearnsHowItsResponseWasTransmitted) {
  Server server({"--shards", "1", guest("p3-http")});
  const auto last = [&] { return get(server.port(), "/transmission").body; };
  EXPECT_EQ(get(server.port(), "/").body, "hello\n");
  EXPECT_EQ(last(), "ok\n");
  static_cast<void>(get(server.port(), "/mismatch?length=10&n=5"));
  EXPECT_EQ(last(), "28\n") << "HTTP-response-body-size";
  static_cast<void>(get(server.port(), "/mismatch?length=5&n=10"));
  EXPECT_EQ(last(), "28\n");
  static_cast<void>(get(server.port(), "/broken"));
  EXPECT_EQ(last(), "35\n") << "the error that the trailers resolved to";
}

TEST(ServeP3, FailuresOfTheGuestAreAnswered) {
  Server server({"--cpu-budget", "100", "--request-timeout", "1000", "--shards", "1", guest("p3-http")});
  struct Row {
    std::string target;
    int status;
  };
  const Row rows[] = {
      {"/trap", 502}, {"/nothing", 502},        {"/refuse", 502},
      {"/spin", 502}, {"/sleep?ms=60000", 504}, {"/status?code=404", 404},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(get(server.port(), row.target).status, row.status) << row.target;
    EXPECT_EQ(get(server.port(), "/").status, 200) << "after " << row.target;
  }
  EXPECT_EQ(get(server.port(), "/trap-later?ms=5").body, "some\n");
  const auto outcome = server.stop();
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.err, HasSubstr("GET /trap: wasm `unreachable`"));
  EXPECT_THAT(outcome.err, HasSubstr("GET /trap-later?ms=5: wasm `unreachable`")) << "within the body";
}

TEST(ServeP3, ATaskGoesOnAfterItsAnswer) {
  Server server({"--shards", "1", guest("p3-http")});
  EXPECT_EQ(get(server.port(), "/after?ms=50").body, "answered\n");
  std::string last;
  for (int i = 0; i < 100 && last != "after\n"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    last = get(server.port(), "/transmission").body;
    // Reading it is itself a response that is transmitted.
    if (last == "ok\n") continue;
  }
  EXPECT_EQ(server.stop().status, 0);
}

TEST(ServeP3, AClientThatLeavesCancelsItsTaskAlone) {
  Server server({"--shards", "1", guest("p3-http")});
  const Connection stays(server.port());
  stays.send("GET /slow?ms=1000 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(stays.receive_until("one"), HasSubstr("one"));
  {
    const Connection leaves(server.port());
    leaves.send("GET /sleep?ms=60000 HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  EXPECT_THAT(stays.receive_until("two"), HasSubstr("two"));
  EXPECT_EQ(get(server.port(), "/instance").body, "3\n");
  EXPECT_EQ(server.stop().status, 0);
}

/// One at a time is told, while others wait for what they have cancelled themselves.
TEST(ServeP3, ClientsThatLeaveTogetherEndTheirTasksOnly) {
  Server server({"--shards", "1", "--max-instances", "1", "--max-concurrency", "100", guest("p3-http")});
  std::vector<std::unique_ptr<Connection>> leaving;
  std::vector<std::unique_ptr<Connection>> staying;
  for (int i = 0; i < 30; ++i) {
    leaving.push_back(std::make_unique<Connection>(server.port()));
    leaving.back()->send("GET /sleep?ms=60000 HTTP/1.1\r\nHost: x\r\n\r\n");
    staying.push_back(std::make_unique<Connection>(server.port()));
    staying.back()->send("GET /sleep?ms=1000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }
  const auto jobs = [&] { return std::stoi(get(server.port(), "/jobs").body); };
  EXPECT_TRUE(eventually([&] { return jobs() == 4 * 30; })) << "two coroutines each";
  leaving.clear();
  for (const auto& connection : staying) EXPECT_THAT(connection->receive_all(), HasSubstr("slept\n"));
  EXPECT_TRUE(eventually([&] { return jobs() == 0; }));
  EXPECT_EQ(server.stop().status, 0);
}

/// The guest cancels what its coroutines wait for, and destroys them.
TEST(ServeP3, ACancelledTaskLeavesNothingBehind) {
  const Server silent({"--shards", "1", guest("p3-http")});
  const std::string host = "127.0.0.1:" + std::to_string(silent.port());
  Server server({"--shards", "1", "--max-instances", "1", "--allow-host", host, guest("p3-http")});
  const std::string upload = "\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
  const std::string requests[] = {
      "GET /sleep?ms=60000 HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST /count HTTP/1.1" + upload,
      "GET /proxy?url=http://" + host + "/sleep?ms=60000 HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST /proxy?url=http://" + host + "/count HTTP/1.1" + upload,
      "POST /echo HTTP/1.1" + upload,
  };
  for (const auto& request : requests) {
    const Connection leaves(server.port());
    leaves.send(request);
    std::string jobs;
    for (int i = 0; i < 200 && jobs.empty(); ++i) {
      if (const auto body = get(server.port(), "/jobs").body; body != "0\n") jobs = body;
    }
    EXPECT_FALSE(jobs.empty()) << request;
  }
  EXPECT_TRUE(eventually([&] { return get(server.port(), "/jobs").body == "0\n"; }));
  EXPECT_EQ(server.stop().status, 0);
  EXPECT_EQ(get(silent.port(), "/").status, 200);
}

TEST(ServeP3, AProxyPassesBothBodies) {
  // Of two versions.
  Server origin({"--shards", "1", guest("p3-http-0.3.0")});
  const std::string host = "127.0.0.1:" + std::to_string(origin.port());
  Server proxy({"--shards", "1", "--allow-host", host, guest("p3-http")});
  EXPECT_THAT(get(proxy.port(), "/proxy?url=http://" + host + "/").body, HasSubstr("hello\n"));
  const std::string body(300'000, 'Z');
  const auto reply = post_chunked(proxy.port(), "/proxy?url=http://" + host + "/echo", body, "X-Sum: 7\r\n");
  EXPECT_EQ(std::ranges::count(reply, 'Z'), 300'000);
  EXPECT_THAT(reply, HasSubstr("0\r\nX-Sum: 7\r\n\r\n"));
  EXPECT_EQ(get(proxy.port(), "/proxy?url=http://127.0.0.2:1/").status, 502) << "not allowed";
  const std::string other = "127.0.0.1:" + std::to_string(proxy.port());
  Server older({"--shards", "1", "--allow-host", other, guest("p3-http-0.3.0")});
  EXPECT_THAT(post_chunked(older.port(), "/proxy?url=http://" + other + "/count", body),
              HasSubstr("300000 27000000\n"));
}

struct ReverseProxy {
  explicit ReverseProxy(const std::string& name = "p3-http")
      : origin({"--shards", "1", "--access-log", guest(name)}),
        host("127.0.0.1:" + std::to_string(origin.port())),
        proxy(
            {"--shards", "1", "--env", "UPSTREAM=http://" + host, "--allow-host", host, guest("p3-proxy")}) {}
  Server origin;
  std::string host;
  Server proxy;
};

TEST(ServeP3, AReverseProxyPassesEverythingOn) {
  ReverseProxy both;
  EXPECT_EQ(get(both.proxy.port(), "/").body, get(both.origin.port(), "/").body);
  EXPECT_EQ(get(both.proxy.port(), "/status?code=404").status, 404);
  const std::string body(300'000, 'Z');
  const auto reply = post_chunked(both.proxy.port(), "/echo", body, "X-Sum: 7\r\n");
  EXPECT_EQ(std::ranges::count(reply, 'Z'), 300'000);
  EXPECT_THAT(reply, HasSubstr("0\r\nX-Sum: 7\r\n\r\n"));
  EXPECT_THAT(get(both.proxy.port(), "/trailers").sent, HasSubstr("0\r\nx-sum: 42\r\n\r\n"));
  EXPECT_EQ(get(both.proxy.port(), "/broken").sent, "4\r\nhalf\r\n") << "a body that breaks off breaks off";
  EXPECT_EQ(both.proxy.stop().status, 0);
}

TEST(ServeP3, GrpcGoesOutOverHttp2) {
  const struct {
    const char* type;
    const char* version;
  } rows[] = {
      {"application/grpc", "HTTP/2"},     {"Application/GRPC+proto", "HTTP/2"},
      {"application/grpc;x=y", "HTTP/2"}, {"application/grpc-web", "HTTP/1.1"},
      {"text/plain", "HTTP/1.1"},
  };
  ReverseProxy both("p3-hello");
  for (const auto& row : rows) {
    EXPECT_EQ(get(both.proxy.port(), "/", std::string("Content-Type: ") + row.type + "\r\n").body,
              "Hello, world!");
  }
  const std::string log = both.origin.stop().out;
  std::size_t at = 0;
  for (const auto& row : rows) {
    const auto end = log.find('\n', at);
    EXPECT_THAT(log.substr(at, end - at), HasSubstr(row.version)) << row.type;
    at = end + 1;
  }
}

TEST(ServeP3, AClientThatLeavesTakesTheUpstreamRequestAlong) {
  ReverseProxy both;
  for (const auto* target : {"/sleep?ms=60000", "/slow?ms=60000"}) {
    const Connection leaves(both.proxy.port());
    leaves.send("GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    if (std::string_view(target).starts_with("/slow"))
      EXPECT_THAT(leaves.receive_until("one"), HasSubstr("one"));
  }
  // Each is logged once it has ended.
  std::string log;
  for (int i = 0; i < 250 && std::ranges::count(log, '\n') < 2; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    log = both.origin.process().output();
  }
  EXPECT_THAT(log, HasSubstr("/sleep?ms=60000"));
  EXPECT_THAT(log, HasSubstr("/slow?ms=60000"));
}

TEST(ServeP3, AClientThatWaitsForContinueGetsIt) {
  Server server({"--shards", "1", guest("p3-http")});
  for (const auto* path : {"/echo", "/pass", "/count"}) {
    const Connection waits(server.port());
    waits.send(
        "POST " + std::string(path) +
        " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    std::string reply = waits.receive_until("\r\n\r\n");
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 100 Continue\r\n\r\n")) << path;
    waits.send("abc");
    reply += waits.receive_all();
    EXPECT_THAT(reply, HasSubstr("HTTP/1.1 200 OK")) << path;
    EXPECT_THAT(reply, HasSubstr(std::string_view(path) == "/count" ? "3 294\n" : "abc")) << path;
  }
}

}  // namespace
}  // namespace wisp::e2e
