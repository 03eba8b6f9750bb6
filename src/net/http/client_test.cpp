#include "net/http/client.hpp"

#include "net/http/client_testing.hpp"
#include "net/tls_testing.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <future>

namespace wisp::net::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace testing;

asio::awaitable<void> sleep_for(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

/// A server that says exactly what it is told to, connection by connection: reads a head, then sends the text
/// and closes
/// ("" keeps silent until the client goes).
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() { thread_.join(); }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  void serve() {
    for (const std::string& answer : answers_) {
      asio::ip::tcp::socket socket(io_);
      acceptor_.accept(socket);
      std::string head;
      boost::system::error_code error;
      while (!head.contains("\r\n\r\n") && !error) {
        char piece[4096];
        head.append(piece, socket.read_some(asio::buffer(piece), error));
      }
      if (!answer.empty()) {
        asio::write(socket, asio::buffer(answer), error);
        socket.shutdown(asio::socket_base::shutdown_send, error);
      }
      char rest[4096];
      while (!error) socket.read_some(asio::buffer(rest), error);
    }
  }
  std::vector<std::string> answers_;
  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
  std::thread thread_;
};

// --- what holds whatever the protocol

struct Wire {
  const char* name;
  const char* scheme;
  ClientProtocol protocol;
  Version version;
};

void PrintTo(const Wire& wire, std::ostream* out) { *out << wire.name; }

class ClientOver : public ::testing::TestWithParam<Wire> {
 protected:
  std::unique_ptr<TestServer> serve(Handler handler, ServerOptions options = {}) {
    if (secure())
      options.tls = must(TlsServerContext::load(certificate_.certificate_file(), certificate_.key_file()));
    return std::make_unique<TestServer>(std::move(handler), std::move(options));
  }
  std::unique_ptr<TestClient> client(ClientLimits limits = {}) {
    return std::make_unique<TestClient>(
        must(TlsClientContext::make({.ca_file = certificate_.certificate_file()})), limits);
  }
  RequestHead request(const TestServer& server, std::string path = "/") {
    return get(server.port(), std::move(path), GetParam().scheme);
  }
  SendOptions options() const {
    SendOptions options;
    options.protocol = GetParam().protocol;
    return options;
  }
  bool secure() const { return std::string_view(GetParam().scheme) == "https"; }
  bool h2() const { return GetParam().version == Version::http_2; }

 private:
  net::testing::TestCertificate certificate_;
};

INSTANTIATE_TEST_SUITE_P(
    Wires, ClientOver,
    ::testing::Values(Wire{"h1", "http", ClientProtocol::automatic, Version::http_1_1},
                      Wire{"h2c", "http", ClientProtocol::h2_prior_knowledge, Version::http_2},
                      Wire{"https_h1", "https", ClientProtocol::http_1_1, Version::http_1_1},
                      Wire{"https_h2", "https", ClientProtocol::automatic, Version::http_2}),
    [](const auto& info) { return info.param.name; });

TEST_P(ClientOver, AsksAndIsAnswered) {
  auto server = serve([](Exchange& exchange) -> asio::awaitable<void> {
    const RequestHead& head = exchange.head();
    std::string seen = fmt::format("{} {} {} {}", version_text(head.version), head.method, head.scheme,
                                   head.path_with_query);
    for (const auto [name, value] : head.fields) seen += fmt::format("|{}={}", name, value);
    EXPECT_FALSE(exchange.has_body());
    EXPECT_EQ(exchange.body_size(), 0U);
    EXPECT_TRUE(must(co_await exchange.read_body(10)).empty());
    EXPECT_TRUE(head.authority.starts_with("127.0.0.1:"));
    ResponseHead response{.status = 203};
    must(response.fields.add("x-back", "b"));
    must(co_await exchange.respond(response, as_body(seen)));
  });
  auto client = this->client();
  client->run([&]() -> asio::awaitable<void> {
    RequestHead head = request(*server, "/p?q");
    must(head.fields.add("x-a", "1"));
    must(head.fields.add("connection", "x-a"));
    must(head.fields.add("host", "elsewhere"));
    must(head.fields.add("x-a", "2"));
    must(head.fields.add("cookie", "a=b; c=d"));
    auto exchange = must(co_await (*client)->send(std::move(head), BodySize::none(), options()));
    const ResponseHead* response = must(co_await exchange->response());
    EXPECT_EQ(response->status, 203);
    EXPECT_EQ(response->fields.get("X-Back"), "b");
    EXPECT_TRUE(response->fields.contains("date"));
    EXPECT_EQ(exchange->version(), GetParam().version);
    EXPECT_EQ(must(co_await read_whole(*exchange)),
              fmt::format("{} GET {} /p?q|x-a=1|x-a=2|cookie=a=b; c=d", version_text(GetParam().version),
                          GetParam().scheme));
    EXPECT_EQ(exchange->trailers(), nullptr);
  });
}

TEST_P(ClientOver, BodiesAndTrailersBothWays) {
  auto server = serve([](Exchange& exchange) -> asio::awaitable<void> {
    EXPECT_TRUE(exchange.has_body());
    const std::string body = must(co_await read_whole_body(exchange));
    must(co_await exchange.send_head({}, BodySize::unknown()));
    for (std::size_t at = 0; at < body.size(); at += 70'001) {
      must(co_await exchange.write(as_body(std::string_view(body).substr(at, 70'001))));
    }
    Fields trailers;
    must(trailers.add("x-size", fmt::format("{}", body.size())));
    if (exchange.trailers() != nullptr) must(trailers.add("x-sum", *exchange.trailers()->get("x-sum")));
    must(co_await exchange.finish(&trailers));
  });
  auto client = this->client();
  for (const std::size_t size : {std::size_t{1}, std::size_t{10'000}, std::size_t{3'000'000}}) {
    SCOPED_TRACE(size);
    client->run([&]() -> asio::awaitable<void> {
      RequestHead head = request(*server);
      head.method = "POST";
      std::string body(size, '\0');
      for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 31 + i / 251);
      auto exchange = must(co_await (*client)->send(std::move(head), BodySize::unknown(), options()));
      for (std::size_t at = 0; at < size; at += 100'003) {
        must(co_await exchange->write(as_body(std::string_view(body).substr(at, 100'003))));
      }
      Fields trailers;
      must(trailers.add("x-sum", "77"));
      must(co_await exchange->finish(&trailers));
      EXPECT_EQ(must(co_await exchange->response())->status, 200);
      EXPECT_TRUE(must(co_await read_whole(*exchange)) == body);
      if (exchange->trailers() == nullptr) {
        ADD_FAILURE() << "no trailers";
        co_return;
      }
      EXPECT_EQ(exchange->trailers()->get("x-size"), fmt::format("{}", size));
      EXPECT_EQ(exchange->trailers()->get("x-sum"), "77");
    });
  }
  EXPECT_EQ(client->made(), 1U);
}

TEST_P(ClientOver, ARequestMayBeNothingButTrailersAndAResponseNothingButAHead) {
  auto server = serve([](Exchange& exchange) -> asio::awaitable<void> {
    EXPECT_TRUE(must(co_await read_whole_body(exchange)).empty());
    if (exchange.head().path_with_query == "/body") {
      must(co_await exchange.send_head({}, BodySize::unknown()));
      must(co_await exchange.finish(nullptr));
      co_return;
    }
    ResponseHead response;
    if (exchange.trailers() != nullptr)
      must(response.fields.add("x-sum", *exchange.trailers()->get("x-sum")));
    must(co_await exchange.respond(response, {}));
  });
  auto client = this->client();
  client->run([&]() -> asio::awaitable<void> {
    auto exchange = must(co_await (*client)->send(request(*server), BodySize::unknown(), options()));
    Fields trailers;
    must(trailers.add("x-sum", "77"));
    must(co_await exchange->finish(&trailers));
    EXPECT_EQ(must(co_await exchange->response())->fields.get("x-sum"), "77");
    EXPECT_TRUE(exchange->bodiless());
    EXPECT_TRUE(must(co_await read_whole(*exchange)).empty());
  });
  client->run([&]() -> asio::awaitable<void> {
    auto exchange = must(co_await (*client)->send(request(*server, "/body"), BodySize::none(), options()));
    must(co_await exchange->response());
    EXPECT_FALSE(exchange->bodiless()) << "it turns out empty, but the head did not say so";
    EXPECT_TRUE(must(co_await read_whole(*exchange)).empty());
  });
}

TEST_P(ClientOver, AServerMayAnswerBeforeItHasTheRequestThousandsOfTimes) {
  const int times = h2() ? 6000 : 20;  // HTTP/1 needs a connection each time
  auto server = serve([](Exchange& exchange) -> asio::awaitable<void> {
    must(co_await exchange.respond({}, as_body("enough")));
  });
  auto client = this->client();
  client->run([&]() -> asio::awaitable<void> {
    for (int i = 0; i < times; ++i) {
      RequestHead head = request(*server);
      head.method = "POST";
      auto exchange = must(co_await (*client)->send(std::move(head), BodySize::unknown(), options()));
      EXPECT_EQ(must(co_await read_whole(*exchange)), "enough");
    }
  });
  EXPECT_EQ(client->made(), h2() ? 1U : 20U);
}

TEST(Client, RequestsThatShareAConnectionWaitForTheFirstToMakeIt) {
  TestServer server(say("hello"));
  TestClient client;
  for (const std::uint16_t port : {server.port(), std::uint16_t{1}}) {
    std::vector<std::future<std::string>> answers;
    answers.reserve(50);
    for (int i = 0; i < 50; ++i) {
      SendOptions options;
      options.protocol = ClientProtocol::h2_prior_knowledge;
      answers.push_back(
          asio::co_spawn(client.loop().io(), outcome(*client, get(port), options), asio::use_future));
    }
    for (auto& answer : answers) EXPECT_EQ(answer.get(), port == 1 ? "connection_refused" : "200 hello");
  }
  EXPECT_EQ(client.made(), 1U);
}

TEST_P(ClientOver, KnownSizesArriveAndAreEnforced) {
  std::atomic<int> started = 0;
  std::atomic<int> truncated = 0;
  auto server = serve([&](Exchange& exchange) -> asio::awaitable<void> {
    ++started;
    EXPECT_EQ(exchange.body_size(), 4U);
    const auto body = co_await read_whole_body(exchange);
    if (!body) {
      ++truncated;
      co_return;
    }
    must(co_await exchange.respond({}, as_body(*body)));
  });
  auto client = this->client();
  client->run([&]() -> asio::awaitable<void> {
    RequestHead head = request(*server);
    head.method = "PUT";
    auto exact = must(co_await (*client)->send(head, BodySize::known(4), options()));
    const auto over = co_await exact->write(as_body("abcde"));
    EXPECT_EQ(over.error().code(), Errc::http_protocol);
    must(co_await exact->write(as_body("abcd")));
    must(co_await exact->finish(nullptr));
    must(co_await exact->response());
    EXPECT_EQ(must(co_await read_whole(*exact)), "abcd");
    auto shorter = must(co_await (*client)->send(head, BodySize::known(4), options()));
    must(co_await shorter->write(as_body("ab")));
    while (started != 2) co_await sleep_for(2ms);
    EXPECT_EQ((co_await shorter->finish(nullptr)).error().code(), Errc::http_protocol);
  });
  EXPECT_TRUE(eventually([&] { return truncated == 1; }));
}

TEST_P(ClientOver, StreamsBothWaysAtOnce) {
  auto server = serve([](Exchange& exchange) -> asio::awaitable<void> {
    must(co_await exchange.send_head({}, BodySize::unknown()));
    for (;;) {
      const auto piece = must(co_await exchange.read_body(1000));
      if (piece.empty()) break;
      must(co_await exchange.write(piece));
    }
    must(co_await exchange.finish(nullptr));
  });
  auto client = this->client();
  client->run([&]() -> asio::awaitable<void> {
    RequestHead head = request(*server);
    head.method = "POST";
    auto exchange = must(co_await (*client)->send(std::move(head), BodySize::unknown(), options()));
    must(co_await exchange->response());
    for (int i = 0; i < 20; ++i) {
      must(co_await exchange->write(as_body("ping")));
      std::string back;
      while (back.size() < 4) back += as_text(must(co_await exchange->read_body(100)));
      EXPECT_EQ(back, "ping");
    }
    must(co_await exchange->finish(nullptr));
    EXPECT_TRUE(must(co_await exchange->read_body(100)).empty());
  });
}

TEST_P(ClientOver, ManyAtOnceAndInterimResponsesAreSkipped) {
  auto server = serve([](Exchange& exchange) -> asio::awaitable<void> {
    ResponseHead hints{.status = 103};
    must(hints.fields.add("link", "x"));
    must(co_await exchange.send_informational(hints));
    co_await sleep_for(1ms);
    must(co_await exchange.respond({}, as_body(exchange.head().path_with_query)));
  });
  auto client = this->client();
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 150; ++i) {
    answers.push_back(asio::co_spawn(client->loop().io(),
                                     outcome(**client, request(*server, fmt::format("/{}", i)), options()),
                                     asio::use_future));
  }
  for (int i = 0; i < 150; ++i)
    EXPECT_EQ(answers[static_cast<std::size_t>(i)].get(), fmt::format("200 /{}", i));
}

TEST_P(ClientOver, ConnectionsAreUsedAgainByTheSameKeyOnly) {
  auto server = serve(say("x"));
  auto client = this->client();
  const auto once = [&](std::string key) {
    SendOptions with = options();
    with.pool_key = std::move(key);
    EXPECT_EQ(client->run([&] { return outcome(**client, request(*server), with); }), "200 x");
  };
  once("a");
  once("a");
  EXPECT_EQ(client->made(), 1U);
  once("b");
  EXPECT_EQ(client->made(), 2U);
  once("b");
  once("a");
  EXPECT_EQ(client->made(), 2U);
  server->stop();
  EXPECT_TRUE(eventually([&] { return client->open() == 0; }));  // idle connections notice
}

TEST_P(ClientOver, TimeLimits) {
  auto server = serve([](Exchange& exchange) -> asio::awaitable<void> {
    if (exchange.head().path_with_query == "/half") {
      (void)co_await exchange.send_head_and_write({}, BodySize::unknown(), as_body("abc"));
    }
    while (exchange.lost() == Lost::no) co_await sleep_for(2ms);
  });
  auto client = this->client();
  SendOptions with = options();
  with.first_byte_timeout = 30ms;
  EXPECT_EQ(client->run([&] { return outcome(**client, request(*server), with); }), "response_timeout");
  with.first_byte_timeout = 60s;
  with.between_bytes_timeout = 30ms;
  EXPECT_EQ(client->run([&] { return outcome(**client, request(*server, "/half"), with); }), "read_timeout");
  with.between_bytes_timeout = 0ms;  // legal, if unkind
  EXPECT_EQ(client->run([&] { return outcome(**client, request(*server, "/half"), with); }), "read_timeout");
  EXPECT_TRUE(eventually([&] { return server->stats().in_flight == 0; }));
}

TEST_P(ClientOver, DroppingAnExchangeTellsTheServer) {
  std::atomic<int> lost = 0;
  std::atomic<int> running = 0;
  auto server = serve([&](Exchange& exchange) -> asio::awaitable<void> {
    ++running;
    (void)co_await exchange.send_head_and_write({}, BodySize::unknown(), as_body("abc"));
    while (exchange.lost() == Lost::no) co_await sleep_for(2ms);
    if (exchange.lost() == Lost::client_left) ++lost;
  });
  auto client = this->client();
  client->run([&]() -> asio::awaitable<void> {
    auto exchange = must(co_await (*client)->send(request(*server), BodySize::none(), options()));
    must(co_await exchange->response());
  });
  EXPECT_TRUE(eventually([&] { return lost == 1; }));
  // The same through cancellation of who waits.
  asio::cancellation_signal cancel;
  std::promise<void> ended;
  client->loop().on_loop([&] {
    asio::co_spawn(client->loop().io(), outcome(**client, request(*server), options()),
                   asio::bind_cancellation_slot(cancel.slot(),
                                                [&](std::exception_ptr, std::string) { ended.set_value(); }));
  });
  EXPECT_TRUE(eventually([&] { return running == 2; }));
  client->loop().on_loop([&] { cancel.emit(asio::cancellation_type::terminal); });
  ended.get_future().get();
  EXPECT_TRUE(eventually([&] { return lost == 2; }));
}

TEST_P(ClientOver, AServerThatAbortsIsAnIncompleteResponse) {
  auto server = serve([](Exchange& exchange) -> asio::awaitable<void> {
    if (exchange.head().path_with_query == "/size") {
      must(co_await exchange.send_head_and_write({}, BodySize::known(10), as_body("abc")));
    } else {
      must(co_await exchange.send_head_and_write({}, BodySize::unknown(), as_body("abc")));
    }
    co_await sleep_for(5ms);
    exchange.abort();
  });
  auto client = this->client();
  for (const char* path : {"/size", "/stream"}) {
    EXPECT_EQ(client->run([&] { return outcome(**client, request(*server, path), options()); }),
              "http_incomplete");
  }
}

TEST_P(ClientOver, ABodyThatNobodyReadsDoesNotStopOthers) {
  auto server = serve([](Exchange& exchange) -> asio::awaitable<void> {
    if (exchange.head().method == "POST") co_await sleep_for(30ms);  // and answers without reading
    must(co_await exchange.respond({}, as_body("x")));
  });
  auto client = this->client();
  std::vector<std::future<std::string>> answers;
  const std::string body(60'000, 'b');
  for (int i = 0; i < 40; ++i) {
    answers.push_back(asio::co_spawn(
        client->loop().io(),
        [&]() -> asio::awaitable<std::string> {
          RequestHead head = request(*server);
          head.method = "POST";
          auto exchange =
              must(co_await (*client)->send(std::move(head), BodySize::known(body.size()), options()));
          (void)co_await exchange->write(as_body(body));
          (void)co_await exchange->finish(nullptr);
          const auto response = co_await exchange->response();
          if (!response) co_return std::string(name(response.error().code()));
          const auto text = co_await read_whole(*exchange);
          co_return text ? *text : std::string(name(text.error().code()));
        },
        asio::use_future));
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get(), "x");
  EXPECT_EQ(client->run([&] { return outcome(**client, request(*server), options()); }), "200 x");
}

TEST_P(ClientOver, ServerLimitsAreAnswered) {
  ServerOptions with;
  with.limits.body_bytes = 1000;
  with.limits.handler_timeout = 50ms;
  with.limits.head_fields = 50;
  auto server = serve(
      [](Exchange& exchange) -> asio::awaitable<void> {
        if (exchange.head().path_with_query == "/hang") co_await sleep_for(1h);
        if (exchange.head().path_with_query == "/none") co_return;
        const auto body = co_await read_whole_body(exchange);
        if (body) must(co_await exchange.respond({}, {}));
      },
      with);
  auto client = this->client();
  const auto ask = [&](const char* path, std::size_t body, int fields, BodySize size) {
    return client->run([&]() -> asio::awaitable<int> {
      RequestHead head = request(*server, path);
      head.method = "POST";
      for (int i = 0; i < fields; ++i) must(head.fields.add("x", "y"));
      auto exchange = must(co_await (*client)->send(std::move(head), size, options()));
      if (body != 0) (void)co_await exchange->write(as_body(std::string(body, 'x')));
      (void)co_await exchange->finish(nullptr);
      const auto response = co_await exchange->response();
      co_return response ? (*response)->status : -1;
    });
  };
  EXPECT_EQ(ask("/", 2000, 0, BodySize::known(2000)), 413);
  EXPECT_EQ(ask("/", 2000, 0, BodySize::unknown()), 413);
  EXPECT_EQ(ask("/", 0, 60, BodySize::none()), 431);
  EXPECT_EQ(ask("/hang", 0, 0, BodySize::none()), 504);
  EXPECT_EQ(ask("/none", 0, 0, BodySize::none()), 500);
  EXPECT_EQ(ask("/", 1000, 0, BodySize::known(1000)), 200);
}

TEST_P(ClientOver, DrainFinishesWhatIsInFlight) {
  std::atomic<bool> go = false;
  std::atomic<int> running = 0;
  auto server = serve([&](Exchange& exchange) -> asio::awaitable<void> {
    ++running;
    while (!go) co_await sleep_for(2ms);
    must(co_await exchange.respond({}, as_body("done")));
  });
  auto client = this->client();
  auto answer =
      asio::co_spawn(client->loop().io(), outcome(**client, request(*server), options()), asio::use_future);
  ASSERT_TRUE(eventually([&] { return running == 1; }));
  auto drained = asio::co_spawn(server->loop().io(), server->server().drain(30s), asio::use_future);
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(drained.wait_for(0s), std::future_status::timeout);
  go = true;
  EXPECT_EQ(answer.get(), "200 done");
  EXPECT_EQ(drained.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(client->run([&] { return outcome(**client, request(*server), options()); }),
            "connection_refused");
}

TEST_P(ClientOver, ServerShutDownCancelsHandlers) {
  std::atomic<int> running = 0;
  std::atomic<int> cancelled = 0;
  auto server = serve([&](Exchange& exchange) -> asio::awaitable<void> {
    ++running;
    try {
      co_await sleep_for(1h);
    } catch (const boost::system::system_error&) {
      if (exchange.lost() == Lost::shut_down) ++cancelled;
    }
  });
  auto client = this->client();
  auto answer =
      asio::co_spawn(client->loop().io(), outcome(**client, request(*server), options()), asio::use_future);
  ASSERT_TRUE(eventually([&] { return running == 1; }));
  server->stop();
  EXPECT_EQ(answer.get(), "connection_closed");
  EXPECT_TRUE(eventually([&] { return cancelled == 1; }));
}

TEST_P(ClientOver, LargeHeadsAreRefusedByTheClient) {
  auto server = serve([](Exchange& exchange) -> asio::awaitable<void> {
    ResponseHead head;
    must(head.fields.add("x", std::string(20'000, 'y')));
    must(co_await exchange.respond(head, {}));
  });
  auto client = this->client();
  SendOptions with = options();
  with.max_head_bytes = 10'000;
  EXPECT_EQ(client->run([&] { return outcome(**client, request(*server), with); }), "http_limit");
  with.max_head_bytes = 30'000;
  EXPECT_EQ(client->run([&] { return outcome(**client, request(*server), with); }), "200 ");
}

// --- where requests go

TEST(Client, PolicySeesEveryAddressAndDecides) {
  TestServer server(say("x"));
  TestClient client;
  std::vector<std::string> seen;
  SendOptions options;
  options.policy = [&](const asio::ip::address& address, std::uint16_t port) -> Result<> {
    seen.push_back(fmt::format("{} {}", address.to_string(), port == server.port()));
    if (address.is_v6()) return fail(Errc::denied, "no IPv6");
    return {};
  };
  RequestHead head = get(server.port());
  head.authority = fmt::format("localhost:{}", server.port());
  EXPECT_EQ(client.run([&] { return outcome(*client, head, options); }), "200 x");
  EXPECT_EQ(seen.back(), "127.0.0.1 true");
  options.policy = [](const asio::ip::address&, std::uint16_t) -> Result<> {
    return fail(Errc::denied, "nowhere");
  };
  options.pool_key = "other";
  EXPECT_EQ(client.run([&] { return outcome(*client, head, options); }), "denied");
  EXPECT_EQ(server.stats().accepted, 1U);
}

TEST(Client, PlacesThatCannotBeReached) {
  TestClient client;
  std::uint16_t closed_port = 0;
  {
    TestServer gone(say("x"));
    closed_port = gone.port();
  }
  EXPECT_EQ(client.run([&] { return outcome(*client, get(closed_port)); }), "connection_refused");
  RequestHead head = get(closed_port);
  head.scheme = "ftp";
  EXPECT_EQ(client.run([&] { return outcome(*client, head); }), "http_protocol");
  head.scheme = "https";
  EXPECT_EQ(client.run([&] { return outcome(*client, head); }), "tls_config");
  for (const char* authority : {"", "a:b", "u@a", "a/b", "[::1", "a b"}) {
    head = get(closed_port);
    head.authority = authority;
    EXPECT_EQ(client.run([&] { return outcome(*client, head); }), "http_protocol") << authority;
  }
  head.authority = "a..b";
  EXPECT_EQ(client.run([&] { return outcome(*client, head); }), "usage");
}

TEST(Client, HeadsThatCannotBeSent) {
  TestServer server(say("x"));
  for (const auto protocol : {ClientProtocol::automatic, ClientProtocol::h2_prior_knowledge}) {
    TestClient client;
    SendOptions options;
    options.protocol = protocol;
    const auto refused = [&](const char* what, const std::function<void(RequestHead&)>& change) {
      RequestHead head = get(server.port());
      change(head);
      EXPECT_EQ(client.run([&] { return outcome(*client, head, options); }), "http_protocol") << what;
    };
    refused("method", [](RequestHead& head) { head.method = "G T"; });
    refused("empty method", [](RequestHead& head) { head.method = ""; });
    refused("CONNECT", [](RequestHead& head) { head.method = "CONNECT"; });
    refused("path", [](RequestHead& head) { head.path_with_query = "/a b"; });
    refused("path injection", [](RequestHead& head) { head.path_with_query = "/ HTTP/1.1\r\nX: y\r\n\r\n"; });
    refused("relative path", [](RequestHead& head) { head.path_with_query = "a"; });
    refused("fragment", [](RequestHead& head) { head.path_with_query = "/a#b"; });
    refused("name", [](RequestHead& head) { must(head.fields.add("a b", "c")); });
    refused("value", [](RequestHead& head) { must(head.fields.add("a", "b\r\nc: d")); });
  }
  EXPECT_EQ(server.stats().requests, 0U);
}

TEST(Client, ConnectTimeLimitCoversTheHandshake) {
  const net::testing::TestCertificate certificate;
  // Accepts in the kernel, and never says anything.
  asio::io_context io;
  asio::ip::tcp::acceptor silent(io, {asio::ip::address_v4::loopback(), 0});
  TestClient client(must(TlsClientContext::make({.ca_file = certificate.certificate_file()})));
  SendOptions options;
  options.connect_timeout = 50ms;
  EXPECT_EQ(client.run(
                [&] { return outcome(*client, get(silent.local_endpoint().port(), "/", "https"), options); }),
            "connection_timeout");
}

TEST(Client, CertificatesAreVerified) {
  const net::testing::TestCertificate certificate;
  ServerOptions options;
  options.tls = must(TlsServerContext::load(certificate.certificate_file(), certificate.key_file()));
  TestServer server(say("x"), options);
  const auto trusting = must(TlsClientContext::make({.ca_file = certificate.certificate_file()}));
  struct Row {
    const char* name;
    std::shared_ptr<const TlsClientContext> tls;
    std::string host;
    const char* expected;
  };
  const Row rows[] = {
      {"by name", trusting, "localhost", "200 x"},
      {"by address", trusting, "127.0.0.1", "200 x"},
      {"another address", trusting, "127.0.0.2", "tls_certificate"},
      {"unknown authority", must(TlsClientContext::make()), "localhost", "tls_certificate"},
  };
  options.host = "0.0.0.0";
  options.port = server.port();
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    std::unique_ptr<TestServer> elsewhere;
    RequestHead head = get(server.port(), "/", "https");
    if (row.host == "127.0.0.2") {
      ServerOptions second = options;
      second.host = "127.0.0.2";
      second.port = 0;
      elsewhere = std::make_unique<TestServer>(say("x"), second);
      head.authority = fmt::format("127.0.0.2:{}", elsewhere->port());
    } else {
      head.authority = fmt::format("{}:{}", row.host, server.port());
    }
    TestClient client(row.tls);
    EXPECT_EQ(client.run([&] { return outcome(*client, head); }), row.expected);
  }
  // Cleartext to a TLS port, and TLS to a cleartext port.
  TestServer plain(say("x"));
  TestClient client(trusting);
  EXPECT_EQ(client.run([&] { return outcome(*client, get(plain.port(), "/", "https")); }), "tls_handshake");
  EXPECT_EQ(client.run([&] { return outcome(*client, get(server.port())); }), "connection_closed");
}

TEST(Client, ConnectionsAreBounded) {
  TestServer server([](Exchange& exchange) -> asio::awaitable<void> {
    while (exchange.lost() == Lost::no) co_await sleep_for(2ms);
  });
  TestClient client(nullptr, {.connections = 2});
  client.run([&]() -> asio::awaitable<void> {
    auto one = must(co_await client->send(get(server.port()), BodySize::none(), {}));
    auto two = must(co_await client->send(get(server.port()), BodySize::none(), {}));
    EXPECT_EQ(co_await outcome(*client, get(server.port())), "no_capacity");
  });
  EXPECT_TRUE(eventually([&] { return client.open() == 0; }));
}

// --- responses of servers that are not ours

TEST(Client, Responses) {
  struct Row {
    const char* name;
    std::string answer;
    const char* expected;
  };
  const Row rows[] = {
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "200 abc"},
      {"until close", "HTTP/1.1 200 OK\r\n\r\nabc", "200 abc"},
      {"1.0", "HTTP/1.0 200 OK\r\n\r\nabc", "200 abc"},
      {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "200 abc"},
      {"interim",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 204 X\r\n\r\n", "204 "},
      {"nothing", "\r\n", "connection_closed"},
      {"half a head", "HTTP/1.1 200 OK\r\nCont", "connection_closed"},
      {"short body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "http_incomplete"},
      {"no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
       "http_incomplete"},
      {"bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nabc\r\n", "http_protocol"},
      {"garbage", "hello world, this is not HTTP\r\n\r\n", "http_protocol"},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
       "http_protocol"},
      {"switching", "HTTP/1.1 101 Switching\r\n\r\n", "http_protocol"},
      {"endless interim",
       [] {
         std::string many;
         for (int i = 0; i < 100; ++i) many += "HTTP/1.1 103 E\r\n\r\n";
         return many;
       }(),
       "http_protocol"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    ScriptedServer server({row.answer});
    TestClient client;
    EXPECT_EQ(client.run([&] { return outcome(*client, get(server.port())); }), row.expected);
    EXPECT_TRUE(eventually([&] { return client.open() == 0; }));
  }
}

TEST(Client, AKeptConnectionThatTheServerClosesIsReplacedForSafeRequestsOnly) {
  // Answers once a connection, says keep-alive, and closes as soon as it sees the second head.
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
  for (const bool safe : {true, false}) {
    asio::io_context io;
    asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    std::jthread server([&] {
      for (int i = 0; i < (safe ? 2 : 1); ++i) {
        asio::ip::tcp::socket socket(io);
        acceptor.accept(socket);
        boost::system::error_code error;
        char piece[4096];
        socket.read_some(asio::buffer(piece), error);
        asio::write(socket, asio::buffer(answer), error);
        socket.read_some(asio::buffer(piece), error);
      }
    });
    TestClient client;
    RequestHead head = get(acceptor.local_endpoint().port());
    EXPECT_EQ(client.run([&] { return outcome(*client, head); }), "200 x");
    if (!safe) head.method = "POST";
    EXPECT_EQ(client.run([&] { return outcome(*client, head); }), safe ? "200 x" : "connection_closed");
    EXPECT_EQ(client.made(), safe ? 2U : 1U);
    client.stop();  // the server waits for its end
  }
}

}  // namespace
}  // namespace wisp::net::http
