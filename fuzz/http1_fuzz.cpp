// An HTTP/1 request out of bytes: however it is cut, it reads the same; and what is accepted, Boost.Beast
// reads the same way. A difference between two readers is what request smuggling is made of.
#include "net/http/h1_body.hpp"
#include "net/http/h1_head.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace http = wisp::net::http;
using State = http::HeadResult::State;

constexpr http::HeadLimits kLimits{.bytes = 4096, .fields = 64, .target = 1024};

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// A request as it was read: how it ended, and what it said.
struct Reading {
  State head = State::incomplete;
  std::size_t head_size = 0;
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields;
  bool body_refused = false;
  bool complete = false;
  std::string body;
  std::size_t used = 0;
  friend bool operator==(const Reading&, const Reading&) = default;
};

/// Reads `bytes` as if `step` of them arrived at a time, taking at most `max` of the body at once.
Reading read(std::string_view bytes, std::size_t step, std::size_t max) {
  Reading reading;
  http::HeadScanner scanner;
  std::size_t have = 0;
  http::HeadResult result{.state = State::incomplete};
  while (result.state == State::incomplete && have < bytes.size()) {
    have = std::min(bytes.size(), have + step);
    result = scanner.scan(bytes.substr(0, have), kLimits);
  }
  http::RequestHead head;
  http::Framing framing;
  if (result.state == State::complete) {
    result = http::parse_request_head(bytes.substr(0, result.size), kLimits, head, framing);
  }
  reading.head = result.state;
  if (result.state != State::complete) return reading;
  reading.head_size = reading.used = result.size;
  reading.target = head.path_with_query;
  for (const auto [name, value] : head.fields) reading.fields.emplace_back(name, value);
  http::BodyDecoder body;
  body.start(framing, kLimits);
  have = std::max(have, reading.used);
  while (!body.done()) {
    const auto next = body.next(bytes.substr(reading.used, have - reading.used), max);
    if (next.kind == http::BodyDecoder::Step::Kind::refused) {
      reading.body_refused = true;
      reading.used = 0;  // where it was noticed depends on the cuts
      reading.body.clear();
      return reading;
    }
    reading.body += next.data;
    reading.used += next.skip + next.data.size();
    require(reading.used <= have, "more was consumed than was there");
    if (next.kind == http::BodyDecoder::Step::Kind::need_more && next.skip == 0) {
      if (have == bytes.size()) return reading;
      have = std::min(bytes.size(), have + step);
    }
  }
  reading.complete = true;
  return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Reading whole = read(bytes, bytes.size() + 1, 1 << 20);
  // A head that is too large may be noticed before or after its end, so only those within the limits are
  // compared.
  if (bytes.size() <= kLimits.bytes) {
    require(read(bytes, 1, 1 << 20) == whole, "one byte at a time reads differently");
    require(read(bytes, 7, 3) == whole, "small pieces read differently");
  }
  if (!whole.complete || whole.target.empty()) return 0;

  boost::beast::http::request_parser<boost::beast::http::string_body> beast;
  beast.eager(true);
  beast.header_limit(16 << 10);
  boost::system::error_code error;
  // Beast does not skip an empty line before the request.
  const std::size_t skipped = bytes.starts_with("\r\n") ? 2 : 0;
  const std::size_t used = beast.put(boost::asio::buffer(bytes.substr(skipped, whole.used - skipped)), error);
  require(!error, "Beast refuses what is accepted");
  require(beast.is_done(), "Beast waits for more");
  require(used == whole.used - skipped, "Beast ends the request elsewhere");
  require(beast.get().body() == whole.body, "Beast reads another body");
  for (const auto& [name, value] : whole.fields) {
    const auto [first, last] = beast.get().equal_range(name);
    require(
        std::any_of(first, last, [&](const auto& field) { return std::string_view(field.value()) == value; }),
        "Beast reads another field");
  }
  return 0;
}
