// What past sandbox escapes did, tried against both resolvers: trailing slashes on links
// (GHSA-vqjp-4c8c-hfgg), links that leave, ".." in every position, and the calls that act on a name.
#include "wasi/filesystem/descriptor.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

namespace wisp::wasi {
namespace {

namespace fs = std::filesystem;

class Resolve : public testing::TestWithParam<Resolver> {
 protected:
  void SetUp() override {
    if (GetParam() == Resolver::kernel && available_resolver() != Resolver::kernel) {
      GTEST_SKIP() << "no openat2 here";
    }
    std::string pattern = (fs::temp_directory_path() / "wisp-resolve-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    fs::create_directories(root_ / "in/dir/sub");
    fs::create_directories(root_ / "out/empty");
    std::ofstream(root_ / "in/a.txt") << "a";
    std::ofstream(root_ / "in/dir/b.txt") << "b";
    std::ofstream(root_ / "out/secret.txt") << "secret";
    const auto link = [&](const char* to, const char* at) { fs::create_symlink(to, root_ / "in" / at); };
    link("..", "up");
    link("../out", "to_out");
    link("../out/secret.txt", "to_secret");
    link("../out/new.txt", "to_new");
    link("../out/empty", "to_empty");
    link("/", "to_root");
    link("/etc/passwd", "to_passwd");
    link("dir", "to_dir");
    link("a.txt", "to_a");
    link("dir/../a.txt", "to_a_by_dots");
    link("../in/a.txt", "leaves_and_returns");
    link("nothing", "dangling");
    link("loop_b", "loop_a");
    link("loop_a", "loop_b");
    link("../a.txt", "dir/to_a_above");
    link("../../out/secret.txt", "dir/to_secret");
    auto system = std::make_shared<FileSystem>(FileSystem::make());
    system->resolver = GetParam();
    dir_ = Descriptor::preopen(system, (root_ / "in").string(), TreeAccess::read_write).value();
    frozen_ = Descriptor::preopen(system, (root_ / "in").string(), TreeAccess::read_only).value();
  }
  void TearDown() override {
    if (!root_.empty()) fs::remove_all(root_);
  }

  [[nodiscard]] std::string open(std::string_view path, LastLink last,
                                 OpenHow how = {.flags = {.read = true}}) const {
    how.last = last;
    const auto file = dir_->open_at(path, how);
    return file ? "ok" : std::string(fs_error_name(file.error()));
  }
  template <class T>
  static std::string outcome(const FsResult<T>& result) {
    return result ? "ok" : std::string(fs_error_name(result.error()));
  }
  void expect_outside_untouched() const {
    EXPECT_EQ(fs::file_size(root_ / "out/secret.txt"), 6u);
    EXPECT_FALSE(fs::exists(root_ / "out/new.txt"));
    EXPECT_TRUE(fs::exists(root_ / "out/empty"));
    EXPECT_EQ(std::distance(fs::directory_iterator(root_ / "out"), {}), 2);
    EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 2);
  }

  fs::path root_;
  std::shared_ptr<Descriptor> dir_;
  std::shared_ptr<Descriptor> frozen_;
};

TEST_P(Resolve, Opens) {
  struct Case {
    std::string path;
    const char* keep;
    const char* follow;
  };
  const Case cases[] = {
      {"", "no-entry", "no-entry"},
      {".", "ok", "ok"},
      {"./", "ok", "ok"},
      {"..", "not-permitted", "not-permitted"},
      {"../", "not-permitted", "not-permitted"},
      {"/", "not-permitted", "not-permitted"},
      {"/etc/passwd", "not-permitted", "not-permitted"},
      {"//etc/passwd", "not-permitted", "not-permitted"},
      {"a.txt", "ok", "ok"},
      {"./a.txt", "ok", "ok"},
      {"a.txt/", "not-directory", "not-directory"},
      {"a.txt/.", "not-directory", "not-directory"},
      {"a.txt/..", "not-directory", "not-directory"},
      {"missing", "no-entry", "no-entry"},
      {"missing/..", "no-entry", "no-entry"},
      {"dir/b.txt", "ok", "ok"},
      {"dir//b.txt", "ok", "ok"},
      {"dir/../a.txt", "ok", "ok"},
      {"dir/sub/../../a.txt", "ok", "ok"},
      {"dir/../../in/a.txt", "not-permitted", "not-permitted"},
      {"../in/a.txt", "not-permitted", "not-permitted"},
      {"dir/../..", "not-permitted", "not-permitted"},
      {"up", "loop", "not-permitted"},
      {"up/", "not-permitted", "not-permitted"},
      {"up/.", "not-permitted", "not-permitted"},
      {"up/in/a.txt", "not-permitted", "not-permitted"},
      {"to_out", "loop", "not-permitted"},
      {"to_out/", "not-permitted", "not-permitted"},
      {"to_out/secret.txt", "not-permitted", "not-permitted"},
      {"to_secret", "loop", "not-permitted"},
      {"to_secret/", "not-permitted", "not-permitted"},
      {"to_root", "loop", "not-permitted"},
      {"to_root/", "not-permitted", "not-permitted"},
      {"to_root/etc/passwd", "not-permitted", "not-permitted"},
      {"to_passwd", "loop", "not-permitted"},
      {"to_dir", "loop", "ok"},
      {"to_dir/", "ok", "ok"},
      {"to_dir/b.txt", "ok", "ok"},
      {"to_dir/../a.txt", "ok", "ok"},
      {"to_a", "loop", "ok"},
      {"to_a_by_dots", "loop", "ok"},
      {"leaves_and_returns", "loop", "not-permitted"},
      {"dangling", "loop", "no-entry"},
      {"loop_a", "loop", "loop"},
      {"loop_a/x", "loop", "loop"},
      {"dir/to_a_above", "loop", "ok"},
      {"dir/to_secret", "loop", "not-permitted"},
      {std::string("a.txt\0x", 7), "invalid", "invalid"},
      {std::string(5000, 'x'), "name-too-long", "name-too-long"},
      {std::string(300, 'x'), "name-too-long", "name-too-long"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(open(one.path, LastLink::keep), one.keep) << one.path << " kept";
    EXPECT_EQ(open(one.path, LastLink::follow), one.follow) << one.path << " followed";
  }
}

TEST_P(Resolve, CreatesOnlyInside) {
  const OpenHow create{.create = true, .flags = {.read = true, .write = true}};
  const OpenHow exclusive{.create = true, .exclusive = true, .flags = {.write = true}};
  EXPECT_EQ(open("to_new", LastLink::follow, create), "not-permitted");
  EXPECT_EQ(open("to_new", LastLink::keep, create), "loop");
  EXPECT_EQ(open("to_new", LastLink::follow, exclusive), "exist");
  EXPECT_EQ(open("to_out/new.txt", LastLink::keep, create), "not-permitted");
  EXPECT_EQ(open("up/new.txt", LastLink::keep, create), "not-permitted");
  EXPECT_EQ(open("../new.txt", LastLink::keep, create), "not-permitted");
  EXPECT_EQ(open("new/", LastLink::keep, create), "is-directory");
  EXPECT_EQ(open(".", LastLink::keep, create), "is-directory");
  EXPECT_EQ(open("dangling", LastLink::follow, create), "ok");
  EXPECT_TRUE(fs::exists(root_ / "in/nothing"));
  EXPECT_EQ(open("new", LastLink::keep, exclusive), "ok");
  EXPECT_EQ(open("new", LastLink::keep, exclusive), "exist");
  const OpenHow truncate{.truncate = true, .flags = {.write = true}};
  EXPECT_EQ(open("to_secret", LastLink::follow, truncate), "not-permitted");
  EXPECT_EQ(open("to_secret/", LastLink::follow, truncate), "not-permitted");
  EXPECT_EQ(open("a.txt", LastLink::keep, truncate), "ok");
  EXPECT_EQ(fs::file_size(root_ / "in/a.txt"), 0u);
  expect_outside_untouched();
}

TEST_P(Resolve, ActsOnNames) {
  struct Case {
    const char* path;
    const char* make;
    const char* remove;
    const char* unlink;
    const char* symlink;
    const char* readlink;
  };
  const Case cases[] = {
      {"", "no-entry", "no-entry", "no-entry", "no-entry", "no-entry"},
      {".", "exist", "invalid", "is-directory", "exist", "invalid"},
      {"..", "not-permitted", "not-permitted", "not-permitted", "not-permitted", "not-permitted"},
      {"../", "not-permitted", "not-permitted", "not-permitted", "not-permitted", "not-permitted"},
      {"/", "not-permitted", "not-permitted", "not-permitted", "not-permitted", "not-permitted"},
      {"/tmp/x", "not-permitted", "not-permitted", "not-permitted", "not-permitted", "not-permitted"},
      {"../out/x", "not-permitted", "not-permitted", "not-permitted", "not-permitted", "not-permitted"},
      {"up/x", "not-permitted", "not-permitted", "not-permitted", "not-permitted", "not-permitted"},
      {"up/", "not-permitted", "not-permitted", "not-permitted", "not-permitted", "not-permitted"},
      {"to_out/empty", "not-permitted", "not-permitted", "not-permitted", "not-permitted", "not-permitted"},
      {"to_empty/", "not-permitted", "not-permitted", "not-permitted", "not-permitted", "not-permitted"},
      {"to_empty/..", "not-permitted", "not-permitted", "not-permitted", "not-permitted", "not-permitted"},
      {"dir/..", "exist", "not-empty", "is-directory", "exist", "invalid"},
      {"dir/../../x", "not-permitted", "not-permitted", "not-permitted", "not-permitted", "not-permitted"},
      {"missing/x", "no-entry", "no-entry", "no-entry", "no-entry", "no-entry"},
      {"a.txt/x", "not-directory", "not-directory", "not-directory", "not-directory", "not-directory"},
      {"a.txt/", "exist", "not-directory", "not-directory", "exist", "not-directory"},
      {"dir", "exist", "not-empty", "is-directory", "exist", "invalid"},
      {"dir/", "exist", "not-empty", "is-directory", "exist", "invalid"},
      {"to_dir/", "exist", "not-directory", "not-directory", "exist", "invalid"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(outcome(dir_->create_directory_at(one.path)), one.make) << one.path;
    EXPECT_EQ(outcome(dir_->remove_directory_at(one.path)), one.remove) << one.path;
    EXPECT_EQ(outcome(dir_->unlink_file_at(one.path)), one.unlink) << one.path;
    EXPECT_EQ(outcome(dir_->symlink_at("a.txt", one.path)), one.symlink) << one.path;
    EXPECT_EQ(outcome(dir_->readlink_at(one.path)), one.readlink) << one.path;
  }
  EXPECT_EQ(outcome(dir_->create_directory_at("made/")), "ok");
  EXPECT_EQ(outcome(dir_->remove_directory_at("made/")), "ok");
  EXPECT_EQ(outcome(dir_->symlink_at("x", "made/")), "no-entry");
  EXPECT_EQ(outcome(dir_->symlink_at("/etc", "made")), "not-permitted");
  EXPECT_EQ(outcome(dir_->symlink_at("", "made")), "no-entry");
  EXPECT_EQ(dir_->readlink_at("to_dir").value(), "dir");
  EXPECT_EQ(dir_->readlink_at("to_out").value(), "../out");
  EXPECT_EQ(outcome(dir_->readlink_at("to_passwd")), "not-permitted");
  // A link itself is removed, never what it leads to.
  EXPECT_EQ(outcome(dir_->unlink_file_at("to_secret")), "ok");
  EXPECT_EQ(outcome(dir_->remove_directory_at("to_empty")), "not-directory");
  expect_outside_untouched();
}

TEST_P(Resolve, LinksAndRenamesBothEnds) {
  struct Case {
    const char* from;
    const char* to;
    const char* link;
    const char* rename;
  };
  const Case cases[] = {
      {"a.txt", "../out/x", "not-permitted", "not-permitted"},
      {"a.txt", "to_out/x", "not-permitted", "not-permitted"},
      {"a.txt", "up/x", "not-permitted", "not-permitted"},
      {"a.txt", "/tmp/x", "not-permitted", "not-permitted"},
      {"a.txt", "", "no-entry", "no-entry"},
      {"a.txt", "..", "not-permitted", "not-permitted"},
      {"a.txt", "dir/..", "exist", "busy"},
      {"../out/secret.txt", "x", "not-permitted", "not-permitted"},
      {"to_out/secret.txt", "x", "not-permitted", "not-permitted"},
      {"to_secret/", "x", "not-permitted", "not-permitted"},
      {"up/out/secret.txt", "x", "not-permitted", "not-permitted"},
      {"", "x", "no-entry", "no-entry"},
      {".", "x", "not-permitted", "busy"},
      {"..", "x", "not-permitted", "not-permitted"},
      {"a.txt/", "x", "not-directory", "not-directory"},
      {"a.txt", "x/", "no-entry", "not-directory"},
      {"dir", "x", "not-permitted", nullptr},
      {"missing", "x", "no-entry", "no-entry"},
      {"missing/", "x", "no-entry", "no-entry"},
      {"a.txt", "dir/b.txt", "exist", nullptr},
      {"a.txt", "a.txt", "exist", "ok"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(outcome(dir_->link_at(one.from, *dir_, one.to)), one.link) << one.from << " -> " << one.to;
    if (one.rename == nullptr) continue;
    EXPECT_EQ(outcome(dir_->rename_at(one.from, *dir_, one.to)), one.rename) << one.from << " -> " << one.to;
  }
  // The link is linked and moved, not what it points to.
  EXPECT_EQ(outcome(dir_->link_at("to_secret", *dir_, "second")), "ok");
  EXPECT_TRUE(fs::is_symlink(root_ / "in/second"));
  EXPECT_EQ(outcome(dir_->rename_at("second", *dir_, "dir/third")), "ok");
  EXPECT_EQ(outcome(dir_->rename_at("dir/sub/", *dir_, "moved/")), "ok");
  EXPECT_TRUE(fs::is_directory(root_ / "in/moved"));
  expect_outside_untouched();
}

TEST_P(Resolve, LooksAtMetadataOnlyInside) {
  const NewTime epoch = WallTime{42, 7};
  for (const char* path : {"..", "/", "to_out/secret.txt", "up/", "to_secret/", "../out/secret.txt"}) {
    EXPECT_EQ(outcome(dir_->status_at(path, LastLink::keep)), "not-permitted") << path;
    EXPECT_EQ(outcome(dir_->identity_at(path, LastLink::keep)), "not-permitted") << path;
    EXPECT_EQ(outcome(dir_->set_times_at(path, LastLink::keep, epoch, epoch)), "not-permitted") << path;
  }
  EXPECT_EQ(outcome(dir_->status_at("to_secret", LastLink::follow)), "not-permitted");
  EXPECT_EQ(outcome(dir_->set_times_at("to_secret", LastLink::follow, epoch, epoch)), "not-permitted");
  EXPECT_EQ(dir_->status_at("to_secret", LastLink::keep)->type, FileType::symbolic_link);
  EXPECT_EQ(outcome(dir_->set_times_at("to_secret", LastLink::keep, epoch, epoch)), "ok");
  EXPECT_EQ(dir_->status_at("to_secret", LastLink::keep)->modified, (WallTime{42, 7}));
  EXPECT_EQ(outcome(dir_->set_times_at("to_a", LastLink::follow, KeepTime{}, epoch)), "ok");
  EXPECT_EQ(dir_->status_at("a.txt", LastLink::keep)->modified, (WallTime{42, 7}));
  EXPECT_EQ(dir_->identity_at("to_a", LastLink::follow).value(),
            dir_->identity_at("a.txt", LastLink::keep).value());
  EXPECT_NE(dir_->identity_at("to_a", LastLink::keep).value(),
            dir_->identity_at("a.txt", LastLink::keep).value());
}

TEST_P(Resolve, ReadOnlyTreesStayAsTheyAre) {
  EXPECT_EQ(outcome(frozen_->open_at("a.txt", {.flags = {.read = true}})), "ok");
  const OpenHow refused[] = {
      {.create = true, .flags = {.read = true}},
      {.truncate = true, .flags = {.read = true}},
      {.flags = {.write = true}},
      {.directory = true, .flags = {.read = true, .mutate_directory = true}},
  };
  for (const auto& how : refused) {
    EXPECT_EQ(outcome(frozen_->open_at(how.directory ? "dir" : "a.txt", how)), "read-only");
  }
  const NewTime now = TimeNow{};
  EXPECT_EQ(outcome(frozen_->create_directory_at("x")), "read-only");
  EXPECT_EQ(outcome(frozen_->remove_directory_at("dir/sub")), "read-only");
  EXPECT_EQ(outcome(frozen_->unlink_file_at("a.txt")), "read-only");
  EXPECT_EQ(outcome(frozen_->symlink_at("a", "b")), "read-only");
  EXPECT_EQ(outcome(frozen_->set_times_at("a.txt", LastLink::keep, now, now)), "read-only");
  EXPECT_EQ(outcome(frozen_->set_times(now, now)), "read-only");
  // Neither end of a link or a rename may be in a tree that must not change (GHSA-4ch3-9j33-3pmj).
  EXPECT_EQ(outcome(frozen_->link_at("a.txt", *dir_, "x")), "read-only");
  EXPECT_EQ(outcome(dir_->link_at("a.txt", *frozen_, "x")), "read-only");
  EXPECT_EQ(outcome(frozen_->rename_at("a.txt", *dir_, "x")), "read-only");
  EXPECT_EQ(outcome(dir_->rename_at("a.txt", *frozen_, "x")), "read-only");
  // What is opened below inherits it.
  const auto below = frozen_->open_at("dir", {.directory = true, .flags = {.read = true}}).value();
  EXPECT_EQ(outcome(below->unlink_file_at("b.txt")), "read-only");
  const auto file = frozen_->open_at("a.txt", {.flags = {.read = true}}).value();
  EXPECT_EQ(outcome(file->set_size(0)), "read-only");
  EXPECT_EQ(outcome(file->write(ByteView(), 0)), "read-only");
  EXPECT_EQ(outcome(file->set_times(now, now)), "read-only");
  EXPECT_EQ(fs::file_size(root_ / "in/a.txt"), 1u);
}

// A directory that turns into a link leading outside, and back, while paths go through it.
TEST_P(Resolve, LosesNoRace) {
  fs::create_directory(root_ / "in/swap");
  std::ofstream(root_ / "in/swap/secret.txt") << "mine";
  fs::create_directory_symlink("../out", root_ / "in/other");
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    const auto a = (root_ / "in/swap").string();
    const auto b = (root_ / "in/other").string();
    while (!stop) (void)::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
  });
  int inside = 0;
  int refused = 0;
  for (int i = 0; i < 20'000 && (i < 2'000 || inside == 0 || refused == 0); ++i) {
    const auto file = dir_->open_at("swap/secret.txt", {.flags = {.read = true}});
    (file ? inside : refused)++;
    if (file) {
      const auto content = (*file)->read(16, 0).value();
      ASSERT_EQ(content.size(), 4u) << "a file outside was opened";
    }
    (void)dir_->unlink_file_at("swap/none");
    (void)dir_->open_at("swap/made.txt", {.create = true, .flags = {.write = true}});
    ASSERT_FALSE(fs::exists(root_ / "out/made.txt"));
    (void)dir_->unlink_file_at("swap/made.txt");
  }
  stop = true;
  swapper.join();
  EXPECT_GT(inside, 0);
  EXPECT_GT(refused, 0);
}

INSTANTIATE_TEST_SUITE_P(Both, Resolve, testing::Values(Resolver::kernel, Resolver::walk),
                         [](const auto& info) { return info.param == Resolver::kernel ? "Kernel" : "Walk"; });

}  // namespace
}  // namespace wisp::wasi
