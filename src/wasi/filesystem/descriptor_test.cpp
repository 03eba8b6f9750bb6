#include "wasi/filesystem/descriptor.hpp"
#include "wasi/filesystem/directory_reader.hpp"
#include "wasi/filesystem/file_stream.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include <sys/stat.h>

namespace wisp::wasi {
namespace {

namespace fs = std::filesystem;

std::string text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
ByteView view(std::string_view from) { return std::as_bytes(std::span(from)); }

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "wisp-files-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    std::ofstream(root_ / "a.txt") << "hello";
    fs::create_directory(root_ / "dir");
    dir_ = Descriptor::preopen(std::make_shared<FileSystem>(FileSystem::make()), root_.string(),
                               TreeAccess::read_write)
               .value();
  }
  void TearDown() override { fs::remove_all(root_); }

  [[nodiscard]] std::shared_ptr<Descriptor> file(const char* path,
                                                 FileFlags flags = {.read = true, .write = true}) {
    return dir_->open_at(path, {.create = flags.write, .flags = flags}).value();
  }
  static void wait(boost::asio::io_context& loop, Readiness& readiness) {
    loop.restart();
    while (!readiness.ready()) ASSERT_GT(loop.run_one(), 0u);
  }

  fs::path root_;
  std::shared_ptr<Descriptor> dir_;
};

TEST_F(Files, ReadsWritesAndAppends) {
  const auto a = file("a.txt");
  EXPECT_EQ(text(a->read(100, 1).value()), "ello");
  EXPECT_EQ(text(a->read(2, 0).value()), "he");
  EXPECT_TRUE(a->read(10, 5)->empty());
  EXPECT_EQ(a->read(1, std::numeric_limits<std::uint64_t>::max()).error(), FsError::invalid);
  EXPECT_EQ(a->write(view("J"), 0).value(), 1u);
  EXPECT_EQ(a->append(view("!")).value(), 1u);
  EXPECT_EQ(text(a->read(100, 0).value()), "Jello!");
  EXPECT_EQ(a->set_size(std::numeric_limits<std::uint64_t>::max()).error(), FsError::invalid);
  EXPECT_TRUE(a->set_size(2));
  EXPECT_EQ(a->status()->size, 2u);
  EXPECT_TRUE(a->sync());
  EXPECT_TRUE(a->sync_data());
  EXPECT_TRUE(dir_->sync());
  const auto reader = dir_->open_at("a.txt", {.flags = {.read = true}}).value();
  EXPECT_EQ(reader->write(view("x"), 0).error(), FsError::bad_descriptor);
  EXPECT_FALSE(reader->set_size(0));
}

TEST_F(Files, SaysWhatDirectoriesAndFilesCannot) {
  const auto a = file("a.txt");
  EXPECT_EQ(dir_->read(1, 0).error(), FsError::is_directory);
  EXPECT_EQ(dir_->write(view("x"), 0).error(), FsError::bad_descriptor);
  EXPECT_EQ(dir_->advise(0, 0, FileAdvice::normal).error(), FsError::bad_descriptor);
  EXPECT_EQ(dir_->set_size(0).error(), FsError::bad_descriptor);
  EXPECT_EQ(a->status_at("x", LastLink::keep).error(), FsError::not_directory);
  EXPECT_EQ(a->status_at(".", LastLink::keep).error(), FsError::not_directory);
  EXPECT_EQ(a->reopen_directory().error(), FsError::not_directory);
  EXPECT_EQ(a->open_at("x", {}).error(), FsError::not_directory);
  for (int advice = 0; advice < 6; ++advice) {
    EXPECT_TRUE(a->advise(0, 4096, static_cast<FileAdvice>(advice)));
  }
  EXPECT_EQ(dir_->open_at("dir", {.create = true, .directory = true}).error(), FsError::invalid);
  EXPECT_EQ(dir_->open_at("dir", {.flags = {.write = true}}).error(), FsError::is_directory);
  EXPECT_EQ(dir_->open_at("a.txt", {.directory = true, .flags = {.read = true}}).error(),
            FsError::not_directory);
}

TEST_F(Files, TellsFlagsAsOpened) {
  struct Case {
    OpenHow how;
    bool read;
    bool write;
  };
  const Case cases[] = {
      {{}, true, false},
      {{.flags = {.read = true}}, true, false},
      {{.flags = {.write = true}}, false, true},
      {{.flags = {.read = true, .write = true}}, true, true},
      {{.create = true}, true, true},
      {{.create = true, .flags = {.write = true}}, false, true},
      {{.exclusive = true}, true, false},
  };
  for (const auto& one : cases) {
    const auto opened = dir_->open_at("a.txt", one.how).value();
    EXPECT_EQ(opened->flags().read, one.read);
    EXPECT_EQ(opened->flags().write, one.write);
    EXPECT_FALSE(opened->flags().mutate_directory);
  }
  const auto sync = dir_->open_at("a.txt", {.flags = {.read = true, .file_integrity_sync = true}}).value();
  EXPECT_TRUE(sync->flags().file_integrity_sync);
  EXPECT_TRUE(dir_->flags().read && dir_->flags().mutate_directory);
  const auto below = dir_->open_at("dir", {.directory = true, .flags = {.mutate_directory = true}}).value();
  EXPECT_TRUE(below->flags().mutate_directory);
}

TEST_F(Files, KeepsTimesAndIdentity) {
  const auto a = file("a.txt");
  EXPECT_TRUE(a->set_times(WallTime{-5, 999'999'999}, WallTime{69, 0}));
  EXPECT_EQ(a->status()->accessed, (WallTime{-5, 999'999'999}));
  EXPECT_EQ(a->status()->modified, (WallTime{69, 0}));
  EXPECT_EQ(a->set_times(KeepTime{}, WallTime{0, 1'000'000'000}).error(), FsError::invalid);
  // The kernel's markers for "now" and "keep" are not smuggled in as nanoseconds.
  EXPECT_EQ(a->set_times(KeepTime{}, WallTime{0, (1u << 30) - 1}).error(), FsError::invalid);
  (void)a->set_times(WallTime{std::numeric_limits<std::int64_t>::max(), 0},
                     WallTime{std::numeric_limits<std::int64_t>::min(), 0});
  EXPECT_TRUE(dir_->link_at("a.txt", *dir_, "same"));
  const auto same = file("same");
  const auto other = file("other");
  EXPECT_TRUE(a->same_object(*same));
  EXPECT_FALSE(a->same_object(*other));
  EXPECT_EQ(a->identity().value(), same->identity().value());
  EXPECT_NE(a->identity().value(), other->identity().value());
  EXPECT_EQ(a->status()->link_count, 2u);
  const auto elsewhere = Descriptor::preopen(std::make_shared<FileSystem>(FileSystem::make()), root_.string(),
                                             TreeAccess::read_only)
                             .value();
  EXPECT_NE(elsewhere->identity().value(), dir_->identity().value()) << "keyed";
}

TEST_F(Files, AFifoWithoutPeerDoesNotBlock) {
  ASSERT_EQ(::mkfifo((root_ / "fifo").c_str(), 0600), 0);
  const auto fifo = dir_->open_at("fifo", {.flags = {.read = true}});
  ASSERT_TRUE(fifo);
  EXPECT_EQ((*fifo)->type(), FileType::fifo);
  EXPECT_FALSE(dir_->open_at("fifo", {.flags = {.write = true}}).value_or(nullptr) &&
               dir_->open_at("missing", {.flags = {.write = true}}));
}

TEST_F(Files, ListsADirectory) {
  for (int i = 0; i < 2000; ++i) std::ofstream(root_ / "dir" / ("file-" + std::to_string(i)));
  fs::create_symlink("..", root_ / "dir/link");
  DirectoryReader reader(dir_->open_at("dir", {.flags = {.read = true}}).value()->reopen_directory().value());
  EXPECT_FALSE(reader.buffered());
  std::set<std::string> names;
  while (true) {
    const auto entry = reader.next().value();
    if (!entry) break;
    EXPECT_TRUE(names.insert(entry->name).second);
    EXPECT_EQ(entry->type, entry->name == "link" ? FileType::symbolic_link : FileType::regular_file);
  }
  EXPECT_EQ(names.size(), 2001u);
  EXPECT_TRUE(reader.buffered());
  EXPECT_FALSE(reader.next().value());
}

TEST_F(Files, NamesThatAreNoTextAreErrorsOfTheirOwn) {
  std::ofstream(root_ / "dir" / "bad\xff");
  std::ofstream(root_ / "dir" / "good");
  DirectoryReader reader(dir_->open_at("dir", {.flags = {.read = true}}).value()->reopen_directory().value());
  int good = 0;
  int bad = 0;
  while (true) {
    const auto entry = reader.next();
    if (!entry) {
      EXPECT_EQ(entry.error(), FsError::illegal_byte_sequence);
      ++bad;
    } else if (*entry) {
      ++good;
    } else {
      break;
    }
  }
  EXPECT_EQ(good, 1);
  EXPECT_EQ(bad, 1);
  fs::create_symlink("bad\xff", root_ / "link");
  EXPECT_EQ(dir_->readlink_at("link").error(), FsError::illegal_byte_sequence);
}

TEST_F(Files, StreamsInlineAndThroughThePool) {
  boost::asio::io_context loop(1);
  BlockingPool pool(2);
  for (BlockingPool* where : {static_cast<BlockingPool*>(nullptr), &pool}) {
    const Blocking blocking{&loop, where};
    const std::string big(300'000, 'x');
    FileSink sink(blocking, file("big"), 0);
    for (std::string_view rest = big; !rest.empty();) {
      wait(loop, sink);
      const auto room = sink.capacity().value();
      ASSERT_GT(room, 0u);
      const auto piece = rest.substr(0, std::min<std::size_t>(room, 100'000));
      ASSERT_TRUE(sink.write(view(piece)));
      if (where != nullptr) EXPECT_EQ(sink.capacity().value(), 0u);
      rest.remove_prefix(piece.size());
    }
    ASSERT_TRUE(sink.flush());
    wait(loop, sink);
    EXPECT_GT(sink.capacity().value(), 0u);
    FileSink appender(blocking, file("big"), std::nullopt);
    ASSERT_TRUE(appender.write(view("end")));
    wait(loop, appender);
    ASSERT_GT(appender.capacity().value(), 0u);

    FileSource source(blocking, file("big"), 1);
    std::string all;
    while (true) {
      wait(loop, source);
      const auto piece = source.read(10'000);
      if (!piece) {
        EXPECT_FALSE(piece.error().failure);
        break;
      }
      all += text(*piece);
    }
    EXPECT_EQ(all, big.substr(1) + "end");
    EXPECT_FALSE(source.read(0));
    fs::remove(root_ / "big");
  }
}

TEST_F(Files, StreamErrorsCarryTheirCode) {
  boost::asio::io_context loop(1);
  const Blocking inline_calls{&loop, nullptr};
  FileSource source(inline_calls, file("a.txt"), std::numeric_limits<std::uint64_t>::max());
  const auto failed = source.read(1);
  ASSERT_FALSE(failed);
  ASSERT_TRUE(failed.error().failure);
  EXPECT_EQ(*failed.error().failure->as<FsError>(), FsError::invalid);
  EXPECT_FALSE(source.read(1).error().failure);
  const auto reader = dir_->open_at("a.txt", {.flags = {.read = true}}).value();
  FileSink sink(inline_calls, reader, 0);
  const auto refused = sink.write(view("x"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(*refused.error().failure->as<FsError>(), FsError::bad_descriptor);
  EXPECT_FALSE(sink.capacity().error().failure);
}

}  // namespace
}  // namespace wisp::wasi
