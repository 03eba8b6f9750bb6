#pragma once

#include "engine/engine.hpp"
#include "engine/module.hpp"

#include <filesystem>
#include <optional>

namespace wisp::engine {

/// Compiled artifacts on disk, keyed by content, engine version and settings. Entries are native code, so the
/// folder is created 0700 and used only if it belongs to the user and nobody else can write it. Writes are
/// atomic (temporary file, fsync, rename); a corrupt, truncated or foreign entry is ignored and rebuilt; the
/// total size is bounded and the entries used longest ago go first. Thread-safe and process-safe.
///
/// An entry's file is the artifact followed by a trailer (size, key, checksum), so that the engine can map
/// the file as it is. The checksum is a 64-bit multiply-and-fold hash over all bytes: it is against
/// corruption only (whoever could forge an entry is the user), and runs at the speed of memory, about 5 ms
/// for 40 MB in the page cache. A sample of pages would be quicker, but what it missed would be executed.
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

  /// A sound artifact, mapped read-only as long as this lives, also when the entry is evicted meanwhile.
  class Entry {
   public:
    Entry(Entry&& other) noexcept;
    Entry& operator=(Entry&& other) noexcept;
    ~Entry();

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return artifact_; }

    /// Names the same file for Module::load, valid while this lives (/proc/self/fd/…): what was verified is
    /// what the engine maps, even if the entry was replaced or evicted.
    [[nodiscard]] std::filesystem::path path() const;

   private:
    friend class AotCache;
    Entry(int file, std::span<const std::byte> mapping, std::size_t artifact_size)
        : file_(file), mapping_(mapping), artifact_(mapping.first(artifact_size)) {}

    int file_;  // -1: moved from
    std::span<const std::byte> mapping_;
    std::span<const std::byte> artifact_;
  };

  /// The payload of a sound entry (checksum verified); marks it as used. Nothing for an unknown key and for
  /// an entry that is not sound.
  [[nodiscard]] std::optional<Entry> find(const std::string& key) const;

  /// Stores an artifact; failure (full disk) is reported, never fatal, and leaves no partial entry. Evicts
  /// old entries until the folder is within its bound.
  [[nodiscard]] Result<> put(const std::string& key, std::span<const std::byte> artifact) const;

  AotCache(AotCache&& other) noexcept;
  AotCache& operator=(AotCache&& other) noexcept;
  ~AotCache();

 private:
  AotCache(std::string compatibility, std::uint64_t max_bytes, int folder);
  void evict() const;

  std::string compatibility_;
  std::uint64_t max_bytes_;
  int folder_;  // open directory; -1: moved from
};

/// The module from the cache, else compiled and stored there. `cache` may be null; else `key` is one of its
/// own for this module (the caller may know it without hashing `wasm`). That storing failed is not an error:
/// the next start compiles again.
[[nodiscard]] Result<std::shared_ptr<const Module>> load_or_compile(const Engine& engine,
                                                                    const AotCache* cache,
                                                                    const std::string& key,
                                                                    std::span<const std::byte> wasm);

}  // namespace wisp::engine
