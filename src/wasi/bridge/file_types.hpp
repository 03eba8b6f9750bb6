#pragma once

#include "component/link/provider_call.hpp"
#include "wasi/p2/filesystem_types.hpp"
#include "wasi/p3/filesystem_types.hpp"

#include <string_view>

/// What wasi:filesystem says in one version, as the other one says it.
namespace wisp::wasi::bridge {

inline constexpr std::string_view kOldFiles = "wasi:filesystem/types@0.2";
inline constexpr std::string_view kNewFiles = "wasi:filesystem/types@0.3";

/// Resources that providers define.
struct OldDescriptor {
  static constexpr std::string_view kInterface = kOldFiles, kName = "descriptor";
};
struct OldEntryStream {
  static constexpr std::string_view kInterface = kOldFiles, kName = "directory-entry-stream";
};
struct NewDescriptor {
  static constexpr std::string_view kInterface = kNewFiles, kName = "descriptor";
};

[[nodiscard]] inline FsError core_error(p2::FileErrorCode code) { return static_cast<FsError>(code); }
/// `io` for `other`.
[[nodiscard]] FsError core_error(const p3::FileErrorCode& code);
[[nodiscard]] FileType core_type(const p3::DescriptorType& type);

/// Times that the other version cannot say are left out. Errc::trap_host: a time of `from` is none.
[[nodiscard]] Result<p3::DescriptorStat> to_new(const p2::DescriptorStat& stat,
                                                const component::Provider& from);
[[nodiscard]] Result<p2::DescriptorStat> to_old(const p3::DescriptorStat& stat,
                                                const component::Provider& from);
[[nodiscard]] p3::EntryRecord to_new(p2::EntryRecord entry);
[[nodiscard]] p2::EntryRecord to_old(p3::EntryRecord entry);

/// overflow: the other version cannot say it; invalid: it is no time.
[[nodiscard]] FsResult<p2::NewTimestamp> to_old(const p3::NewTimestamp& time);
[[nodiscard]] FsResult<p3::NewTimestamp> to_new(const p2::NewTimestamp& time);

/// The error of a stream of a file that broke, or ended where it could not.
[[nodiscard]] p3::FileReply<> outcome_of(const StreamEnd& end);

}  // namespace wisp::wasi::bridge
