#include "wasi/bridge/asked_stream.hpp"

#include "wasi/filesystem/error.hpp"

#include <gtest/gtest.h>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <string>

namespace wisp::wasi::bridge {
namespace {

using boost::asio::awaitable;

Bytes bytes(std::string_view text) {
  const auto* const from = reinterpret_cast<const std::byte*>(text.data());
  return {from, from + text.size()};
}
std::string text(ByteView view) { return {reinterpret_cast<const char*>(view.data()), view.size()}; }

/// Answers later, from the loop.
struct Words final : Puller {
  explicit Words(boost::asio::io_context& on) : loop(on) {}
  awaitable<StreamResult<>> open() override {
    co_await boost::asio::post(loop, boost::asio::use_awaitable);
    if (refused) co_return broken("refused", FsError::access);
    co_return StreamResult<>{};
  }
  awaitable<StreamResult<Bytes>> pull(std::size_t most) override {
    ++asked;
    most_asked = most;
    co_await boost::asio::post(loop, boost::asio::use_awaitable);
    if (asked > words.size()) co_return end ? broken("broken", *end) : ended();
    co_return bytes(words[asked - 1]);
  }
  boost::asio::io_context& loop;
  std::vector<std::string> words{"one", "three"};
  std::optional<FsError> end;
  std::size_t asked = 0, most_asked = 0;
  bool refused = false;
};

struct Sunk final : Pusher {
  explicit Sunk(boost::asio::io_context& on) : loop(on) {}
  awaitable<StreamResult<>> push(Bytes more) override {
    co_await boost::asio::post(loop, boost::asio::use_awaitable);
    if (fails) co_return broken("full", FsError::insufficient_space);
    pieces.push_back(text(more));
    co_return StreamResult<>{};
  }
  boost::asio::io_context& loop;
  std::vector<std::string> pieces;
  bool fails = false;
};

class AskedStreams : public ::testing::Test {
 protected:
  void turn() {
    loop.restart();
    loop.run();
  }
  boost::asio::io_context loop;
  std::shared_ptr<Words> words = std::make_shared<Words>(loop);
  std::shared_ptr<Sunk> sunk = std::make_shared<Sunk>(loop);
};

TEST_F(AskedStreams, NothingIsAskedForBeforeSomebodyWaits) {
  AskedSource source(loop, words);
  source.open([](const StreamEnd&) { FAIL(); });
  turn();
  EXPECT_EQ(words->asked, 0U);
  EXPECT_FALSE(source.ready());
  EXPECT_FALSE(source.ready()) << "one question at a time";
  turn();
  EXPECT_EQ(words->asked, 1U);
  EXPECT_EQ(words->most_asked, kMaxRead);
  EXPECT_TRUE(source.ready());
  EXPECT_EQ(text(*source.read(2)), "on");
  EXPECT_EQ(text(*source.read(2)), "e");
  EXPECT_EQ(text(*source.read(2)), "") << "none yet";
  EXPECT_EQ(words->asked, 1U);
  EXPECT_FALSE(source.ready());
  turn();
  EXPECT_EQ(text(*source.read(100)), "three");
  EXPECT_FALSE(source.ready());
  turn();
  EXPECT_TRUE(source.ready());
  EXPECT_FALSE(source.read(1));
}

TEST_F(AskedStreams, WhoOnlyReadsIsAnsweredToo) {
  AskedSource source(loop, words);
  std::string all;
  bool open = true;
  for (int i = 0; i < 20 && open; ++i) {
    const auto got = source.read(i % 2 == 0 ? 0 : 2);
    open = got.has_value();
    if (open) all += text(*got);
    EXPECT_EQ(words->asked > 0, i > 1) << "zero bytes need none";
    turn();
  }
  EXPECT_EQ(all, "onethree");
  EXPECT_FALSE(open);
}

TEST_F(AskedStreams, AFailureIsToldOnce) {
  words->words.clear();
  words->end = FsError::io;
  AskedSource source(loop, words);
  EXPECT_FALSE(source.ready());
  turn();
  const auto broke = source.read(1);
  ASSERT_FALSE(broke);
  ASSERT_NE(broke.error().failure, nullptr);
  EXPECT_EQ(*broke.error().failure->as<FsError>(), FsError::io);
  EXPECT_EQ(source.read(1).error().failure, nullptr);
}

TEST_F(AskedStreams, WhoCannotBeOpenedSaysSoAtOnce) {
  words->refused = true;
  AskedSource source(loop, words);
  std::optional<FsError> why;
  source.open([&](const StreamEnd& end) { why = *end.failure->as<FsError>(); });
  turn();
  EXPECT_EQ(why, FsError::access) << "though nobody reads";
  EXPECT_TRUE(source.ready());
  EXPECT_FALSE(source.read(1));
  EXPECT_EQ(words->asked, 0U);
}

TEST_F(AskedStreams, AQuestionEndsWithItsStream) {
  auto source = std::make_unique<AskedSource>(loop, words);
  EXPECT_FALSE(source->ready());
  source.reset();
  turn();
  EXPECT_EQ(words.use_count(), 1) << "it lets go of whom it asked";
}

TEST_F(AskedStreams, APieceIsThroughBeforeTheNextOneIsTaken) {
  AskedSink sink(loop, sunk);
  EXPECT_EQ(*sink.capacity(), kMaxRead);
  ASSERT_TRUE(sink.write(bytes("a")));
  EXPECT_EQ(*sink.capacity(), 0U);
  EXPECT_FALSE(sink.ready());
  EXPECT_TRUE(sink.writing());
  // Permitted before.
  ASSERT_TRUE(sink.write(bytes("b")));
  ASSERT_TRUE(sink.write(bytes("c")));
  turn();
  EXPECT_EQ(sunk->pieces, (std::vector<std::string>{"a", "bc"}));
  EXPECT_EQ(*sink.capacity(), kMaxRead);
  EXPECT_FALSE(sink.writing());
}

TEST_F(AskedStreams, MoreThanWasEverPermittedEndsTheSink) {
  AskedSink sink(loop, sunk);
  ASSERT_TRUE(sink.write(bytes("a")));
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(sink.write(Bytes(kMaxRead)));
  EXPECT_FALSE(sink.write(bytes("b")));
}

TEST_F(AskedStreams, AFailureEndsTheSink) {
  sunk->fails = true;
  AskedSink sink(loop, sunk);
  ASSERT_TRUE(sink.write(bytes("a")));
  turn();
  EXPECT_TRUE(sink.ready());
  const auto broke = sink.capacity();
  ASSERT_FALSE(broke);
  EXPECT_EQ(*broke.error().failure->as<FsError>(), FsError::insufficient_space);
  EXPECT_FALSE(sink.write(bytes("b")));
}

}  // namespace
}  // namespace wisp::wasi::bridge
