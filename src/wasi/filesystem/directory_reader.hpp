#pragma once

#include "wasi/filesystem/descriptor.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace wisp::wasi {

struct DirectoryEntry {
  FileType type = FileType::unknown;
  std::string name;
};

/// Reads the entries of a directory piece by piece, in the system's order, without "." and "..", with a
/// cursor of its own. Used by one call at a time; next() blocks unless buffered().
class DirectoryReader {
 public:
  explicit DirectoryReader(UniqueFd directory) : directory_(std::move(directory)) {}

  /// True when next() answers from memory.
  [[nodiscard]] bool buffered() const noexcept { return done_ || position_ < filled_; }

  /// Empty at the end. illegal_byte_sequence for a name that is not UTF-8; the one after it comes with the
  /// next call.
  [[nodiscard]] FsResult<std::optional<DirectoryEntry>> next();

 private:
  UniqueFd directory_;
  std::vector<std::byte> buffer_;
  std::size_t position_ = 0;
  std::size_t filled_ = 0;
  bool done_ = false;
};

}  // namespace wisp::wasi
