#include "net/http/client_testing.hpp"
#include "net/http/h2_testing.hpp"

#include <thread>

namespace wisp::net::http {
namespace {

using namespace testing;

/// Beyond what a connection forgives in a second.
constexpr int kMany = 9'000;

const std::string_view kNoError("\0\0\0\0", 4);

std::string repeated(std::string_view frame, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += frame;
  return all;
}

SendOptions over_h2() {
  SendOptions options;
  options.protocol = ClientProtocol::h2_prior_knowledge;
  return options;
}

/// The next request on the connection: its stream, or 0 at the end.
std::int32_t next_request(RawH2& server) {
  for (;;) {
    const RawH2::Frame frame = server.next();
    if (frame.type == -1) return 0;
    if (frame.type == NGHTTP2_HEADERS) return frame.stream;
  }
}

// gRPC servers end each call so (RFC 9113 §8.1): the answer, and then a reset of the stream that is through.
TEST(H2Client, ResetsOfStreamsThatAreThroughAreNoFlood) {
  RawListener listener;
  TestClient client;
  std::jthread script([&] {
    RawH2 server(listener.accept());
    std::string resets;
    for (int i = 0; i < kMany; ++i) {
      const std::int32_t stream = next_request(server);
      server.send_head(stream, {{":status", "200"}});
      resets += RawH2::frame(NGHTTP2_RST_STREAM, 0, stream, kNoError);
    }
    // All of them within one second, however slow the machine.
    server.raw().send(resets);
    server.send_head(next_request(server), {{":status", "204"}});
    EXPECT_EQ(server.end(), "end");
  });
  for (int i = 0; i < kMany; ++i) {
    ASSERT_EQ(client.run([&] { return outcome(*client, get(listener.port()), over_h2()); }), "200 ");
  }
  EXPECT_EQ(client.run([&] { return outcome(*client, get(listener.port()), over_h2()); }), "204 ");
  EXPECT_EQ(client.made(), 1U);
  client.stop();
}

TEST(H2Client, FloodsOfAServerEndTheConnection) {
  struct Row {
    const char* name;
    std::string bytes;
  };
  const Row rows[] = {
      {"one stream reset again and again", repeated(RawH2::frame(NGHTTP2_RST_STREAM, 0, 1, kNoError), kMany)},
      {"an answered stream reset again and again",
       RawH2::frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, "\x88") +
           repeated(RawH2::frame(NGHTTP2_RST_STREAM, 0, 1, kNoError), kMany)},
      {"pings", repeated(RawH2::frame(NGHTTP2_PING, 0, 0, "12345678"), kMany)},
      {"answers to pings", repeated(RawH2::frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678"), kMany)},
      {"settings", repeated(RawH2::frame(NGHTTP2_SETTINGS, 0, 0, ""), kMany)},
      {"priorities",
       repeated(RawH2::frame(NGHTTP2_PRIORITY, 0, 1, std::string_view("\0\0\0\0\0", 5)), kMany)},
      {"empty data", RawH2::frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, "\x88") +
                         repeated(RawH2::frame(NGHTTP2_DATA, 0, 1, ""), kMany)},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    RawListener listener;
    TestClient client;
    std::jthread script([&] {
      RawH2 server(listener.accept());
      EXPECT_EQ(next_request(server), 1);
      server.raw().send(row.bytes);
      const std::string ended = server.end();
      EXPECT_TRUE(ended == "goaway 11" || server.raw().was_reset()) << ended;
    });
    (void)client.run([&] { return outcome(*client, get(listener.port()), over_h2()); });
    EXPECT_TRUE(eventually([&] { return client.open() == 0; }));
    client.stop();
  }
}

}  // namespace
}  // namespace wisp::net::http
