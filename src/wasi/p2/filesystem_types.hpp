#pragma once

#include "component/link/host_abi.hpp"
#include "wasi/filesystem/descriptor.hpp"
#include "wasi/p2/clocks.hpp"
#include "wasi/reply.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <variant>

/// The types of wasi:filesystem/types 0.2, and how the core's become them.
namespace wisp::wasi::p2 {

/// wasi:filesystem/types.error-code: the cases of FsError, in this order.
enum class FileErrorCode : std::uint8_t {};
WISP_ENUM(FileErrorCode, "access", "would-block", "already", "bad-descriptor", "busy", "deadlock", "quota",
          "exist", "file-too-large", "illegal-byte-sequence", "in-progress", "interrupted", "invalid", "io",
          "is-directory", "loop", "too-many-links", "message-size", "name-too-long", "no-device", "no-entry",
          "no-lock", "insufficient-memory", "insufficient-space", "not-directory", "not-empty",
          "not-recoverable", "unsupported", "no-tty", "no-such-device", "overflow", "not-permitted", "pipe",
          "read-only", "invalid-seek", "text-file-busy", "cross-device")

/// wasi:filesystem/types.descriptor-type: the cases of FileType, in this order.
enum class DescriptorType : std::uint8_t {};
WISP_ENUM(DescriptorType, "unknown", "block-device", "character-device", "directory", "fifo", "symbolic-link",
          "regular-file", "socket")

enum class Advice : std::uint8_t {};
WISP_ENUM(Advice, "normal", "sequential", "random", "will-need", "dont-need", "no-reuse")

struct DescriptorFlags {
  std::uint32_t bits = 0;
};
WISP_FLAGS(DescriptorFlags, "read", "write", "file-integrity-sync", "data-integrity-sync",
           "requested-write-sync", "mutate-directory")

struct PathFlags {
  std::uint32_t bits = 0;
};
WISP_FLAGS(PathFlags, "symlink-follow")

struct OpenFlags {
  std::uint32_t bits = 0;
};
WISP_FLAGS(OpenFlags, "create", "directory", "exclusive", "truncate")

struct NewTimestamp {
  std::variant<component::Unit, component::Unit, Datetime> value;
};
WISP_VARIANT(NewTimestamp, "no-change", "now", "timestamp")

struct DescriptorStat {
  DescriptorType type{};
  std::uint64_t link_count = 0;
  std::uint64_t size = 0;
  std::optional<Datetime> accessed;
  std::optional<Datetime> modified;
  std::optional<Datetime> changed;
};
WISP_RECORD(DescriptorStat,
            ("type", "link-count", "size", "data-access-timestamp", "data-modification-timestamp",
             "status-change-timestamp"),
            value.type, value.link_count, value.size, value.accessed, value.modified, value.changed)

/// wasi:filesystem/types.directory-entry
struct EntryRecord {
  DescriptorType type{};
  std::string name;
};
WISP_RECORD(EntryRecord, ("type", "name"), value.type, value.name)

struct MetadataHash {
  std::uint64_t lower = 0;
  std::uint64_t upper = 0;
};
WISP_RECORD(MetadataHash, ("lower", "upper"), value.lower, value.upper)

template <class T = void>
using FileReply = std::expected<T, FileErrorCode>;

[[nodiscard]] inline Refusal<FileErrorCode> refuse(FsError error) {
  return Refusal(static_cast<FileErrorCode>(error));
}
[[nodiscard]] inline DescriptorType descriptor_type(FileType type) {
  return static_cast<DescriptorType>(type);
}
[[nodiscard]] DescriptorStat descriptor_stat(const FileStatus& status);
[[nodiscard]] inline MetadataHash metadata_hash(const FileIdentity& identity) {
  return {identity.lower, identity.upper};
}
[[nodiscard]] LastLink last_link(PathFlags flags) noexcept;
[[nodiscard]] DescriptorFlags descriptor_flags(const FileFlags& flags) noexcept;
[[nodiscard]] OpenHow open_how(PathFlags path, OpenFlags open, DescriptorFlags flags) noexcept;
/// overflow: beyond what the system can say.
[[nodiscard]] FsResult<NewTime> new_time(const NewTimestamp& time);

}  // namespace wisp::wasi::p2
