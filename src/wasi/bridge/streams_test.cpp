#include "wasi/bridge/stream_sink.hpp"
#include "wasi/bridge/stream_source.hpp"

#include "wasi/io/memory_stream.hpp"
#include "wasi/p3/byte_flow.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

namespace wisp::wasi::bridge {
namespace {

using component::FutureWriter;
using component::StreamReader;
using component::StreamWriter;
using p3::StdioError;
using p3::StdioOutcome;
using Chunk = std::vector<std::uint8_t>;

std::string text(ByteView from) { return {reinterpret_cast<const char*>(from.data()), from.size()}; }
ByteView bytes(std::string_view from) { return std::as_bytes(std::span(from)); }

/// How a stream ended, or that it did not.
template <class T>
std::string end_of(const StreamResult<T>& result) {
  if (result) return "open";
  return result.error().failure == nullptr ? "ended" : result.error().failure->text;
}

class BridgeStreams : public testing::Test {
 protected:
  void turn() {
    loop.restart();
    loop.poll();
  }
  boost::asio::io_context loop;
  Quota quota{1};
};

// ---- a source out of what somebody writes

class BridgeSource : public BridgeStreams {
 protected:
  std::shared_ptr<StreamSource> make() {
    return StreamSource::make(loop, writer->readable(), outcome->readable(), nullptr);
  }
  void offer(std::string_view what) {
    chunk.assign(what.begin(), what.end());
    writer->start(chunk);
  }
  Chunk chunk;  // before the end that may have an operation in it
  std::optional<StreamWriter<std::uint8_t>> writer{std::in_place};
  std::optional<FutureWriter<StdioOutcome>> outcome{std::in_place};
};

TEST_F(BridgeSource, NothingIsReadAhead) {
  const auto source = make();
  EXPECT_FALSE(source->ready());
  offer("hello");
  turn();
  EXPECT_TRUE(source->ready());
  EXPECT_EQ(writer->progress(), 0U) << "nobody has read";
  EXPECT_EQ(text(*source->read(0)), "");
  EXPECT_EQ(text(*source->read(2)), "he");
  EXPECT_EQ(writer->progress(), 2U);
  EXPECT_EQ(text(*source->read(100)), "llo");
  EXPECT_FALSE(writer->pending());
  EXPECT_FALSE(source->ready());
  EXPECT_EQ(text(*source->read(100)), "");
}

TEST_F(BridgeSource, ReadersAreWokenByWhatComes) {
  struct Woken final : Waiter {
    void wake() noexcept override { ++times; }
    int times = 0;
  } woken;
  const auto source = make();
  EXPECT_FALSE(source->ready());
  SignalLink link;
  link.link(source->changed(), woken);
  offer("x");
  turn();
  EXPECT_GT(woken.times, 0);
  EXPECT_EQ(text(*source->read(9)), "x");
  EXPECT_FALSE(source->ready());
  link.link(source->changed(), woken);
  const int before = woken.times;
  outcome->write({});
  writer.reset();
  turn();
  EXPECT_GT(woken.times, before);
  EXPECT_TRUE(source->ready());
}

TEST_F(BridgeSource, APieceIsBounded) {
  const auto source = make();
  offer(std::string(3 * kMaxRead, 'a'));
  EXPECT_EQ(source->read(10 * kMaxRead)->size(), kMaxRead);
  EXPECT_EQ(writer->progress(), kMaxRead);
}

TEST_F(BridgeSource, TheOutcomeIsHowItEnds) {
  struct Row {
    std::optional<StdioOutcome> outcome;  // none: its writer ends without one
    std::string_view end;
  };
  const Row rows[] = {
      {StdioOutcome(), "ended"},
      {StdioOutcome(std::unexpected(StdioError::io)), "the component that is read from failed: io"},
      {StdioOutcome(std::unexpected(StdioError::illegal_byte_sequence)),
       "the component that is read from failed: illegal byte sequence"},
  };
  for (const auto& row : rows) {
    writer.emplace();
    outcome.emplace();
    const auto source = make();
    writer.reset();
    turn();
    EXPECT_FALSE(source->ready()) << "how it ended is not known yet";
    outcome->write(*row.outcome);
    turn();
    EXPECT_TRUE(source->ready());
    EXPECT_EQ(end_of(source->read(1)), row.end);
    EXPECT_EQ(end_of(source->read(1)), "ended") << "a failure is told once";
  }
}

TEST_F(BridgeSource, WhatWasWrittenComesBeforeTheFailure) {
  const auto source = make();
  offer("last");
  outcome->write(std::unexpected(StdioError::io));
  turn();
  EXPECT_EQ(text(*source->read(9)), "last");
  writer.reset();
  turn();
  EXPECT_EQ(end_of(source->read(9)), "the component that is read from failed: io");
}

TEST_F(BridgeSource, FlowsOfTheHostArePassedOn) {
  std::string all;
  for (int i = 0; i < 40'000; ++i) all += std::to_string(i);
  const auto view = bytes(all);
  bool over = false;
  auto stream = p3::flow_from(std::make_shared<MemorySource>(Bytes(view.begin(), view.end())), *quota.take(),
                              [&](const StreamResult<>&) {
                                over = true;
                                outcome->write({});
                              });
  const auto source = StreamSource::make(loop, std::move(stream), outcome->readable(), nullptr);
  std::string got;
  std::string end = "open";
  for (int turns = 0; turns < 10'000 && end == "open"; ++turns) {
    auto piece = source->read(10'001);
    end = end_of(piece);
    if (piece) got += text(*piece);
    if (!source->ready()) turn();
  }
  EXPECT_EQ(end, "ended");
  EXPECT_TRUE(over);
  EXPECT_EQ(got, all);
}

TEST_F(BridgeSource, OneThatIsShutDownIsAtItsEnd) {
  const auto source = make();
  offer("hello");
  turn();
  ASSERT_TRUE(source->ready());
  source->shut_down();
  EXPECT_TRUE(source->ready());
  EXPECT_EQ(end_of(source->read(10)), "ended");
  EXPECT_TRUE(writer->dropped());
  source->shut_down();
}

TEST_F(BridgeSource, ErrorsOfSocketsPass) {
  FutureWriter<p3::SocketReply<>> how;
  const auto source = StreamSource::make(loop, writer->readable(), how.readable(), nullptr);
  writer.reset();
  how.write(p3::refuse(SocketError::connection_reset));
  turn();
  const auto end = source->read(10);
  ASSERT_FALSE(end);
  ASSERT_NE(end.error().failure, nullptr);
  EXPECT_EQ(*end.error().failure->as<SocketError>(), SocketError::connection_reset);
}

TEST_F(BridgeSource, ItsWriterSeesItGo) {
  auto source = make();
  offer("x");
  source.reset();
  EXPECT_TRUE(writer->dropped());
  EXPECT_TRUE(outcome->dropped());
}

// ---- a sink that somebody reads

class BridgeSink : public BridgeStreams {
 protected:
  void SetUp() override {
    sink = std::make_shared<StreamSink>(loop, *quota.take());
    reader.emplace(sink->readable());
    sink->begin(outcome->readable(), nullptr);
  }
  std::string read(std::size_t most) {
    Chunk into(most);
    reader->start(into);
    turn();
    into.resize(reader->finish());
    return {into.begin(), into.end()};
  }
  std::shared_ptr<StreamSink> sink;
  std::optional<StreamReader<std::uint8_t>> reader;
  std::optional<FutureWriter<StdioOutcome>> outcome{std::in_place};
};

TEST_F(BridgeSink, HoldsABoundedNumberOfBytes) {
  EXPECT_EQ(*sink->capacity(), kMaxRead);
  const std::string much(kMaxRead - 10, 'a');
  ASSERT_TRUE(sink->write(bytes(much)));
  EXPECT_EQ(*sink->capacity(), 10U);
  ASSERT_TRUE(sink->write(bytes("0123456789")));
  EXPECT_EQ(*sink->capacity(), 0U);
  EXPECT_FALSE(sink->ready());
  EXPECT_EQ(read(100), std::string(100, 'a'));
  EXPECT_EQ(*sink->capacity(), 100U);
  EXPECT_TRUE(sink->ready());
  EXPECT_EQ(read(kMaxRead).size(), kMaxRead - 110);
  EXPECT_EQ(read(kMaxRead), "0123456789");
  EXPECT_EQ(*sink->capacity(), kMaxRead);
}

TEST_F(BridgeSink, ItsSlotMayBeASourcesToo) {
  sink = nullptr;
  ASSERT_EQ(quota.used(), 0U);
  auto slot = std::make_shared<Quota::Slot>(*quota.take());
  sink = std::make_shared<StreamSink>(loop, slot);
  StreamWriter<std::uint8_t> writer;
  FutureWriter<StdioOutcome> how;
  auto source = StreamSource::make(loop, writer.readable(), how.readable(), nullptr);
  source->count_as(std::move(slot));
  sink->shut_down();
  turn();
  EXPECT_EQ(quota.used(), 1U) << "the source still has its buffers";
  source = nullptr;
  EXPECT_EQ(quota.used(), 0U);
}

TEST_F(BridgeSink, AFlushIsDoneWhenAllWasRead) {
  ASSERT_TRUE(sink->write(bytes("abc")));
  ASSERT_TRUE(sink->flush());
  EXPECT_EQ(*sink->capacity(), 0U);
  EXPECT_EQ(read(2), "ab");
  EXPECT_EQ(*sink->capacity(), 0U);
  EXPECT_EQ(read(2), "c");
  EXPECT_EQ(*sink->capacity(), kMaxRead);
  ASSERT_TRUE(sink->flush());
  EXPECT_EQ(*sink->capacity(), kMaxRead) << "there is nothing to wait for";
}

TEST_F(BridgeSink, TheOutcomeIsHowItEnds) {
  struct Row {
    StdioOutcome outcome;
    std::string_view end;
  };
  const Row rows[] = {
      {StdioOutcome(), "ended"},
      {std::unexpected(StdioError::pipe), "ended"},
      {std::unexpected(StdioError::io), "the component that is written to failed: io"},
  };
  for (const auto& row : rows) {
    if (!sink) {
      outcome.emplace();
      SetUp();
    }
    ASSERT_TRUE(sink->write(bytes("abc")));
    ASSERT_TRUE(sink->flush());
    reader.reset();
    turn();
    EXPECT_FALSE(sink->ready()) << "how it ended is not known yet";
    outcome->write(row.outcome);
    turn();
    EXPECT_TRUE(sink->ready());
    EXPECT_EQ(end_of(sink->capacity()), row.end);
    EXPECT_EQ(end_of(sink->write(bytes("x"))), "ended") << "a failure is told once";
    sink.reset();
    turn();
  }
}

TEST_F(BridgeSink, AnErrorEndsItBeforeItsReaderGoes) {
  outcome->write(std::unexpected(StdioError::io));
  turn();
  EXPECT_EQ(end_of(sink->capacity()), "the component that is written to failed: io");
  EXPECT_TRUE(reader->dropped());
}

TEST_F(BridgeSink, HandlesTogetherMayNotWriteWithoutEnd) {
  // Each was permitted what there was room for.
  const std::string piece(kMaxRead, 'a');
  std::string end = "open";
  int writes = 0;
  for (; writes < 100 && end == "open"; ++writes) end = end_of(sink->write(bytes(piece)));
  EXPECT_LT(writes, 20);
  EXPECT_NE(end_of(sink->capacity()), "open");
}

TEST_F(BridgeSink, WhatWasWrittenArrivesWithoutTheSink) {
  ASSERT_TRUE(sink->write(bytes("left behind")));
  sink.reset();
  turn();
  EXPECT_EQ(quota.used(), 1U);
  EXPECT_EQ(read(4), "left");
  EXPECT_EQ(read(100), " behind");
  turn();
  EXPECT_TRUE(reader->dropped());
  EXPECT_EQ(quota.used(), 0U);
}

TEST_F(BridgeSink, OneThatIsShutDownTakesNoMoreAndDeliversWhatItHas) {
  ASSERT_TRUE(sink->write(bytes("abc")));
  sink->shut_down();
  EXPECT_TRUE(sink->ready());
  EXPECT_EQ(end_of(sink->capacity()), "ended");
  EXPECT_EQ(end_of(sink->write(bytes("x"))), "ended");
  EXPECT_EQ(end_of(sink->flush()), "ended");
  EXPECT_FALSE(reader->dropped());
  EXPECT_EQ(read(10), "abc");
  turn();
  EXPECT_TRUE(reader->dropped());
}

TEST_F(BridgeSink, WithoutAReaderNothingStays) {
  ASSERT_TRUE(sink->write(bytes("for nobody")));
  sink.reset();
  EXPECT_EQ(quota.used(), 1U);
  reader.reset();
  turn();
  EXPECT_EQ(quota.used(), 0U);
}

TEST_F(BridgeSink, AnIdleOneEndsAtOnce) {
  sink.reset();
  EXPECT_TRUE(reader->dropped());
  EXPECT_EQ(quota.used(), 0U);
}

TEST_F(BridgeSink, FlowsOfTheHostTakeIt) {
  std::string taken;
  std::optional<std::string> over;
  Quota flows{1};
  p3::flow_to(
      loop,
      [&] {
        auto fresh = std::make_shared<StreamSink>(loop, Quota::Slot());
        auto stream = fresh->readable();
        fresh->begin(outcome->readable(), nullptr);
        sink = fresh;
        return stream;
      }(),
      std::make_shared<CallbackSink>([&](ByteView piece) { taken += text(piece); }), *flows.take(),
      [&](const StreamResult<>& result) { over = end_of(result); });
  std::string all;
  while (all.size() < 300'000) {
    const std::string piece = std::to_string(all.size()) + ",";
    if (*sink->capacity() < piece.size()) turn();
    ASSERT_TRUE(sink->write(bytes(piece)));
    all += piece;
  }
  sink.reset();
  for (int turns = 0; turns < 100 && !over; ++turns) turn();
  EXPECT_EQ(over, "open") << "in good order";
  EXPECT_EQ(taken, all);
}

}  // namespace
}  // namespace wisp::wasi::bridge
