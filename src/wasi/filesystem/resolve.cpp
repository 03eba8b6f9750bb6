#include "wasi/filesystem/resolve.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <deque>
#include <vector>

namespace wisp::wasi {

namespace {

constexpr int kMaxLinks = 40;           // as the kernel
constexpr int kMaxRaces = 64;           // EAGAIN: something was renamed meanwhile
constexpr std::size_t kMaxDepth = 256;  // descriptors that a walk may hold

long openat2(int directory, const char* path, const open_how& how) {
  return ::syscall(SYS_openat2, directory, path, &how, sizeof how);
}

FsResult<> check_path(std::string_view path) {
  if (path.empty()) return std::unexpected(FsError::no_entry);
  if (path.size() >= kMaxPath) return std::unexpected(FsError::name_too_long);
  if (path.find('\0') != path.npos) return std::unexpected(FsError::invalid);
  if (path.front() == '/') return std::unexpected(FsError::not_permitted);
  return {};
}

FsResult<UniqueFd> open_by_kernel(int directory, const std::string& path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int attempt = 0; attempt < kMaxRaces; ++attempt) {
    const long fd = openat2(directory, path.c_str(), how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno == EXDEV) return std::unexpected(FsError::not_permitted);
    if (errno != EAGAIN && errno != EINTR) return fs_errno();
  }
  return std::unexpected(FsError::would_block);
}

FsResult<std::string> read_link(int link) {
  std::string target(kMaxPath, '\0');
  const ssize_t size = ::readlinkat(link, "", target.data(), target.size());
  if (size < 0) return fs_errno();
  if (static_cast<std::size_t>(size) >= target.size()) return std::unexpected(FsError::name_too_long);
  target.resize(static_cast<std::size_t>(size));
  return target;
}

// One walk: the directories from the base to where it stands, and the components still to go.
class Walk {
 public:
  explicit Walk(int base) : base_(base) {}

  FsResult<UniqueFd> open(std::string_view path, int flags, mode_t mode, LastLink last) {
    if (auto pushed = push(path); !pushed) return std::unexpected(pushed.error());
    while (true) {
      const std::string name = std::move(todo_.front());
      todo_.pop_front();
      const bool final = todo_.empty();
      if (name == "..") {
        if (way_.empty()) return std::unexpected(FsError::not_permitted);
        way_.pop_back();
      }
      if (name == "." || name == "..") {
        if (final) return open_here(flags);
        continue;
      }
      auto opened = final ? open_final(name, flags, mode, last) : step(name);
      if (!opened) {
        // "new/" names a directory, which open() does not create.
        const bool create = (flags & O_CREAT) != 0 && path.ends_with('/');
        return std::unexpected(create && opened.error() == FsError::no_entry ? FsError::is_directory
                                                                             : opened.error());
      }
      if (*opened) return std::move(*opened);
    }
  }

 private:
  [[nodiscard]] int here() const { return way_.empty() ? base_ : way_.back().get(); }

  // Puts the components of `path` before those to go. "a/b/" becomes a, b, "." so that b has to be a
  // directory.
  FsResult<> push(std::string_view path) {
    if (auto checked = check_path(path); !checked) return checked;
    std::vector<std::string> parts;
    for (std::size_t start = 0; start < path.size();) {
      auto end = path.find('/', start);
      if (end == path.npos) end = path.size();
      if (end > start) parts.emplace_back(path.substr(start, end - start));
      start = end + 1;
    }
    if (path.ends_with('/')) parts.emplace_back(".");
    todo_.insert(todo_.begin(), parts.begin(), parts.end());
    return {};
  }

  FsResult<> follow(int link) {
    if (++links_ > kMaxLinks) return std::unexpected(FsError::loop);
    auto target = read_link(link);
    if (!target) return std::unexpected(target.error());
    return push(*target);
  }

  FsResult<UniqueFd> open_here(int flags) const {
    if ((flags & O_CREAT) != 0) {
      return std::unexpected((flags & O_EXCL) != 0 ? FsError::exist : FsError::is_directory);
    }
    const int fd = ::openat(here(), ".", flags & ~O_NOFOLLOW);
    if (fd < 0) return fs_errno();
    return UniqueFd(fd);
  }

  // Enters a directory, or replaces a link by what it says; an empty result means "go on".
  FsResult<UniqueFd> step(const std::string& name) {
    UniqueFd next(::openat(here(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return fs_errno();
    struct stat status{};
    if (::fstat(next.get(), &status) != 0) return fs_errno();
    if (S_ISLNK(status.st_mode)) {
      if (auto followed = follow(next.get()); !followed) return std::unexpected(followed.error());
      return UniqueFd();
    }
    if (!S_ISDIR(status.st_mode)) return std::unexpected(FsError::not_directory);
    if (way_.size() >= kMaxDepth) return std::unexpected(FsError::name_too_long);
    way_.push_back(std::move(next));
    return UniqueFd();
  }

  FsResult<UniqueFd> open_final(const std::string& name, int flags, mode_t mode, LastLink last) {
    if (last == LastLink::follow && !((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0)) {
      const UniqueFd link(::openat(here(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      struct stat status{};
      if (link && ::fstat(link.get(), &status) == 0 && S_ISLNK(status.st_mode)) {
        if (auto followed = follow(link.get()); !followed) return std::unexpected(followed.error());
        return UniqueFd();
      }
    }
    // Should a link appear under the name just now, O_NOFOLLOW refuses it.
    const int fd = ::openat(here(), name.c_str(), flags | O_NOFOLLOW, mode);
    if (fd < 0) return fs_errno();
    return UniqueFd(fd);
  }

  int base_;
  std::vector<UniqueFd> way_;
  std::deque<std::string> todo_;
  int links_ = 0;
};

}  // namespace

Resolver available_resolver() noexcept {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH;
  const long fd = openat2(AT_FDCWD, ".", how);
  if (fd >= 0) ::close(static_cast<int>(fd));
  return fd >= 0 || (errno != ENOSYS && errno != EPERM) ? Resolver::kernel : Resolver::walk;
}

FsResult<UniqueFd> open_beneath(Resolver resolver, int directory, std::string_view path, int flags,
                                mode_t mode, LastLink last) {
  if (auto checked = check_path(path); !checked) return std::unexpected(checked.error());
  flags |= O_CLOEXEC;
  if (resolver == Resolver::walk) return Walk(directory).open(path, flags, mode, last);
  if (last == LastLink::keep) flags |= O_NOFOLLOW;
  return open_by_kernel(directory, std::string(path), flags, mode);
}

FsResult<ParentAndName> open_parent(Resolver resolver, int directory, std::string_view path) {
  if (auto checked = check_path(path); !checked) return std::unexpected(checked.error());
  const auto whole = path;
  ParentAndName result;
  while (path.ends_with('/')) {
    path.remove_suffix(1);
    result.slash = true;
  }
  const auto cut = path.rfind('/');
  result.name = cut == path.npos ? path : path.substr(cut + 1);
  // A name of NAME_MAX bytes at most reaches the calls below; longer ones fail there by themselves.
  if (result.is_dots()) {
    auto reached = open_beneath(resolver, directory, whole, O_PATH | O_DIRECTORY, 0, LastLink::follow);
    if (!reached) return std::unexpected(reached.error());
  }
  const auto above = cut == path.npos ? std::string_view(".") : path.substr(0, cut + 1);
  auto parent = open_beneath(resolver, directory, above, O_PATH | O_DIRECTORY, 0, LastLink::follow);
  if (!parent) return std::unexpected(parent.error());
  result.parent = std::move(*parent);
  if (result.slash && !result.is_dots()) {
    struct stat status{};
    const int found = ::fstatat(result.parent.get(), result.name.c_str(), &status, AT_SYMLINK_NOFOLLOW);
    if (found == 0 && S_ISLNK(status.st_mode)) {
      auto reached = open_beneath(resolver, directory, whole, O_PATH | O_DIRECTORY, 0, LastLink::follow);
      if (!reached) return std::unexpected(reached.error());
    }
  }
  return result;
}

}  // namespace wisp::wasi
