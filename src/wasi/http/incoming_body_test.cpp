#include "wasi/http/incoming_body.hpp"

#include "net/http/exchange.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <string>

namespace wisp::wasi::http {
namespace {

namespace asio = boost::asio;

/// What the origin does next: a piece at once, a piece after a turn of the loop, the end, a failure, silence.
struct Step {
  enum class Kind : std::uint8_t { now, later, end, fail, silence } kind;
  std::string text;
};

struct Script {
  std::deque<Step> steps;
  net::http::Fields trailers;
  int reads = 0;
  bool gone = false;
};

class Scripted final : public BodyOrigin {
 public:
  Scripted(asio::io_context& loop, Script& script) : loop_(loop), script_(script) {}
  ~Scripted() override { script_.gone = true; }

  asio::awaitable<Result<std::span<const std::byte>>> read(std::size_t) override {
    ++script_.reads;
    const Step step = script_.steps.front();
    script_.steps.pop_front();
    asio::steady_timer timer(loop_);
    switch (step.kind) {
      case Step::Kind::later:
        timer.expires_after(std::chrono::milliseconds(1));
        co_await timer.async_wait(asio::use_awaitable);
        break;
      case Step::Kind::fail:
        co_return fail(Errc::connection, "it broke");
      case Step::Kind::silence:
        timer.expires_after(std::chrono::hours(1));
        co_await timer.async_wait(asio::use_awaitable);
        break;
      case Step::Kind::now:
      case Step::Kind::end:
        break;
    }
    piece_ = step.text;
    co_return net::http::as_body(piece_);
  }
  const net::http::Fields* trailers() const noexcept override {
    return script_.trailers.empty() ? nullptr : &script_.trailers;
  }
  ErrorCode explain(const Error& error) const override { return server_error(error); }

 private:
  asio::io_context& loop_;
  Script& script_;
  std::string piece_;
};

class IncomingBodyTest : public testing::Test {
 protected:
  std::shared_ptr<IncomingBody> body(std::deque<Step> steps) {
    script.steps = std::move(steps);
    return std::make_shared<IncomingBody>(loop, std::make_unique<Scripted>(loop, script));
  }
  void turn() {
    loop.restart();
    loop.run_for(std::chrono::milliseconds(50));
  }
  /// What a read gives now: the text, "-" for none yet, "." at the end, "!" for a failure.
  std::string read(IncomingBody& from, std::size_t max = 100) {
    const auto got = from.read(max);
    if (!got) return got.error().failure ? "!" : ".";
    return got->empty() ? "-" : std::string(net::http::as_text(*got));
  }

  asio::io_context loop{1};
  Script script;
};

using Kind = Step::Kind;

TEST_F(IncomingBodyTest, ReadsNothingUntilAsked) {
  const auto one = body({{Kind::later, "abc"}, {Kind::later, ""}});
  turn();
  EXPECT_EQ(script.reads, 0);
  EXPECT_EQ(read(*one, 0), "-");
  EXPECT_EQ(script.reads, 0);
  EXPECT_EQ(read(*one), "-");
  EXPECT_FALSE(one->ready());
  turn();
  EXPECT_EQ(script.reads, 1);
  EXPECT_TRUE(one->ready());
  EXPECT_EQ(read(*one, 2), "ab");
  EXPECT_EQ(read(*one), "c");
  EXPECT_EQ(script.reads, 1);  // the next piece only when somebody wants it
  EXPECT_EQ(read(*one), "-");
  turn();
  EXPECT_EQ(read(*one), ".");
  EXPECT_EQ(read(*one), ".");
  EXPECT_TRUE(one->at_end());
  EXPECT_TRUE(script.gone);
  EXPECT_EQ(one->outcome().value(), nullptr);
}

TEST_F(IncomingBodyTest, PiecesThatAreThereNeedNoTurnOfTheLoop) {
  const auto one = body({{Kind::later, "a"}, {Kind::now, "b"}, {Kind::now, "c"}, {Kind::end, ""}});
  EXPECT_EQ(read(*one), "-");
  turn();
  EXPECT_EQ(read(*one), "a");
  EXPECT_EQ(read(*one), "b");
  EXPECT_EQ(read(*one), "c");
  EXPECT_EQ(read(*one), ".");
}

TEST_F(IncomingBodyTest, TellsAFailureOnceAndKeepsItForTheTrailers) {
  const auto one = body({{Kind::now, "a"}, {Kind::fail, ""}});
  turn();
  read(*one);
  turn();
  EXPECT_EQ(read(*one), "a");
  EXPECT_EQ(read(*one), "!");
  EXPECT_EQ(read(*one), ".");
  ASSERT_FALSE(one->outcome());
  EXPECT_EQ(one->outcome().error().which(), ErrorCase::connection_terminated);
}

TEST_F(IncomingBodyTest, SkippingLeadsToTheTrailers) {
  ASSERT_TRUE(script.trailers.add("x-sum", "1"));
  ASSERT_TRUE(script.trailers.add("proxy-authorization", "secret"));
  const auto one = body({{Kind::later, "a"}, {Kind::later, "b"}, {Kind::now, "c"}, {Kind::end, ""}});
  one->skip_to_end();
  turn();
  ASSERT_TRUE(one->at_end());
  const auto trailers = one->outcome().value();
  ASSERT_NE(trailers, nullptr);
  EXPECT_EQ(trailers->size(), 1U);
  EXPECT_EQ(trailers->get("X-Sum"), "1");
}

TEST_F(IncomingBodyTest, ClosingCancelsTheReadUnderWay) {
  for (const bool waiting : {false, true}) {
    const auto one = body({{waiting ? Kind::silence : Kind::now, "a"}, {Kind::end, ""}});
    script.gone = false;
    EXPECT_FALSE(script.gone);
    static_cast<void>(one->ready());
    turn();
    EXPECT_TRUE(one->busy());
    bool closed = false;
    asio::co_spawn(
        loop,
        [&]() -> asio::awaitable<void> {
          co_await one->closed();
          closed = true;
        },
        asio::detached);
    turn();
    EXPECT_TRUE(closed);
    EXPECT_FALSE(one->busy());
    EXPECT_TRUE(script.gone);
    EXPECT_EQ(read(*one), ".");
    EXPECT_FALSE(one->outcome());
  }
}

TEST_F(IncomingBodyTest, WithoutAnOriginIsAtItsEnd) {
  IncomingBody empty(loop, nullptr);
  EXPECT_TRUE(empty.ready());
  EXPECT_EQ(read(empty), ".");
  EXPECT_EQ(empty.outcome().value(), nullptr);
}

}  // namespace
}  // namespace wisp::wasi::http
