#include "wasi/p3/byte_flow.hpp"

#include "component/link/channels.hpp"
#include "wasi/filesystem/file_stream.hpp"
#include "wasi/io/fd_stream.hpp"
#include "wasi/io/memory_stream.hpp"
#include "wasi/io/unique_fd.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace wisp::wasi::p3 {
namespace {

namespace fs = std::filesystem;
using component::StreamReader;
using component::StreamWriter;
using Chunk = std::vector<std::uint8_t>;

Bytes bytes(std::string_view from) {
  const auto view = std::as_bytes(std::span(from));
  return {view.begin(), view.end()};
}

std::string pattern(std::size_t length) {
  std::string text(length, '\0');
  for (std::size_t i = 0; i < length; ++i) text[i] = static_cast<char>('!' + i * 7 % 90);
  return text;
}

// A flow, and the host's end of its stream where a guest would have its own.
class ByteFlows : public testing::Test {
 protected:
  // How a flow ended: empty while it goes on.
  FlowDone note(std::optional<std::string>& outcome) {
    return [&outcome](StreamResult<> over) {
      outcome = over ? "ok" : over.error().failure == nullptr ? "ended" : over.error().failure->text;
    };
  }
  template <class Done>
  void until(Done done) {
    loop.restart();
    while (!done()) ASSERT_GT(loop.run_one_for(std::chrono::seconds(20)), 0u) << "nothing happens any more";
  }
  void idle() {
    loop.restart();
    loop.poll();
  }
  // All that comes until the stream ends.
  std::string read_all(StreamReader<std::uint8_t>& reader, std::size_t piece) {
    std::string text;
    Chunk chunk(piece);
    while (!reader.dropped()) {
      reader.start(chunk);
      until([&] { return reader.progress() > 0 || !reader.pending(); });
      const auto count = reader.finish();
      text.append(reinterpret_cast<const char*>(chunk.data()), count);
    }
    return text;
  }
  void write_all(StreamWriter<std::uint8_t>& writer, std::string text, std::size_t piece) {
    std::span<std::uint8_t> rest(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
    while (!rest.empty() && !writer.dropped()) {
      writer.start(rest.first(std::min(piece, rest.size())));
      until([&] { return writer.progress() > 0 || !writer.pending(); });
      rest = rest.subspan(writer.finish());
    }
  }
  std::shared_ptr<ByteSink> collect() {
    return std::make_shared<CallbackSink>(
        [this](ByteView piece) { taken.append(reinterpret_cast<const char*>(piece.data()), piece.size()); });
  }

  boost::asio::io_context loop;
  Quota quota{4};
  std::string taken;
};

TEST_F(ByteFlows, WhatIsThereIsReadWithinTheRead) {
  std::optional<std::string> outcome;
  StreamReader<std::uint8_t> reader(
      flow_from(std::make_shared<MemorySource>(bytes("hello")), *quota.take(), note(outcome)));
  Chunk chunk(3);
  reader.start(chunk);
  EXPECT_EQ(reader.progress(), 3u) << "without a turn of the loop";
  (void)reader.finish();
  EXPECT_EQ(read_all(reader, 16), "lo");
  EXPECT_EQ(outcome, "ok");
  EXPECT_EQ(quota.used(), 0u);
}

TEST_F(ByteFlows, AReaderThatDropsTheStreamEndsTheFlowInGoodOrder) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd out(ends[0]);
  const UniqueFd in(ends[1]);
  std::optional<std::string> outcome;
  {
    StreamReader<std::uint8_t> reader(
        flow_from(std::make_shared<FdSource>(loop, out.get()), *quota.take(), note(outcome)));
    Chunk chunk(3);
    reader.start(chunk);
    idle();
    EXPECT_FALSE(outcome) << "nothing has come";
    EXPECT_EQ(quota.used(), 1u);
  }
  EXPECT_EQ(outcome, "ok");
  EXPECT_EQ(quota.used(), 0u);
}

TEST_F(ByteFlows, NothingIsTakenAheadOfAReader) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  const UniqueFd out(ends[0]);
  const UniqueFd in(ends[1]);
  ASSERT_EQ(::write(in.get(), "hello", 5), 5);
  std::optional<std::string> outcome;
  {
    StreamReader<std::uint8_t> reader(
        flow_from(std::make_shared<FdSource>(loop, out.get()), *quota.take(), note(outcome)));
    // A question takes nothing either.
    reader.start({});
    idle();
    EXPECT_FALSE(reader.pending());
  }
  std::array<char, 8> left{};
  EXPECT_EQ(::read(out.get(), left.data(), left.size()), 5);
}

TEST_F(ByteFlows, WhatIsWrittenGoesOnAtOnce) {
  std::optional<std::string> outcome;
  StreamWriter<std::uint8_t> writer;
  flow_to(loop, writer.readable(), collect(), *quota.take(), note(outcome));
  std::string text = "hello";
  writer.start({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  EXPECT_EQ(writer.progress(), 5u) << "without a turn of the loop";
  (void)writer.finish();
  EXPECT_EQ(taken, "hello");
  // A question is answered.
  writer.start({});
  EXPECT_FALSE(writer.pending());
  writer.close();
  until([&] { return outcome.has_value(); });
  EXPECT_EQ(outcome, "ok");
  EXPECT_EQ(quota.used(), 0u);
}

TEST_F(ByteFlows, ASinkWhoseReaderIsGoneEndsTheFlowAndItsStream) {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd in(ends[1]);
  ::close(ends[0]);
  std::optional<std::string> outcome;
  StreamWriter<std::uint8_t> writer;
  flow_to(loop, writer.readable(), std::make_shared<FdSink>(loop, in.get()), *quota.take(), note(outcome));
  write_all(writer, "hello", 5);
  until([&] { return outcome.has_value(); });
  EXPECT_EQ(outcome, "ended");
  EXPECT_TRUE(writer.dropped());
}

TEST_F(ByteFlows, ASlowReaderOfThePipeMakesTheWriterWait) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  UniqueFd out(ends[0]);
  const UniqueFd in(ends[1]);
  std::optional<std::string> outcome;
  StreamWriter<std::uint8_t> writer;
  flow_to(loop, writer.readable(), std::make_shared<FdSink>(loop, in.get()), *quota.take(), note(outcome));
  Chunk much(1'000'000, 'x');
  std::size_t written = 0;
  while (true) {
    writer.start(std::span(much).subspan(written));
    idle();
    const auto count = writer.finish();
    if (count == 0) break;
    written += count;
  }
  EXPECT_LT(written, 200'000u) << "more than a pipe holds";
  std::string read;
  std::array<char, 65536> some{};
  const auto drain = [&] {
    const auto got = ::read(out.get(), some.data(), some.size());
    ASSERT_GT(got, 0);
    read.append(some.data(), static_cast<std::size_t>(got));
  };
  drain();
  while (written < much.size()) {
    writer.start(std::span(much).subspan(written));
    until([&] {
      if (writer.progress() == 0 && read.size() < written) drain();
      return writer.progress() > 0;
    });
    written += writer.finish();
  }
  writer.close();
  while (read.size() < much.size()) drain();
  until([&] { return outcome.has_value(); });
  EXPECT_EQ(outcome, "ok");
}

TEST_F(ByteFlows, OneFlowsStreamMayBeTheOthersAlsoWhenMuchComes) {
  std::optional<std::string> from, to;
  const auto much = pattern(1'000'000);
  flow_to(loop, flow_from(std::make_shared<MemorySource>(bytes(much)), *quota.take(), note(from)), collect(),
          *quota.take(), note(to));
  until([&] { return from && to; });
  EXPECT_EQ(from, "ok");
  EXPECT_EQ(to, "ok");
  EXPECT_EQ(taken == much, true);
  EXPECT_EQ(quota.used(), 0u);
}

// Files, with calls that block made here and on threads of a pool.
class FileFlows : public ByteFlows, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "wisp-flows-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root = name;
    directory = Descriptor::preopen(std::make_shared<FileSystem>(FileSystem::make()), root.string(),
                                    TreeAccess::read_write)
                    .value();
  }
  void TearDown() override { fs::remove_all(root); }

  std::shared_ptr<Descriptor> file(const char* path) {
    return directory->open_at(path, {.create = true, .flags = {.read = true, .write = true}}).value();
  }
  std::string content(const char* path) {
    std::stringstream text;
    text << std::ifstream(root / path).rdbuf();
    return text.str();
  }
  Blocking blocking() { return {&loop, GetParam() ? &pool : nullptr}; }

  fs::path root;
  std::shared_ptr<Descriptor> directory;
  BlockingPool pool{2};
};

TEST_P(FileFlows, AFileIsReadFromAnOffset) {
  const auto much = pattern(300'000);
  std::ofstream(root / "a") << much;
  for (const std::size_t piece : {1'000u, 100'000u, 1'000'000u}) {
    std::optional<std::string> outcome;
    StreamReader<std::uint8_t> reader(
        flow_from(std::make_shared<FileSource>(blocking(), file("a"), 5), *quota.take(), note(outcome)));
    EXPECT_EQ(read_all(reader, piece) == much.substr(5), true) << piece;
    EXPECT_EQ(outcome, "ok");
  }
}

TEST_P(FileFlows, WhatCannotBeReadIsToldAtTheEnd) {
  std::optional<std::string> outcome;
  StreamReader<std::uint8_t> reader(flow_from(
      std::make_shared<FileSource>(blocking(), file("a"), ~std::uint64_t{0}), *quota.take(), note(outcome)));
  EXPECT_EQ(read_all(reader, 10), "");
  EXPECT_EQ(outcome, "invalid");
}

TEST_P(FileFlows, AFileIsWrittenAndAppendedTo) {
  const auto much = pattern(300'000);
  for (const auto offset : {std::optional<std::uint64_t>(0), std::optional<std::uint64_t>()}) {
    std::optional<std::string> outcome;
    StreamWriter<std::uint8_t> writer;
    flow_to(loop, writer.readable(), std::make_shared<FileSink>(blocking(), file("b"), offset), *quota.take(),
            note(outcome));
    write_all(writer, much, 100'000);
    writer.close();
    until([&] { return outcome.has_value(); });
    EXPECT_EQ(outcome, "ok");
  }
  EXPECT_EQ(content("b") == much + much, true);
}

TEST_P(FileFlows, AFileIsCopiedWithoutAGuest) {
  const auto much = pattern(300'000);
  std::ofstream(root / "a") << much;
  std::optional<std::string> from, to;
  flow_to(loop, flow_from(std::make_shared<FileSource>(blocking(), file("a"), 0), *quota.take(), note(from)),
          std::make_shared<FileSink>(blocking(), file("b"), 0), *quota.take(), note(to));
  until([&] { return from && to; });
  EXPECT_EQ(content("b") == much, true);
}

INSTANTIATE_TEST_SUITE_P(All, FileFlows, testing::Bool(),
                         [](const auto& each) { return each.param ? "OnThreads" : "AtOnce"; });

}  // namespace
}  // namespace wisp::wasi::p3
