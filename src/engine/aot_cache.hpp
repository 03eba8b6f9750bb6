#pragma once

#include "engine/engine.hpp"

#include <filesystem>
#include <optional>

namespace wisp::engine {

/// Compiled artifacts on disk, keyed by content, engine version and settings. Entries are native code, so the
/// folder is created 0700 and used only if it belongs to the user and nobody else can write it. Writes are
/// atomic (temporary file, fsync, rename); a corrupt, truncated or foreign entry is ignored and rebuilt; the
/// total size is bounded and the entries used longest ago go first. Thread-safe and process-safe.
class AotCache {
 public:
  struct Options {
    std::filesystem::path folder;  ///< empty: $WISP_CACHE/aot, or ~/.cache/wisp/aot
    std::uint64_t max_bytes = 2ull << 30;
  };

  /// Errc::cache when the folder cannot be made or is not exclusively the user's.
  [[nodiscard]] static Result<AotCache> open(const Engine& engine, Options options);

  /// Key of an artifact of `content` (SHA-256 over content, engine compatibility and `purpose`), as hex.
  [[nodiscard]] std::string key(std::span<const std::byte> content, std::string_view purpose) const;

  /// The payload of a sound entry (checksum verified), mapped read-only as long as the result lives; marks it
  /// as used.
  class Entry;
  [[nodiscard]] std::optional<Entry> find(const std::string& key) const;

  /// Stores an artifact; failure (full disk) is reported, never fatal, and leaves no partial entry.
  [[nodiscard]] Result<> put(const std::string& key, std::span<const std::byte> artifact) const;
};

}  // namespace wisp::engine
