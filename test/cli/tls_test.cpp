// `wisp serve --tls-cert --tls-key` with a real guest: both protocols, and files that are no good.
#include "http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wisp::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Server secure_server(const Folder& folder, std::string_view component) {
  make_certificate(folder);
  return Server(
      {"--tls-cert", folder.path("cert.pem"), "--tls-key", folder.path("key.pem"), guest(component)});
}

/// A frame of HTTP/2.
struct Frame {
  int type = -1;  // -1: the connection ended
  int flags = 0;
  std::string payload;
};

std::string frame(int type, int flags, int stream, std::string_view payload) {
  std::string out{static_cast<char>(payload.size() >> 16),
                  static_cast<char>(payload.size() >> 8),
                  static_cast<char>(payload.size()),
                  static_cast<char>(type),
                  static_cast<char>(flags),
                  0,
                  0,
                  0,
                  static_cast<char>(stream)};
  return out.append(payload);
}

Frame next_frame(TlsConnection& connection) {
  const auto head = connection.receive(9);
  if (head.size() < 9) return {};
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(head[at]); };
  return {.type = byte(3),
          .flags = byte(4),
          .payload = connection.receive(std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2))};
}

TEST(Tls, BothProtocolsByAlpn) {
  const Folder folder;
  auto server = secure_server(folder, "hello");
  EXPECT_THAT(server.first_line(), StartsWith("Serving HTTP on https://127.0.0.1:"));
  EXPECT_EQ(get_tls(server.port(), "/").body, "Hello, world!") << "a client without ALPN";

  TlsConnection one(server.port(), "http/1.1");
  EXPECT_EQ(one.protocol(), "http/1.1");
  one.send("GET /?name=tls HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(one.receive_all(), HasSubstr("\r\n\r\nHello, tls!\n"));

  TlsConnection two(server.port(), "h2");
  ASSERT_EQ(two.protocol(), "h2");
  // :method GET, :scheme https and :path / by the static table of HPACK, :authority as a literal.
  two.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, {}) +
           frame(1, 5, 1, "\x82\x87\x84\x41\x09localhost"));
  std::string body;
  bool ok = false;
  for (bool ended = false; !ended;) {
    const Frame got = next_frame(two);
    ASSERT_NE(got.type, -1) << "no response";
    if (got.type == 1) ok = got.payload.find('\x88') != std::string::npos;  // :status 200
    if (got.type == 0) body += got.payload;
    ended = got.type <= 1 && (got.flags & 1) != 0;
  }
  EXPECT_TRUE(ok);
  EXPECT_EQ(body, "Hello, world!");
  EXPECT_EQ(server.stop().status, 0);
}

TEST(Tls, ClientsThatSpeakSomethingElseAreTurnedAway) {
  const Folder folder;
  auto server = secure_server(folder, "hello");
  EXPECT_FALSE(TlsConnection(server.port(), "spdy/3").open());
  const Connection plain(server.port());
  plain.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(plain.receive_all().find("HTTP/1.1 2"), std::string::npos);
  EXPECT_EQ(get_tls(server.port(), "/").status, 200);
}

TEST(Tls, TheGuestSeesHttps) {
  const Folder folder;
  auto server = secure_server(folder, "http-echo");
  EXPECT_THAT(get_tls(server.port(), "/headers").body, HasSubstr("scheme https\n"));
}

TEST(Tls, SigtermFinishesWhatIsInFlight) {
  const Folder folder;
  auto server = secure_server(folder, "http-echo");
  TlsConnection slow(server.port(), "http/1.1");
  slow.send("GET /slow?ms=1500 HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string all;
  while (all.find("first") == std::string::npos) {
    const auto more = slow.receive(1);
    ASSERT_FALSE(more.empty());
    all += more;
  }
  server.process().signal(SIGTERM);
  EXPECT_THAT(slow.receive_all(), HasSubstr("second"));
  EXPECT_EQ(server.process().wait().status, 0);
}

TEST(Tls, FilesThatAreNoGoodAreNamedWithTheReason) {
  const Folder folder, other, locked;
  make_certificate(folder);
  make_certificate(other);
  make_certificate(locked, "secret");
  const auto text = folder.write("text.pem", "hello\n");
  const auto cut = folder.write("cut.pem", read_file(folder.path("cert.pem")).substr(0, 300));
  const auto good = folder.path("cert.pem"), key = folder.path("key.pem");
  struct Row {
    std::string certificate, key;
    int status;
    std::string sentence;
  };
  const Row rows[] = {
      {folder.path("none"), key, 1,
       "the certificate " + folder.path("none") + " cannot be read: No such file"},
      {good, folder.path("none"), 1,
       "the private key " + folder.path("none") + " cannot be read: No such file"},
      {folder.path(), key, 1, "the certificate " + folder.path() + " is a folder"},
      {good, folder.path(), 1, "the private key " + folder.path() + " is a folder"},
      {text, key, 1,
       "the certificate " + text + " cannot be used: it holds nothing of the kind in PEM format"},
      {good, text, 1, "the private key " + text + " cannot be used: "},
      {key, key, 1, "the certificate " + key + " cannot be used: it holds nothing of the kind in PEM format"},
      {cut, key, 1, "the certificate " + cut + " cannot be used: bad end line"},
      {good, other.path("key.pem"), 1,
       "the private key " + other.path("key.pem") + " does not belong to the certificate " + good},
      {locked.path("cert.pem"), locked.path("key.pem"), 1,
       "the private key " + locked.path("key.pem") +
           " is encrypted, and nobody can be asked for its password"},
      {"", key, 2, "--tls-cert: an empty file name"},
      {good, "", 2, "--tls-key: an empty file name"},
      {"", "", 2, "an empty file name"},
  };
  for (const auto& row : rows) {
    const auto outcome = wisp({"serve", "--addr", "127.0.0.1:0", "--tls-cert", row.certificate, "--tls-key",
                               row.key, guest("hello")});
    EXPECT_EQ(outcome.status, row.status) << row.sentence;
    EXPECT_THAT(outcome.err, StartsWith(row.status == 1 ? "error[E0502]: " : "error[E0601]: "));
    EXPECT_THAT(outcome.err, HasSubstr(row.sentence));
  }
}

}  // namespace
}  // namespace wisp::e2e
