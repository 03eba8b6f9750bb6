#include "wasi/http/passed_body.hpp"

#include "net/http/exchange.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <string>

namespace wisp::wasi::http {
namespace {

namespace asio = boost::asio;
using State = PassedBody::State;
using Of = PassedBody::Of;

/// What a connection gives, piece by piece; "!" breaks it off, and after the last comes the end.
class Pieces final : public BodyOrigin {
 public:
  Pieces(std::deque<std::string> pieces, net::http::Fields trailers, bool& gone)
      : pieces_(std::move(pieces)), trailers_(std::move(trailers)), gone_(gone) {}
  ~Pieces() override { gone_ = true; }
  asio::awaitable<Result<std::span<const std::byte>>> read(std::size_t) override {
    if (pieces_.empty()) co_return std::span<const std::byte>();
    piece_ = std::move(pieces_.front());
    pieces_.pop_front();
    if (piece_ == "!") co_return fail(Errc::connection, "it broke");
    co_return net::http::as_body(piece_);
  }
  const net::http::Fields* trailers() const noexcept override {
    return trailers_.empty() ? nullptr : &trailers_;
  }
  ErrorCode explain(const Error& error) const override { return client_error(error); }

 private:
  std::deque<std::string> pieces_;
  std::string piece_;
  net::http::Fields trailers_;
  bool& gone_;
};

struct Reader final : Waiter {
  void wake() noexcept override { ++wakes; }
  int wakes = 0;
};

class PassedBodyTest : public testing::TestWithParam<Of> {
 protected:
  /// All that comes out, in the way both users of a body ask for it: "." after a good end, "!" after a bad
  /// one.
  std::string all(std::deque<std::string> pieces, std::optional<std::uint64_t> announced = {},
                  net::http::Fields trailers = {}) {
    PassedBody body(GetParam(),
                    std::make_shared<IncomingBody>(
                        loop_, std::make_unique<Pieces>(std::move(pieces), std::move(trailers), gone_)),
                    announced);
    Reader reader;
    body.attach(&reader);
    std::string out;
    for (int turns = 0; turns < 100; ++turns) {
      if (body.state() == State::abandoned) return out + "!";
      if (!body.pending().empty()) {
        out += net::http::as_text(body.take());
      } else if (body.state() == State::finished) {
        EXPECT_EQ(body.written(), out.size());
        if (body.trailers()) out += " " + std::string(body.trailers()->get("x-sum").value_or("?"));
        body.break_off(std::nullopt);
        return out + ".";
      } else {
        loop_.restart();
        loop_.poll();
      }
    }
    return out + "?";
  }

  asio::io_context loop_{1};
  bool gone_ = false;
};

INSTANTIATE_TEST_SUITE_P(Directions, PassedBodyTest, testing::Values(Of::request, Of::response),
                         [](const auto& info) { return info.param == Of::request ? "request" : "response"; });

TEST_P(PassedBodyTest, PassesOnWhatThereIs) {
  net::http::Fields trailers;
  ASSERT_TRUE(trailers.add("x-sum", "7"));
  EXPECT_EQ(all({}), ".");
  EXPECT_EQ(all({"abc", "def", "g"}), "abcdefg.");
  EXPECT_EQ(all({"abc", "def"}, 6), "abcdef.");
  EXPECT_EQ(all({"abc"}, {}, trailers), "abc 7.");
  EXPECT_EQ(all({}, {}, trailers), " 7.");
  EXPECT_TRUE(gone_) << "the origin is let go of";
}

TEST_P(PassedBodyTest, WhatBreaksOffIsAbandoned) {
  EXPECT_EQ(all({"abc", "!"}), "abc!");
  EXPECT_EQ(all({"!"}), "!");
  EXPECT_EQ(all({"abc"}, 4), "abc!") << "shorter than announced";
}

TEST_P(PassedBodyTest, WhoeverBreaksOffLetsGoOfTheOrigin) {
  PassedBody body(
      GetParam(),
      std::make_shared<IncomingBody>(
          loop_, std::make_unique<Pieces>(std::deque<std::string>{"abc", "def"}, net::http::Fields(), gone_)),
      std::nullopt);
  EXPECT_TRUE(body.pending().empty()) << "asks for it";
  loop_.poll();
  EXPECT_FALSE(gone_);
  EXPECT_FALSE(body.take().empty());
  body.break_off(Failure{.text = "nobody reads", .detail = {}});
  loop_.restart();
  loop_.poll();
  EXPECT_TRUE(gone_);
  EXPECT_TRUE(body.pending().empty());
}

}  // namespace
}  // namespace wisp::wasi::http
