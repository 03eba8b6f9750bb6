#include "wasi/filesystem/error.hpp"

#include <array>
#include <cerrno>

namespace wisp::wasi {

FsError fs_error_from_errno(int error) noexcept {
  switch (error) {
    case EACCES:
      return FsError::access;
    case EAGAIN:
      return FsError::would_block;
    case EALREADY:
      return FsError::already;
    case EBADF:
      return FsError::bad_descriptor;
    case EBUSY:
      return FsError::busy;
    case EDEADLK:
      return FsError::deadlock;
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      return FsError::quota;
    case EEXIST:
      return FsError::exist;
    case EFBIG:
      return FsError::file_too_large;
    case EILSEQ:
      return FsError::illegal_byte_sequence;
    case EINPROGRESS:
      return FsError::in_progress;
    case EINTR:
      return FsError::interrupted;
    case EINVAL:
      return FsError::invalid;
    case EISDIR:
      return FsError::is_directory;
    case ELOOP:
      return FsError::loop;
    case EMLINK:
      return FsError::too_many_links;
    case EMSGSIZE:
      return FsError::message_size;
    case ENAMETOOLONG:
      return FsError::name_too_long;
    case ENODEV:
      return FsError::no_device;
    case ENOENT:
      return FsError::no_entry;
    case ENOLCK:
      return FsError::no_lock;
    case ENOMEM:
      return FsError::insufficient_memory;
    case ENOSPC:
      return FsError::insufficient_space;
    case ENOTDIR:
      return FsError::not_directory;
    case ENOTEMPTY:
      return FsError::not_empty;
    case ENOTRECOVERABLE:
      return FsError::not_recoverable;
    case ENOSYS:
    case EOPNOTSUPP:
      return FsError::unsupported;
    case ENOTTY:
      return FsError::no_tty;
    case ENXIO:
      return FsError::no_such_device;
    case EOVERFLOW:
      return FsError::overflow;
    case EPERM:
      return FsError::not_permitted;
    case EPIPE:
      return FsError::pipe;
    case EROFS:
      return FsError::read_only;
    case ESPIPE:
      return FsError::invalid_seek;
    case ETXTBSY:
      return FsError::text_file_busy;
    case EXDEV:
      return FsError::cross_device;
    default:
      return FsError::io;
  }
}

std::unexpected<FsError> fs_errno() noexcept { return std::unexpected(fs_error_from_errno(errno)); }

std::string_view fs_error_name(FsError error) noexcept {
  static constexpr auto names = std::to_array<std::string_view>({"access",
                                                                 "would-block",
                                                                 "already",
                                                                 "bad-descriptor",
                                                                 "busy",
                                                                 "deadlock",
                                                                 "quota",
                                                                 "exist",
                                                                 "file-too-large",
                                                                 "illegal-byte-sequence",
                                                                 "in-progress",
                                                                 "interrupted",
                                                                 "invalid",
                                                                 "io",
                                                                 "is-directory",
                                                                 "loop",
                                                                 "too-many-links",
                                                                 "message-size",
                                                                 "name-too-long",
                                                                 "no-device",
                                                                 "no-entry",
                                                                 "no-lock",
                                                                 "insufficient-memory",
                                                                 "insufficient-space",
                                                                 "not-directory",
                                                                 "not-empty",
                                                                 "not-recoverable",
                                                                 "unsupported",
                                                                 "no-tty",
                                                                 "no-such-device",
                                                                 "overflow",
                                                                 "not-permitted",
                                                                 "pipe",
                                                                 "read-only",
                                                                 "invalid-seek",
                                                                 "text-file-busy",
                                                                 "cross-device"});
  const auto index = static_cast<std::size_t>(error);
  return index < names.size() ? names[index] : "io";
}

}  // namespace wisp::wasi
