#include "wasi/io/blocking_pool.hpp"
#include "wasi/io/fd_stream.hpp"
#include "wasi/io/memory_stream.hpp"
#include "wasi/io/unique_fd.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace wisp::wasi {
namespace {

std::string text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
Bytes bytes(std::string_view from) {
  const auto view = std::as_bytes(std::span(from));
  return {view.begin(), view.end()};
}

// Turns the loop until the stream is ready.
void wait(boost::asio::io_context& loop, Readiness& readiness) {
  loop.restart();
  while (!readiness.ready()) ASSERT_GT(loop.run_one(), 0u) << "nothing left to wait for";
}

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};
Pipe make_pipe() {
  std::array<int, 2> fds{};
  EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

TEST(Streams, MemoryEndsAfterItsBytes) {
  MemorySource source(bytes("hello"));
  EXPECT_EQ(text(source.read(0).value()), "");
  EXPECT_EQ(text(source.read(2).value()), "he");
  EXPECT_EQ(text(source.read(100).value()), "llo");
  EXPECT_FALSE(source.read(1));
  EXPECT_FALSE(source.read(0));
  EXPECT_TRUE(source.ready());
}

TEST(Streams, FailureIsToldOnceThenTheEnd) {
  EndState end;
  end.fail(Failure{"first", 7});
  end.fail(Failure{"second", 8});
  const auto told = end.take().error();
  ASSERT_TRUE(told.failure);
  EXPECT_EQ(told.failure->text, "first");
  ASSERT_TRUE(told.failure->as<int>());
  EXPECT_EQ(*told.failure->as<int>(), 7);
  EXPECT_FALSE(told.failure->as<long>());
  EXPECT_FALSE(end.take().error().failure);
  EXPECT_FALSE(end.open());
}

TEST(Streams, FdSourceWaitsWithoutBlockingTheLoop) {
  boost::asio::io_context loop(1);
  auto pipe = make_pipe();
  FdSource source(loop, pipe.reader.get());
  EXPECT_EQ(text(source.read(10).value()), "");
  EXPECT_FALSE(source.ready());
  EXPECT_EQ(::fcntl(pipe.reader.get(), F_GETFL) & O_NONBLOCK, 0);
  ASSERT_EQ(::write(pipe.writer.get(), "abc", 3), 3);
  wait(loop, source);
  EXPECT_EQ(text(source.read(2).value()), "ab");
  EXPECT_EQ(text(source.read(2).value()), "c");
  EXPECT_FALSE(source.ready());
  pipe.writer = UniqueFd();
  wait(loop, source);
  EXPECT_FALSE(source.read(2));
}

TEST(Streams, FdSourceIsDestroyedWhileItWaits) {
  boost::asio::io_context loop(1);
  const auto pipe = make_pipe();
  {
    FdSource source(loop, pipe.reader.get());
    EXPECT_FALSE(source.ready());
  }
  EXPECT_EQ(loop.run(), 0u);
}

TEST(Streams, FdSinkMakesAFastWriterWait) {
  std::signal(SIGPIPE, SIG_IGN);
  boost::asio::io_context loop(1);
  auto pipe = make_pipe();
  FdSink sink(loop, pipe.writer.get());
  const Bytes piece(4096);
  std::size_t written = 0;
  while (true) {
    const auto room = sink.capacity().value();
    if (room == 0) break;
    ASSERT_TRUE(sink.write(ByteView(piece).first(std::min(room, piece.size()))));
    written += std::min(room, piece.size());
    ASSERT_LT(written, 10u << 20);
  }
  EXPECT_FALSE(sink.ready());
  Bytes drain(65536);
  ASSERT_GT(::read(pipe.reader.get(), drain.data(), drain.size()), 0);
  wait(loop, sink);
  EXPECT_GT(sink.capacity().value(), 0u);
  pipe.reader = UniqueFd();
  EXPECT_TRUE(sink.ready());
  const auto room = sink.write(ByteView(piece).first(1));
  ASSERT_FALSE(room);
  EXPECT_FALSE(room.error().failure) << "a reader that is gone is the ordinary end";
}

TEST(Streams, CallbackSinkPassesOnAtOnce) {
  std::string seen;
  CallbackSink sink([&](ByteView piece) { seen += text(piece); });
  EXPECT_TRUE(sink.write(bytes("ab")));
  EXPECT_EQ(seen, "ab");
  EXPECT_TRUE(sink.ready());
}

TEST(BlockingPool, DeliversOnTheLoopAndBoundsItsQueue) {
  boost::asio::io_context loop(1);
  BlockingPool pool(1, 1);
  std::array<int, 2> gate{};
  ASSERT_EQ(::pipe2(gate.data(), O_CLOEXEC), 0);
  const UniqueFd reader(gate[0]);
  const UniqueFd writer(gate[1]);
  std::atomic<bool> running = false;
  const auto first = pool.start(loop, [&] {
    running = true;
    char c = 0;
    return ::read(reader.get(), &c, 1);
  });
  ASSERT_TRUE(first);
  while (!running) std::this_thread::yield();
  const auto second = pool.start(loop, [] { return std::string("two"); });
  ASSERT_TRUE(second);
  EXPECT_FALSE(pool.start(loop, [] { return 3; })) << "the queue holds one";
  EXPECT_FALSE(second->ready());
  ASSERT_EQ(::write(writer.get(), "x", 1), 1);
  wait(loop, *second);
  EXPECT_EQ(*second->result, "two");
  EXPECT_TRUE(first->ready());
}

}  // namespace
}  // namespace wisp::wasi
