#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

namespace wisp::wasi {

/// Why a file operation failed: the cases that both WASI 0.2 and 0.3 name (errno in their words).
enum class FsError : std::uint8_t {
  access,
  would_block,
  already,
  bad_descriptor,
  busy,
  deadlock,
  quota,
  exist,
  file_too_large,
  illegal_byte_sequence,
  in_progress,
  interrupted,
  invalid,
  io,
  is_directory,
  loop,
  too_many_links,
  message_size,
  name_too_long,
  no_device,
  no_entry,
  no_lock,
  insufficient_memory,
  insufficient_space,
  not_directory,
  not_empty,
  not_recoverable,
  unsupported,
  no_tty,
  no_such_device,
  overflow,
  not_permitted,
  pipe,
  read_only,
  invalid_seek,
  text_file_busy,
  cross_device,
};

template <class T = void>
using FsResult = std::expected<T, FsError>;

/// The case for an errno; `io` for one that has none.
[[nodiscard]] FsError fs_error_from_errno(int error) noexcept;

/// The case for the current errno, ready to be returned.
[[nodiscard]] std::unexpected<FsError> fs_errno() noexcept;

/// "no-entry".
[[nodiscard]] std::string_view fs_error_name(FsError error) noexcept;

}  // namespace wisp::wasi
