#pragma once

#include "base/result.hpp"
#include "wasi/filesystem/error.hpp"
#include "wasi/filesystem/resolve.hpp"
#include "wasi/io/stream.hpp"
#include "wasi/io/unique_fd.hpp"
#include "wasi/system/clock.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace wisp::wasi {

enum class FileType : std::uint8_t {
  unknown,
  block_device,
  character_device,
  directory,
  fifo,
  symbolic_link,
  regular_file,
  socket,
};

struct FileStatus {
  FileType type = FileType::unknown;
  std::uint64_t link_count = 0;
  std::uint64_t size = 0;
  WallTime accessed;
  WallTime modified;
  WallTime changed;
};

/// 128 bits that stand for one file of the machine, without telling its device and inode.
struct FileIdentity {
  std::uint64_t lower = 0;
  std::uint64_t upper = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// What to do with one timestamp.
struct KeepTime {};
struct TimeNow {};
using NewTime = std::variant<KeepTime, TimeNow, WallTime>;

enum class FileAdvice : std::uint8_t { normal, sequential, random, will_need, dont_need, no_reuse };

/// What a descriptor was opened for.
struct FileFlags {
  bool read = false;
  bool write = false;
  bool file_integrity_sync = false;
  bool data_integrity_sync = false;
  bool requested_write_sync = false;
  bool mutate_directory = false;
};

struct OpenHow {
  bool create = false;
  bool directory = false;
  bool exclusive = false;
  bool truncate = false;
  FileFlags flags;
  LastLink last = LastLink::keep;
};

/// Whether anything below a preopened directory may be changed.
enum class TreeAccess : std::uint8_t { read_only, read_write };

/// What all descriptors of a process share.
struct FileSystem {
  Resolver resolver = available_resolver();
  std::array<std::byte, 16> identity_key{};  ///< secret; keys FileIdentity
  [[nodiscard]] static FileSystem make();
};

/// An open file or directory of a guest. Directories resolve paths beneath themselves; what may be changed is
/// decided by the preopened directory it came from. Nothing here knows handles, versions or fibers.
///
/// Every operation is a blocking system call; all are const, thread-safe and run on a thread of the
/// BlockingPool (or inline, where the embedder prefers that). Immutable and shared: a job that is under way
/// keeps it open.
class Descriptor {
 public:
  /// A preopened directory at `host_path`.
  [[nodiscard]] static Result<std::shared_ptr<Descriptor>> preopen(std::shared_ptr<const FileSystem> system,
                                                                   const std::string& host_path,
                                                                   TreeAccess access);

  Descriptor(std::shared_ptr<const FileSystem> system, UniqueFd fd, FileType type, FileFlags flags,
             TreeAccess access)
      : system_(std::move(system)), fd_(std::move(fd)), type_(type), flags_(flags), access_(access) {}

  [[nodiscard]] FileType type() const noexcept { return type_; }
  [[nodiscard]] bool is_directory() const noexcept { return type_ == FileType::directory; }
  [[nodiscard]] const FileFlags& flags() const noexcept { return flags_; }
  /// Fails with read_only where the tree must not be changed.
  [[nodiscard]] FsResult<> check_writable() const;

  // On files. A directory is bad_descriptor, for read() is_directory.
  /// At most kMaxRead bytes at `offset`; empty at the end of the file (and for `length` 0).
  [[nodiscard]] FsResult<Bytes> read(std::uint64_t length, std::uint64_t offset) const;
  /// As read(), into memory of the caller's; how many bytes.
  [[nodiscard]] FsResult<std::size_t> read_into(std::span<std::byte> into, std::uint64_t offset) const;
  /// Returns how much was written: at least a byte of a non-empty buffer.
  [[nodiscard]] FsResult<std::uint64_t> write(ByteView bytes, std::uint64_t offset) const;
  /// As write(), at the end of the file, atomically.
  [[nodiscard]] FsResult<std::uint64_t> append(ByteView bytes) const;
  [[nodiscard]] FsResult<> advise(std::uint64_t offset, std::uint64_t length, FileAdvice advice) const;
  [[nodiscard]] FsResult<> set_size(std::uint64_t size) const;

  // On both.
  [[nodiscard]] FsResult<> sync() const;
  [[nodiscard]] FsResult<> sync_data() const;
  [[nodiscard]] FsResult<FileStatus> status() const;
  [[nodiscard]] FsResult<> set_times(const NewTime& accessed, const NewTime& modified) const;
  [[nodiscard]] FsResult<FileIdentity> identity() const;
  [[nodiscard]] bool same_object(const Descriptor& other) const;

  // On directories; a file is not_directory. Paths as resolve.hpp says.
  [[nodiscard]] FsResult<std::shared_ptr<Descriptor>> open_at(std::string_view path,
                                                              const OpenHow& how) const;
  [[nodiscard]] FsResult<FileStatus> status_at(std::string_view path, LastLink last) const;
  [[nodiscard]] FsResult<FileIdentity> identity_at(std::string_view path, LastLink last) const;
  [[nodiscard]] FsResult<> set_times_at(std::string_view path, LastLink last, const NewTime& accessed,
                                        const NewTime& modified) const;
  [[nodiscard]] FsResult<> create_directory_at(std::string_view path) const;
  [[nodiscard]] FsResult<> remove_directory_at(std::string_view path) const;
  [[nodiscard]] FsResult<> unlink_file_at(std::string_view path) const;
  /// `target` may say anything but an absolute path: what a link says is judged when it is followed.
  [[nodiscard]] FsResult<> symlink_at(std::string_view target, std::string_view path) const;
  /// illegal_byte_sequence for a target that is not UTF-8.
  [[nodiscard]] FsResult<std::string> readlink_at(std::string_view path) const;
  /// Both trees must be writable. Links themselves are linked, never what they point to.
  [[nodiscard]] FsResult<> link_at(std::string_view path, const Descriptor& new_directory,
                                   std::string_view new_path) const;
  [[nodiscard]] FsResult<> rename_at(std::string_view path, const Descriptor& new_directory,
                                     std::string_view new_path) const;
  /// A descriptor of its own on this directory, with a cursor of its own, for DirectoryReader.
  [[nodiscard]] FsResult<UniqueFd> reopen_directory() const;

 private:
  [[nodiscard]] FsResult<> check_file() const;
  [[nodiscard]] FsResult<> check_directory() const;
  [[nodiscard]] FsResult<> check_mutable_directory() const;
  [[nodiscard]] FsResult<UniqueFd> locate(std::string_view path, LastLink last) const;
  [[nodiscard]] FsResult<ParentAndName> parent_of(std::string_view path) const;
  [[nodiscard]] FsResult<FileIdentity> identity_of(int fd) const;

  std::shared_ptr<const FileSystem> system_;
  UniqueFd fd_;
  FileType type_;
  FileFlags flags_;
  TreeAccess access_;
};

/// The type in a stat mode.
[[nodiscard]] FileType file_type_of_mode(unsigned mode) noexcept;

}  // namespace wisp::wasi
