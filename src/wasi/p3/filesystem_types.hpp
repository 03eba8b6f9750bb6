#pragma once

#include "component/instance/host_resource.hpp"
#include "component/link/host_abi.hpp"
#include "wasi/filesystem/descriptor.hpp"
#include "wasi/p3/clocks.hpp"
#include "wasi/reply.hpp"
#include "wasi/system/quota.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

/// The types of wasi:filesystem/types, and how the core's become them.
namespace wisp::wasi::p3 {

using component::Unit;

/// wasi:filesystem/types.error-code
struct FileErrorCode {
  std::variant<Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit,
               Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit, Unit,
               Unit, Unit, Unit, Unit, std::optional<std::string>>
      value;
};
WISP_VARIANT(FileErrorCode, "access", "already", "bad-descriptor", "busy", "deadlock", "quota", "exist",
             "file-too-large", "illegal-byte-sequence", "in-progress", "interrupted", "invalid", "io",
             "is-directory", "loop", "too-many-links", "message-size", "name-too-long", "no-device",
             "no-entry", "no-lock", "insufficient-memory", "insufficient-space", "not-directory", "not-empty",
             "not-recoverable", "unsupported", "no-tty", "no-such-device", "overflow", "not-permitted",
             "pipe", "read-only", "invalid-seek", "text-file-busy", "cross-device", "other")

/// wasi:filesystem/types.descriptor-type
struct DescriptorType {
  std::variant<Unit, Unit, Unit, Unit, Unit, Unit, Unit, std::optional<std::string>> value;
};
WISP_VARIANT(DescriptorType, "block-device", "character-device", "directory", "fifo", "symbolic-link",
             "regular-file", "socket", "other")

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
  std::variant<Unit, Unit, WallTime> value;
};
WISP_VARIANT(NewTimestamp, "no-change", "now", "timestamp")

struct DescriptorStat {
  DescriptorType type;
  std::uint64_t link_count = 0;
  std::uint64_t size = 0;
  std::optional<WallTime> accessed;
  std::optional<WallTime> modified;
  std::optional<WallTime> changed;
};
WISP_RECORD(DescriptorStat,
            ("type", "link-count", "size", "data-access-timestamp", "data-modification-timestamp",
             "status-change-timestamp"),
            value.type, value.link_count, value.size, value.accessed, value.modified, value.changed)

/// wasi:filesystem/types.directory-entry
struct EntryRecord {
  DescriptorType type;
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

/// wasi:filesystem/types.descriptor. Streams made from it do not depend on it.
class DescriptorHandle final : public component::HostResource {
 public:
  DescriptorHandle(std::shared_ptr<Descriptor> descriptor, Quota::Slot slot)
      : descriptor_(std::move(descriptor)), slot_(std::move(slot)) {}
  [[nodiscard]] const std::shared_ptr<Descriptor>& share() const noexcept { return descriptor_; }
  /// For who holds it on.
  [[nodiscard]] Quota::Slot take_slot() noexcept { return std::move(slot_); }

 private:
  std::shared_ptr<Descriptor> descriptor_;
  Quota::Slot slot_;
};

[[nodiscard]] FileErrorCode file_error(FsError error);
[[nodiscard]] inline Refusal<FileErrorCode> refuse(FsError error) { return Refusal(file_error(error)); }
[[nodiscard]] DescriptorType descriptor_type(FileType type);
[[nodiscard]] DescriptorStat descriptor_stat(const FileStatus& status);
[[nodiscard]] inline MetadataHash metadata_hash(const FileIdentity& identity) {
  return {identity.lower, identity.upper};
}
[[nodiscard]] LastLink last_link(PathFlags flags) noexcept;
[[nodiscard]] FileFlags file_flags(DescriptorFlags flags) noexcept;
[[nodiscard]] DescriptorFlags descriptor_flags(const FileFlags& flags) noexcept;
[[nodiscard]] OpenHow open_how(PathFlags path, OpenFlags open, DescriptorFlags flags) noexcept;
[[nodiscard]] NewTime new_time(const NewTimestamp& time) noexcept;

}  // namespace wisp::wasi::p3
