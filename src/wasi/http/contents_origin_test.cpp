#include "wasi/http/contents_origin.hpp"

#include "wasi/http/outgoing_body.hpp"

#include <gtest/gtest.h>

#include <string>

namespace wisp::wasi::http {
namespace {

namespace asio = boost::asio;

ByteView bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

/// A component at work on a body.
class Maker final : public ContentsOrigin::Maker {
 public:
  const Result<>* outcome() const noexcept override { return ended ? &*ended : nullptr; }
  void left(bool whole) noexcept override { (whole ? done : broken) = true; }
  std::optional<Result<>> ended;
  bool done = false, broken = false;
};

class ContentsOriginTest : public testing::Test {
 protected:
  /// What one body gives another, read to its end or to where it has to wait.
  std::string read(IncomingBody& body) {
    std::string out;
    for (int turns = 0; turns < 20; ++turns) {
      for (auto piece = body.read(1000); piece && !piece->empty(); piece = body.read(1000))
        out.append(reinterpret_cast<const char*>(piece->data()), piece->size());
      turn();
    }
    return out;
  }
  void turn() {
    loop.restart();
    loop.poll();
  }
  std::shared_ptr<IncomingBody> receive(std::optional<std::chrono::nanoseconds> silence = std::nullopt) {
    return std::make_shared<IncomingBody>(loop, std::make_unique<ContentsOrigin>(loop, sent, maker, silence));
  }
  static ErrorCase why(const IncomingBody& body) { return body.outcome().error().which(); }

  asio::io_context loop;
  std::shared_ptr<OutgoingBody> sent = std::make_shared<OutgoingBody>(OutgoingBody::Of::response);
  std::shared_ptr<Maker> maker = std::make_shared<Maker>();
};

TEST_F(ContentsOriginTest, PassesPiecesAndTrailersOn) {
  const auto body = receive();
  ASSERT_TRUE(sent->write(bytes("one ")));
  EXPECT_EQ(read(*body), "one ");
  EXPECT_FALSE(body->at_end());
  ASSERT_TRUE(sent->write(bytes("two")));
  auto trailers = std::make_shared<net::http::Fields>();
  ASSERT_TRUE(trailers->add("sum", "7"));
  ASSERT_TRUE(sent->finish(trailers));
  EXPECT_EQ(read(*body), "two");
  ASSERT_TRUE(body->at_end());
  ASSERT_TRUE(body->outcome());
  EXPECT_EQ((*body->outcome())->size(), 1U);
  EXPECT_TRUE(maker->done);
}

TEST_F(ContentsOriginTest, TakesNothingThatNobodyReads) {
  const auto body = receive();
  const std::string much(OutgoingBody::kDefaultLimit, 'x');
  ASSERT_TRUE(sent->write(bytes(much)));
  turn();
  EXPECT_EQ(*sent->capacity(), 0U);
  EXPECT_EQ(read(*body).size(), much.size());
  EXPECT_EQ(*sent->capacity(), OutgoingBody::kDefaultLimit);
  body->close();  // it waits for more, and keeps itself meanwhile
  turn();
}

TEST_F(ContentsOriginTest, BreaksOffWithItsSender) {
  const auto abandoned = receive();
  ASSERT_TRUE(sent->write(bytes("some")));
  sent->abandon();
  EXPECT_EQ(read(*abandoned), "some");
  EXPECT_EQ(why(*abandoned), ErrorCase::http_protocol_error);
  EXPECT_TRUE(maker->broken);

  sent = std::make_shared<OutgoingBody>(OutgoingBody::Of::response);
  const auto trapped = receive();
  EXPECT_EQ(read(*trapped), "");
  maker->ended.emplace(fail(Errc::trap, "it trapped"));
  sent->abandon();
  EXPECT_EQ(read(*trapped), "");
  EXPECT_EQ(why(*trapped), ErrorCase::internal_error);

  sent = std::make_shared<OutgoingBody>(OutgoingBody::Of::response);
  maker->ended.emplace();
  const auto left = receive();
  EXPECT_EQ(read(*left), "");
  EXPECT_EQ(why(*left), ErrorCase::http_protocol_error) << "it returned and left the body open";
}

TEST_F(ContentsOriginTest, TellsTheSenderThatTheReaderHasGone) {
  {
    const auto body = receive();
    EXPECT_EQ(read(*body), "");
    body->close();
    turn();
  }
  EXPECT_TRUE(maker->broken);
  EXPECT_FALSE(sent->write(bytes("late")));
}

TEST_F(ContentsOriginTest, SilenceIsBounded) {
  const auto body = receive(std::chrono::milliseconds(1));
  static_cast<void>(body->read(10));
  for (int i = 0; i < 1000 && !body->at_end(); ++i) {
    loop.restart();
    loop.run_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(why(*body), ErrorCase::connection_read_timeout);
}

}  // namespace
}  // namespace wisp::wasi::http
