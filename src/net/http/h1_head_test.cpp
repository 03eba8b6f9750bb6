#include "net/http/h1_head.hpp"

#include "net/http/h1_body.hpp"

#include <gtest/gtest.h>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <string>
#include <vector>

namespace wisp::net::http {
namespace {

using State = HeadResult::State;
constexpr HeadLimits kLimits{.bytes = 4096, .fields = 16, .target = 256};

struct Read {
  HeadResult result;
  RequestHead head;
  Framing framing;
};

Read read_request(std::string_view bytes) {
  Read read{};
  HeadScanner scanner;
  read.result = scanner.scan(bytes, kLimits);
  if (read.result.state != State::complete) return read;
  read.result = parse_request_head(bytes.substr(0, read.result.size), kLimits, read.head, read.framing);
  return read;
}

std::string crlf(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2)
    text.replace(at, 1, "\r\n");
  return text;
}

TEST(H1Head, AcceptsWhatIsInOrder) {
  struct Row {
    const char* name;
    const char* head;
    const char* authority;
    const char* path;
    BodyKind body;
    bool keep_alive;
  };
  const Row rows[] = {
      {"plain", "GET / HTTP/1.1\nHost: a\n\n", "a", "/", BodyKind::none, true},
      {"query", "GET /x?y=1&z HTTP/1.1\nHost: a:81\n\n", "a:81", "/x?y=1&z", BodyKind::none, true},
      {"empty line first", "\nGET / HTTP/1.1\nHost: a\n\n", "a", "/", BodyKind::none, true},
      {"close", "GET / HTTP/1.1\nHost: a\nConnection: foo, Close\n\n", "a", "/", BodyKind::none, false},
      {"1.0", "GET / HTTP/1.0\n\n", "", "/", BodyKind::none, false},
      {"1.0 keep-alive", "GET / HTTP/1.0\nHost: a\nConnection: keep-alive\n\n", "a", "/", BodyKind::none,
       true},
      {"length", "POST / HTTP/1.1\nHost: a\nContent-Length: 3\n\n", "a", "/", BodyKind::length, true},
      {"zero length", "POST / HTTP/1.1\nHost: a\nContent-Length: 0\n\n", "a", "/", BodyKind::none, true},
      {"chunked", "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: Chunked\n\n", "a", "/", BodyKind::chunked,
       true},
      {"absolute", "GET http://a/b HTTP/1.1\nHost: A\n\n", "a", "/b", BodyKind::none, true},
      {"absolute without path", "GET http://a?x HTTP/1.1\nHost: a\n\n", "a", "/?x", BodyKind::none, true},
      {"asterisk", "OPTIONS * HTTP/1.1\nHost: a\n\n", "a", "*", BodyKind::none, true},
      {"other method", "PROPFIND /a HTTP/1.1\nHost:a\n\n", "a", "/a", BodyKind::none, true},
      {"space around value", "GET / HTTP/1.1\nHost: \t a \t\n\n", "a", "/", BodyKind::none, true},
      {"obs-text", "GET / HTTP/1.1\nHost: a\nX: \xC3\xA4\n\n", "a", "/", BodyKind::none, true},
      {"ipv6", "GET / HTTP/1.1\nHost: [::1]:8000\n\n", "[::1]:8000", "/", BodyKind::none, true},
      {"empty value", "GET / HTTP/1.1\nHost: a\nX:\n\n", "a", "/", BodyKind::none, true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const std::string bytes = crlf(row.head);
    const Read read = read_request(bytes);
    ASSERT_EQ(read.result.state, State::complete) << read.result.reason;
    EXPECT_EQ(read.result.size, bytes.size());
    EXPECT_EQ(read.head.authority, row.authority);
    EXPECT_EQ(read.head.path_with_query, row.path);
    EXPECT_EQ(read.framing.body, row.body);
    EXPECT_EQ(read.framing.keep_alive, row.keep_alive);
  }
}

struct Refusal {
  const char* name;
  std::string bytes;
  std::uint16_t status = 400;
};

// Requests that two recipients could read differently, or that no client sends in good faith.
std::vector<Refusal> refusals() {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  using namespace std::string_literals;
  return {
      {"length and chunked", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"chunked and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"},
      {"two lengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n"},
      {"the same length twice", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n"},
      {"list of lengths", post + "Content-Length: 3, 3\r\n\r\n"},
      {"signed length", post + "Content-Length: +3\r\n\r\n"},
      {"negative length", post + "Content-Length: -3\r\n\r\n"},
      {"hex length", post + "Content-Length: 0x3\r\n\r\n"},
      {"length with a space inside", post + "Content-Length: 3 3\r\n\r\n"},
      {"empty length", post + "Content-Length:\r\n\r\n"},
      {"length too big", post + "Content-Length: 99999999999999999999\r\n\r\n"},
      {"coding before chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n"},
      {"coding after chunked", post + "Transfer-Encoding: chunked, gzip\r\n\r\n"},
      {"identity", post + "Transfer-Encoding: identity\r\n\r\n"},
      {"chunked twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"chunked twice in a list", post + "Transfer-Encoding: chunked, chunked\r\n\r\n"},
      {"misspelt chunked", post + "Transfer-Encoding: xchunked\r\n\r\n"},
      {"quoted chunked", post + "Transfer-Encoding: \"chunked\"\r\n\r\n"},
      {"chunked with parameter", post + "Transfer-Encoding: chunked;a=b\r\n\r\n"},
      {"chunked with vertical tab", post + "Transfer-Encoding: \vchunked\r\n\r\n"},
      {"empty coding", post + "Transfer-Encoding:\r\n\r\n"},
      {"chunked in 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"folded line", get + "X: a\r\n b\r\n\r\n"},
      {"folded coding", post + "Transfer-Encoding:\r\n chunked\r\n\r\n"},
      {"folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
      {"space before colon", post + "Transfer-Encoding : chunked\r\n\r\n"},
      {"tab before colon", post + "Content-Length\t: 3\r\n\r\n"},
      {"space in name", get + "X Y: z\r\n\r\n"},
      {"no colon", get + "X\r\n\r\n"},
      {"empty name", get + ": x\r\n\r\n"},
      {"quote in name", get + "X\"Y: z\r\n\r\n"},
      {"nul in name", get + "X\0: z\r\n\r\n"s},
      {"nul in value", get + "X: a\0b\r\n\r\n"s},
      {"control in value", get + "X: a\x01\r\n\r\n"},
      {"delete in value", get + "X: a\x7F\r\n\r\n"},
      {"non-ASCII name", get + "\xC3\xA4: z\r\n\r\n"},
      {"bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n"},
      {"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"},
      {"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n"},
      {"bare CR in value", get + "X: a\rContent-Length: 3\r\n\r\n"},
      {"bare CR before CRLF", get + "X: a\r\r\n\r\n"},
      {"bare CR in the request line", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"no host", "GET / HTTP/1.1\r\nX: y\r\n\r\n"},
      {"no fields at all", "GET / HTTP/1.1\r\n\r\n"},
      {"two hosts", get + "Host: b\r\n\r\n"},
      {"the same host twice", get + "host: a\r\n\r\n"},
      {"two hosts in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"},
      {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
      {"host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
      {"host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
      {"host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
      {"host with bad port", "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n"},
      {"target and host differ", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"target with user", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"target of another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"target without authority", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"relative target", "GET x HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"asterisk for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"non-ASCII target", "GET /\xC3\xA4 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"nul in target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s},
      {"connection option that is no token", get + "Connection: x y\r\n\r\n"},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"tab as separator", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n"},
      {"space in target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"space after version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
      {"space before method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"method with a bracket", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"0.9", "GET /\r\n\r\n"},
      {"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n"},
      {"version without minor", "GET / HTTP/1\r\nHost: a\r\n\r\n"},
      {"long version", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"},
      {"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a TLS hello", "\x16\x03\x01\x02"},
      {"2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
      {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"unknown expectation", get + "Expect: 200-ok\r\n\r\n", 417},
      {"long target", "GET /" + std::string(300, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"long head", get + "X: " + std::string(5000, 'x') + "\r\n\r\n", 431},
      {"long head without end", get + "X: " + std::string(5000, 'x'), 431},
      {"many fields",
       get +
           [] {
             std::string many;
             for (int i = 0; i < 20; ++i) many += "X: y\r\n";
             return many;
           }() +
           "\r\n",
       431},
  };
}

TEST(H1Head, RefusesWhatCouldBeReadTwoWays) {
  for (const Refusal& row : refusals()) {
    SCOPED_TRACE(row.name);
    const Read read = read_request(row.bytes);
    EXPECT_EQ(read.result.state, State::refused);
    EXPECT_EQ(read.result.status, row.status) << read.result.reason;
  }
}

TEST(H1Head, BytesOneByOneGiveTheSameResult) {
  const std::string bytes = "GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
  HeadScanner scanner;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ(scanner.scan(bytes.substr(0, size), kLimits).state, State::incomplete) << size;
  }
  EXPECT_EQ(scanner.scan(bytes, kLimits).state, State::complete);
}

TEST(H1Head, ConnectionFieldsAreActedUponAndGone) {
  const Read read = read_request(
      "GET / HTTP/1.1\r\nHost: a\r\nX-Hop: 1\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nConnection: x-hop, "
      "upgrade\r\n"
      "Keep-Alive: 3\r\nProxy-Connection: close\r\nExpect: 100-continue\r\nTE: trailers\r\nX-End: 2\r\n\r\n");
  ASSERT_EQ(read.result.state, State::complete) << read.result.reason;
  ASSERT_EQ(read.head.fields.size(), 2U);
  EXPECT_EQ(read.head.fields.at(0).name, "TE");
  EXPECT_EQ(read.head.fields.at(1).name, "X-End");
  EXPECT_TRUE(read.framing.expect_continue);
  EXPECT_TRUE(read.framing.keep_alive);
}

// Whatever we accept, another strict reader must read the same way.
TEST(H1Head, BeastAgreesOnWhatIsAccepted) {
  const std::string heads[] = {
      "GET /x?y HTTP/1.1\r\nHost: a\r\nA: 1\r\nB:2\r\nA:  3 \r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 003\r\n\r\nabc",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3;x=\"y\\\"z\";w;v=u\r\nabc\r\n00\r\nT: "
      "u\r\n\r\n",
  };
  for (const std::string& bytes : heads) {
    SCOPED_TRACE(bytes);
    const Read read = read_request(bytes);
    ASSERT_EQ(read.result.state, State::complete) << read.result.reason;
    std::string body;
    BodyDecoder decoder;
    decoder.start(read.framing, kLimits);
    std::string_view rest = std::string_view(bytes).substr(read.result.size);
    while (!decoder.done()) {
      const auto step = decoder.next(rest, 2);
      ASSERT_TRUE(step.kind == BodyDecoder::Step::Kind::data || step.kind == BodyDecoder::Step::Kind::end);
      body += step.data;
      rest.remove_prefix(step.skip + step.data.size());
    }
    EXPECT_TRUE(rest.empty());

    boost::beast::http::request_parser<boost::beast::http::string_body> beast;
    beast.eager(true);
    boost::system::error_code error;
    EXPECT_EQ(beast.put(boost::asio::buffer(bytes), error), bytes.size());
    EXPECT_FALSE(error) << error.message();
    EXPECT_TRUE(beast.is_done());
    EXPECT_EQ(beast.get().body(), body);
    EXPECT_EQ(std::string_view(beast.get().target()), read.head.path_with_query);
    for (const auto [name, value] : read.head.fields) {
      const auto [first, last] = beast.get().equal_range(name);
      EXPECT_TRUE(std::any_of(first, last, [&](const auto& field) {
        return std::string_view(field.value()) == value;
      })) << name;
    }
  }
}

TEST(H1Head, ResponsesAreFramedAsTheStandardSays) {
  struct Row {
    const char* name;
    const char* method;
    const char* head;
    BodyKind body;
    bool keep_alive;
  };
  const Row rows[] = {
      {"length", "GET", "HTTP/1.1 200 OK\nContent-Length: 5\n\n", BodyKind::length, true},
      {"no reason", "GET", "HTTP/1.1 200\nContent-Length: 5\n\n", BodyKind::length, true},
      {"chunked", "GET", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", BodyKind::chunked, true},
      {"until close", "GET", "HTTP/1.1 200 OK\nX: y\n\n", BodyKind::until_close, false},
      {"head", "HEAD", "HTTP/1.1 200 OK\nContent-Length: 5\n\n", BodyKind::none, true},
      {"204", "GET", "HTTP/1.1 204 No Content\n\n", BodyKind::none, true},
      {"304", "GET", "HTTP/1.1 304 Not Modified\nContent-Length: 5\n\n", BodyKind::none, true},
      {"100", "GET", "HTTP/1.1 100 Continue\n\n", BodyKind::none, true},
      {"1.0", "GET", "HTTP/1.0 200 OK\nContent-Length: 5\n\n", BodyKind::length, false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    ResponseHead head;
    Version version;
    Framing framing;
    const auto result = parse_response_head(crlf(row.head), kLimits, row.method, head, version, framing);
    ASSERT_EQ(result.state, State::complete) << result.reason;
    EXPECT_EQ(framing.body, row.body);
    EXPECT_EQ(framing.keep_alive, row.keep_alive);
  }
  for (const char* bad :
       {"HTTP/1.1 20 OK\n\n", "HTTP/1.1 2000 OK\n\n", "HTTP/2.0 200 OK\n\n", "ICY 200 OK\n\n",
        "HTTP/1.1 099 X\n\n", "HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 6\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 5\nTransfer-Encoding: chunked\n\n",
        "HTTP/1.1 200 OK\nTransfer-Encoding: gzip\n\n", "HTTP/1.1 200 OK\nX : y\n\n"}) {
    SCOPED_TRACE(bad);
    ResponseHead head;
    Version version;
    Framing framing;
    EXPECT_EQ(parse_response_head(crlf(bad), kLimits, "GET", head, version, framing).state, State::refused);
  }
}

TEST(H1Body, ChunksThatAreRefused) {
  const std::pair<const char*, std::string> rows[] = {
      {"no size", "\r\nabc"},
      {"space before size", " 3\r\nabc\r\n"},
      {"space after size", "3 \r\nabc\r\n"},
      {"space before extension", "3 ;a\r\nabc\r\n"},
      {"sign", "+3\r\nabc\r\n"},
      {"negative", "-3\r\nabc\r\n"},
      {"0x", "0x3\r\nabc\r\n"},
      {"underscore", "1_0\r\nabc\r\n"},
      {"seventeen digits", "00000000000000003\r\nabc\r\n"},
      {"size overflows", "FFFFFFFFFFFFFFFFF\r\nabc\r\n"},
      {"LF after size", "3\nabc\r\n"},
      {"CR after size", "3\rabc\r\n"},
      {"LF in extension", "3;a\nb\r\nabc\r\n"},
      {"CR in extension", "3;a\rb\r\nabc\r\n"},
      {"nul in extension", std::string("3;\0\r\nabc\r\n", 10)},
      {"extension without name", "3;\r\nabc\r\n"},
      {"extension with open quote", "3;a=\"b\r\nabc\r\n"},
      {"extension with space", "3;a b\r\nabc\r\n"},
      {"long extension", "3;" + std::string(300, 'x') + "\r\nabc\r\n"},
      {"data longer than size", "3\r\nabcd\r\n"},
      {"data ends with LF", "3\r\nabc\n3\r\n"},
      {"data ends without CRLF", "3\r\nabc0\r\n\r\n"},
      {"end with LF", "0\r\n\n"},
      {"end with CR", "0\r\n\rX"},
      {"trailer frames", "0\r\nContent-Length: 3\r\n\r\n"},
      {"trailer codes", "0\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"trailer routes", "0\r\nHost: b\r\n\r\n"},
      {"trailer folded", "0\r\nA: b\r\n c\r\n\r\n"},
      {"trailer with LF", "0\r\nA: b\n\r\n"},
      {"trailer without name", "0\r\n: b\r\n\r\n"},
      {"trailers too long", "0\r\nA: " + std::string(5000, 'x') + "\r\n\r\n"},
  };
  for (const auto& [name, bytes] : rows) {
    SCOPED_TRACE(name);
    BodyDecoder decoder;
    decoder.start({.body = BodyKind::chunked}, kLimits);
    std::string_view rest = bytes;
    auto kind = BodyDecoder::Step::Kind::data;
    while (kind == BodyDecoder::Step::Kind::data) {
      const auto step = decoder.next(rest, 100);
      kind = step.kind;
      rest.remove_prefix(step.skip + step.data.size());
    }
    EXPECT_EQ(kind, BodyDecoder::Step::Kind::refused);
  }
}

TEST(H1Body, EveryCutGivesTheSameBody) {
  const std::string bytes = "3\r\nabc\r\n0A;ext=\"1\"\r\n0123456789\r\n0\r\nT: u\r\nV:\r\n\r\nNEXT";
  for (std::size_t cut = 1; cut < bytes.size() - 4; ++cut) {
    BodyDecoder decoder;
    decoder.start({.body = BodyKind::chunked}, kLimits);
    std::string body;
    std::string_view rest = bytes;
    std::size_t have = cut;
    std::size_t used = 0;
    while (!decoder.done()) {
      const auto step = decoder.next(rest.substr(used, have - used), 4);
      ASSERT_NE(step.kind, BodyDecoder::Step::Kind::refused) << step.reason;
      body += step.data;
      used += step.skip + step.data.size();
      if (step.kind == BodyDecoder::Step::Kind::need_more && step.skip == 0) ++have;
      ASSERT_LE(have, bytes.size());
    }
    EXPECT_EQ(body, "abc0123456789");
    EXPECT_EQ(rest.substr(used), "NEXT");
    EXPECT_EQ(decoder.trailers().get("t"), "u");
    EXPECT_EQ(decoder.trailers().size(), 2U);
  }
}

TEST(H1Body, ExtensionsAreBoundedOverTheWholeBody) {
  BodyDecoder decoder;
  decoder.start({.body = BodyKind::chunked}, kLimits);
  const std::string chunk = "1;" + std::string(200, 'e') + "\r\nx\r\n";
  int chunks = 0;
  for (; chunks < 10'000; ++chunks) {
    std::string_view rest = chunk;
    auto step = decoder.next(rest, 100);
    if (step.kind == BodyDecoder::Step::Kind::refused) break;
    rest.remove_prefix(step.skip + step.data.size());
    step = decoder.next(rest, 100);
    ASSERT_EQ(step.skip, 2U);
  }
  EXPECT_LT(chunks, 200);
}

}  // namespace
}  // namespace wisp::net::http
