#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace wisp::cli {

/// The largest file looked at.
inline constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30;

/// All bytes of a file, or of a pipe. Errc::file_unreadable when it is missing, a directory, empty, or not
/// for us to read; Errc::component_too_large; Errc::usage for an empty path.
[[nodiscard]] Result<std::vector<std::byte>> read_file(const std::string& path);

/// Writes a file as a whole or not at all (temporary file, rename), for the user alone to change. A device or
/// a pipe is written to. Errc::system.
[[nodiscard]] Result<> write_file(const std::string& path, std::span<const std::byte> bytes);

/// What a file that is not WebAssembly seems to be and what to do with it ("WebAssembly text", "a gzip
/// archive"); empty if nobody knows.
struct Guess {
  std::string what;
  std::string advice;
};
[[nodiscard]] Guess guess_kind(std::span<const std::byte> bytes);

}  // namespace wisp::cli
