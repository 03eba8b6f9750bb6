// Paths beneath a directory: a few operations with paths from the input, on a tree with links of every kind.
// Nothing that is opened may lie outside, nothing outside may change, and both resolvers must reach the same
// file.
#include "wasi/filesystem/descriptor.hpp"
#include "wasi/filesystem/resolve.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>

namespace wisp::wasi {
namespace {

namespace fs = std::filesystem;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Reads operations and paths: bytes below 128 stand for a piece that matters, the others for a character.
class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto first = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return first;
  }

  std::string path() {
    static constexpr std::array<std::string_view, 24> kPieces = {
        "/",        "..",        "a.txt",  "dir",  "sub",  "up",     "to_out",    "secret.txt",
        ".",        "to_secret", "to_dir", "to_a", "in",   "to_new", "to_parent", "to_root",
        "dangling", "loop_a",    "new",    "../",  "dir/", "b.txt",  "to_empty",  "//"};
    std::string out;
    while (!bytes_.empty() && out.size() < 300) {
      const auto next = byte();
      if (next == 127) break;
      if (next < 128) {
        out += kPieces[next % kPieces.size()];
      } else {
        out += static_cast<char>(next - 128);
      }
    }
    return out;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

struct Mark {
  timespec modified, changed;
  nlink_t links;
  off_t size;
  friend bool operator==(const Mark& a, const Mark& b) {
    return a.modified.tv_sec == b.modified.tv_sec && a.modified.tv_nsec == b.modified.tv_nsec &&
           a.changed.tv_sec == b.changed.tv_sec && a.changed.tv_nsec == b.changed.tv_nsec &&
           a.links == b.links && a.size == b.size;
  }
};

/// root/in is what the guest gets; root/out and what is in it must stay as it is. Removed when the fuzzer
/// ends.
class Playground {
 public:
  Playground() {
    std::string pattern = (fs::temp_directory_path() / "wisp-fuzz-XXXXXX").string();
    require(::mkdtemp(pattern.data()) != nullptr);
    root_ = fs::canonical(pattern);
    fs::create_directories(root_ / "out/empty");
    std::ofstream(root_ / "out/secret.txt") << "secret";
    rebuild();
  }
  Playground(const Playground&) = delete;
  Playground& operator=(const Playground&) = delete;
  ~Playground() { fs::remove_all(root_); }

  void rebuild() {
    const auto in = root_ / "in";
    fs::remove_all(in);
    fs::create_directories(in / "dir/sub");
    std::ofstream(in / "a.txt") << "a";
    std::ofstream(in / "dir/b.txt") << "b";
    const auto link = [&](const char* to, const char* at) { fs::create_symlink(to, in / at); };
    link("..", "up");
    link("../out", "to_out");
    link("../out/secret.txt", "to_secret");
    link("../out/new", "to_new");
    link("../out/empty", "to_empty");
    link("/", "to_root");
    link("dir", "to_dir");
    link("a.txt", "to_a");
    link("..", "dir/to_parent");
    link("../..", "dir/sub/up");
    link("nothing", "dangling");
    link("loop_a", "loop_a");
    for (const auto resolver : {Resolver::kernel, Resolver::walk}) {
      auto system = std::make_shared<FileSystem>(FileSystem::make());
      system->resolver = resolver;
      directory(resolver) =
          Descriptor::preopen(std::move(system), in.string(), TreeAccess::read_write).value();
    }
    base_ = UniqueFd(::open(in.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    marks_ = look();
    changed_ = false;
  }

  void run(Input input) {
    if (changed_) rebuild();
    const auto lowest = lowest_free();
    const auto resolver =
        available_resolver() == Resolver::walk || input.byte() % 2 == 1 ? Resolver::walk : Resolver::kernel;
    for (int count = 0; count < 6 && !input.empty(); ++count) step(*directory(resolver), input);
    require(look() == marks_);
    require(lowest_free() == lowest);
  }

 private:
  std::shared_ptr<Descriptor>& directory(Resolver resolver) {
    return directories_[static_cast<std::size_t>(resolver)];
  }

  void step(const Descriptor& directory, Input& input) {
    const auto kind = input.byte() % 12;
    const auto path = input.path();
    switch (kind) {
      case 0:
        return open(path, LastLink::follow);
      case 1:
        return open(path, LastLink::keep);
      case 2:
        return changes(directory.open_at(path, {.create = true, .flags = {.read = true, .write = true}}));
      case 3:
        return changes(directory.open_at(path, {.truncate = true, .flags = {.write = true}}));
      case 4:
        return changes(directory.create_directory_at(path));
      case 5:
        return changes(directory.remove_directory_at(path));
      case 6:
        return changes(directory.unlink_file_at(path));
      case 7:
        return changes(directory.symlink_at(path, input.path()));
      case 8:
        return changes(directory.link_at(path, directory, input.path()));
      case 9:
        return changes(directory.rename_at(path, directory, input.path()));
      case 10:
        return changes(directory.set_times_at(path, LastLink::follow, WallTime{1, 2}, WallTime{3, 4}));
      default:
        return parent(path);
    }
  }

  template <class T>
  void changes(const FsResult<T>& result) {
    changed_ = changed_ || result.has_value();
  }

  /// Where the kernel says that a descriptor is: in the tree, though perhaps no longer linked.
  void require_inside(int fd) const {
    std::array<char, 8192> text{};
    const auto size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), text.data(), text.size());
    require(size > 0);
    const std::string_view place(text.data(), static_cast<std::size_t>(size));
    const auto in = (root_ / "in").string();
    require(place.starts_with(in) && (place.size() == in.size() || place[in.size()] == '/'));
  }

  void open(const std::string& path, LastLink last) const {
    std::array<FsResult<UniqueFd>, 2> opened;
    for (const auto resolver : {Resolver::kernel, Resolver::walk}) {
      auto& one = opened[static_cast<std::size_t>(resolver)];
      one = open_beneath(resolver, base_.get(), path, O_PATH, 0, last);
      if (one) require_inside(one->get());
    }
    if (available_resolver() == Resolver::walk) return;
    require(opened[0].has_value() == opened[1].has_value());
    if (!opened[0]) return;
    struct stat a{}, b{};
    require(::fstat(opened[0]->get(), &a) == 0 && ::fstat(opened[1]->get(), &b) == 0);
    require(a.st_dev == b.st_dev && a.st_ino == b.st_ino);
  }

  void parent(const std::string& path) const {
    for (const auto resolver : {Resolver::kernel, Resolver::walk}) {
      const auto found = open_parent(resolver, base_.get(), path);
      if (!found) continue;
      require_inside(found->parent.get());
      require(!found->name.empty() && found->name.find('/') == std::string::npos);
    }
  }

  [[nodiscard]] std::array<Mark, 4> look() const {
    std::array<Mark, 4> marks{};
    std::size_t at = 0;
    for (const char* name : {".", "out", "out/empty", "out/secret.txt"}) {
      struct stat status{};
      require(::stat((root_ / name).c_str(), &status) == 0);
      marks[at++] = {status.st_mtim, status.st_ctim, status.st_nlink, status.st_size};
    }
    return marks;
  }

  [[nodiscard]] int lowest_free() const {
    const UniqueFd probe(::fcntl(base_.get(), F_DUPFD_CLOEXEC, 0));
    return probe.get();
  }

  fs::path root_;
  std::array<std::shared_ptr<Descriptor>, 2> directories_;
  UniqueFd base_;
  std::array<Mark, 4> marks_{};
  bool changed_ = false;
};

}  // namespace
}  // namespace wisp::wasi

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static wisp::wasi::Playground playground;
  playground.run(wisp::wasi::Input({data, size}));
  return 0;
}
