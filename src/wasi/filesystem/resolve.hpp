#pragma once

#include "wasi/filesystem/error.hpp"
#include "wasi/io/unique_fd.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

/// Path resolution beneath a directory: a guest's path never leads out of the directory it was given for, not
/// by "..", not by an absolute path, not by a symbolic link, not by a rename that races with it.
/// (wasi-filesystem, path-resolution.md.)
namespace wisp::wasi {

/// Who walks the path. `kernel`: openat2(RESOLVE_BENEATH), atomically. `walk`: one component at a time with
/// descriptors held for each directory on the way, where openat2 is missing or filtered (seccomp).
enum class Resolver : std::uint8_t { kernel, walk };

/// `kernel` when this process may use openat2.
[[nodiscard]] Resolver available_resolver() noexcept;

/// What happens to a symbolic link in the last component. A trailing slash always follows it.
enum class LastLink : std::uint8_t { keep, follow };

/// The longest path looked at, as the kernel's PATH_MAX.
inline constexpr std::size_t kMaxPath = 4096;

/// Opens `path` beneath `directory` with open(2) `flags` (close-on-exec is added) and `mode`. Errors: escape
/// or absolute path not_permitted, empty no_entry, NUL invalid; `loop` for a last link kept and not opened
/// with O_PATH.
[[nodiscard]] FsResult<UniqueFd> open_beneath(Resolver resolver, int directory, std::string_view path,
                                              int flags, mode_t mode, LastLink last);

/// The directory that holds the last component of a path, for calls that act on a name in a directory.
struct ParentAndName {
  UniqueFd parent;     ///< O_PATH
  std::string name;    ///< one component without slashes; "." or ".." when the path ends so
  bool slash = false;  ///< the path ended with a slash: it names a directory

  [[nodiscard]] bool is_dots() const noexcept { return name == "." || name == ".."; }
};

/// Splits `path` and opens its parent beneath `directory`. For "." and ".." at the end the whole path has
/// been resolved, so an escape is reported. With a trailing slash the last component, if it is a link, has
/// been resolved too.
[[nodiscard]] FsResult<ParentAndName> open_parent(Resolver resolver, int directory, std::string_view path);

}  // namespace wisp::wasi
