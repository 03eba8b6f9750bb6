#include "wasi/filesystem/descriptor.hpp"

#include "wasi/system/random.hpp"

#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

namespace wisp::wasi {

namespace {

constexpr auto kMaxOffset = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());

WallTime wall_time(const timespec& time) {
  return WallTime{time.tv_sec, static_cast<std::uint32_t>(time.tv_nsec)};
}

FileStatus file_status(const struct stat& status) {
  return FileStatus{.type = file_type_of_mode(status.st_mode),
                    .link_count = status.st_nlink,
                    .size = static_cast<std::uint64_t>(status.st_size),
                    .accessed = wall_time(status.st_atim),
                    .modified = wall_time(status.st_mtim),
                    .changed = wall_time(status.st_ctim)};
}

// Runs a call again while a signal interrupts it.
template <class F>
auto uninterrupted(F call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

FsResult<timespec> to_timespec(const NewTime& time) {
  if (std::holds_alternative<KeepTime>(time)) return timespec{0, UTIME_OMIT};
  if (std::holds_alternative<TimeNow>(time)) return timespec{0, UTIME_NOW};
  const auto& wall = std::get<WallTime>(time);
  // UTIME_NOW and UTIME_OMIT are nanosecond values beyond this bound.
  if (wall.nanoseconds >= 1'000'000'000) return std::unexpected(FsError::invalid);
  return timespec{wall.seconds, static_cast<long>(wall.nanoseconds)};
}

FsResult<> change_times(int fd, const char* path, int flags, const NewTime& accessed,
                        const NewTime& modified) {
  const auto atime = to_timespec(accessed);
  if (!atime) return std::unexpected(atime.error());
  const auto mtime = to_timespec(modified);
  if (!mtime) return std::unexpected(mtime.error());
  const std::array<timespec, 2> times{*atime, *mtime};
  if (::utimensat(fd, path, times.data(), flags) != 0) return fs_errno();
  return {};
}

}  // namespace

FileSystem FileSystem::make() {
  FileSystem system;
  fill_random(system.identity_key);
  return system;
}

FileType file_type_of_mode(unsigned mode) noexcept {
  switch (mode & S_IFMT) {
    case S_IFBLK:
      return FileType::block_device;
    case S_IFCHR:
      return FileType::character_device;
    case S_IFDIR:
      return FileType::directory;
    case S_IFIFO:
      return FileType::fifo;
    case S_IFLNK:
      return FileType::symbolic_link;
    case S_IFREG:
      return FileType::regular_file;
    case S_IFSOCK:
      return FileType::socket;
    default:
      return FileType::unknown;
  }
}

Result<std::shared_ptr<Descriptor>> Descriptor::preopen(std::shared_ptr<const FileSystem> system,
                                                        const std::string& host_path, TreeAccess access) {
  UniqueFd fd(::open(host_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd)
    return fail(Errc::system, "the directory '{}' cannot be opened: {}", host_path, std::strerror(errno));
  const FileFlags flags{.read = true, .mutate_directory = access == TreeAccess::read_write};
  return std::make_shared<Descriptor>(std::move(system), std::move(fd), FileType::directory, flags, access);
}

FsResult<> Descriptor::check_writable() const {
  if (access_ == TreeAccess::read_only) return std::unexpected(FsError::read_only);
  return {};
}

FsResult<> Descriptor::check_file() const {
  if (is_directory()) return std::unexpected(FsError::bad_descriptor);
  return {};
}

FsResult<> Descriptor::check_directory() const {
  if (!is_directory()) return std::unexpected(FsError::not_directory);
  return {};
}

FsResult<> Descriptor::check_mutable_directory() const {
  if (auto checked = check_directory(); !checked) return checked;
  return check_writable();
}

FsResult<Bytes> Descriptor::read(std::uint64_t length, std::uint64_t offset) const {
  Bytes bytes(static_cast<std::size_t>(std::min<std::uint64_t>(length, kMaxRead)));
  const auto got = read_into(bytes, offset);
  if (!got) return std::unexpected(got.error());
  bytes.resize(*got);
  return bytes;
}

FsResult<std::size_t> Descriptor::read_into(std::span<std::byte> into, std::uint64_t offset) const {
  if (is_directory()) return std::unexpected(FsError::is_directory);
  if (offset > kMaxOffset) return std::unexpected(FsError::invalid);
  const auto piece = into.first(std::min(into.size(), kMaxRead));
  const auto got = uninterrupted(
      [&] { return ::pread(fd_.get(), piece.data(), piece.size(), static_cast<off_t>(offset)); });
  if (got < 0) return fs_errno();
  return static_cast<std::size_t>(got);
}

FsResult<std::uint64_t> Descriptor::write(ByteView bytes, std::uint64_t offset) const {
  if (auto checked = check_file(); !checked) return std::unexpected(checked.error());
  if (auto checked = check_writable(); !checked) return std::unexpected(checked.error());
  if (offset > kMaxOffset) return std::unexpected(FsError::invalid);
  const auto put = uninterrupted(
      [&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
  if (put < 0) return fs_errno();
  return static_cast<std::uint64_t>(put);
}

FsResult<std::uint64_t> Descriptor::append(ByteView bytes) const {
  if (auto checked = check_file(); !checked) return std::unexpected(checked.error());
  if (auto checked = check_writable(); !checked) return std::unexpected(checked.error());
  // pwritev2 only reads through the pointer.
  const iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  const auto put = uninterrupted([&] { return ::pwritev2(fd_.get(), &piece, 1, 0, RWF_APPEND); });
  if (put < 0) return fs_errno();
  return static_cast<std::uint64_t>(put);
}

FsResult<> Descriptor::advise(std::uint64_t offset, std::uint64_t length, FileAdvice advice) const {
  if (auto checked = check_file(); !checked) return checked;
  static constexpr std::array<int, 6> values{POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                             POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
  if (offset > kMaxOffset || length > kMaxOffset) return std::unexpected(FsError::invalid);
  const int error = ::posix_fadvise(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(length),
                                    values.at(static_cast<std::size_t>(advice)));
  if (error != 0) return std::unexpected(fs_error_from_errno(error));
  return {};
}

FsResult<> Descriptor::set_size(std::uint64_t size) const {
  if (auto checked = check_file(); !checked) return checked;
  if (auto checked = check_writable(); !checked) return checked;
  if (size > kMaxOffset) return std::unexpected(FsError::invalid);
  if (uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) return fs_errno();
  return {};
}

FsResult<> Descriptor::sync() const {
  if (::fsync(fd_.get()) != 0) return fs_errno();
  return {};
}

FsResult<> Descriptor::sync_data() const {
  if (::fdatasync(fd_.get()) != 0) return fs_errno();
  return {};
}

FsResult<FileStatus> Descriptor::status() const {
  struct stat status{};
  if (::fstat(fd_.get(), &status) != 0) return fs_errno();
  return file_status(status);
}

FsResult<> Descriptor::set_times(const NewTime& accessed, const NewTime& modified) const {
  if (auto checked = check_writable(); !checked) return checked;
  return change_times(fd_.get(), "", AT_EMPTY_PATH, accessed, modified);
}

FsResult<FileIdentity> Descriptor::identity_of(int fd) const {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return fs_errno();
  struct {
    std::array<std::byte, 16> key;
    std::uint64_t device;
    std::uint64_t inode;
  } const message{system_->identity_key, status.st_dev, status.st_ino};
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(reinterpret_cast<const unsigned char*>(&message), sizeof message, digest.data());
  FileIdentity identity;
  std::memcpy(&identity.lower, digest.data(), 8);
  std::memcpy(&identity.upper, digest.data() + 8, 8);
  return identity;
}

FsResult<FileIdentity> Descriptor::identity() const { return identity_of(fd_.get()); }

bool Descriptor::same_object(const Descriptor& other) const {
  struct stat mine{};
  struct stat theirs{};
  return ::fstat(fd_.get(), &mine) == 0 && ::fstat(other.fd_.get(), &theirs) == 0 &&
         mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino;
}

FsResult<UniqueFd> Descriptor::locate(std::string_view path, LastLink last) const {
  if (auto checked = check_directory(); !checked) return std::unexpected(checked.error());
  return open_beneath(system_->resolver, fd_.get(), path, O_PATH, 0, last);
}

FsResult<FileStatus> Descriptor::status_at(std::string_view path, LastLink last) const {
  const auto fd = locate(path, last);
  if (!fd) return std::unexpected(fd.error());
  struct stat status{};
  if (::fstat(fd->get(), &status) != 0) return fs_errno();
  return file_status(status);
}

FsResult<FileIdentity> Descriptor::identity_at(std::string_view path, LastLink last) const {
  const auto fd = locate(path, last);
  if (!fd) return std::unexpected(fd.error());
  return identity_of(fd->get());
}

FsResult<> Descriptor::set_times_at(std::string_view path, LastLink last, const NewTime& accessed,
                                    const NewTime& modified) const {
  if (auto checked = check_mutable_directory(); !checked) return checked;
  const auto fd = locate(path, last);
  if (!fd) return std::unexpected(fd.error());
  return change_times(fd->get(), "", AT_EMPTY_PATH, accessed, modified);
}

}  // namespace wisp::wasi
