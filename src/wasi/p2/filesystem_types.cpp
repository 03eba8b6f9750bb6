#include "wasi/p2/filesystem_types.hpp"

#include <array>

namespace wisp::wasi::p2 {

namespace {

bool has(std::uint32_t bits, unsigned bit) { return (bits >> bit & 1) != 0; }

FileFlags file_flags(DescriptorFlags flags) {
  return {.read = has(flags.bits, 0),
          .write = has(flags.bits, 1),
          .file_integrity_sync = has(flags.bits, 2),
          .data_integrity_sync = has(flags.bits, 3),
          .requested_write_sync = has(flags.bits, 4),
          .mutate_directory = has(flags.bits, 5)};
}

}  // namespace

DescriptorStat descriptor_stat(const FileStatus& status) {
  return {descriptor_type(status.type), status.link_count,          status.size, to_datetime(status.accessed),
          to_datetime(status.modified), to_datetime(status.changed)};
}

LastLink last_link(PathFlags flags) noexcept {
  return (flags.bits & 1) != 0 ? LastLink::follow : LastLink::keep;
}

DescriptorFlags descriptor_flags(const FileFlags& flags) noexcept {
  const std::array all{flags.read,
                       flags.write,
                       flags.file_integrity_sync,
                       flags.data_integrity_sync,
                       flags.requested_write_sync,
                       flags.mutate_directory};
  DescriptorFlags out;
  for (unsigned bit = 0; bit < all.size(); ++bit) out.bits |= all[bit] ? 1u << bit : 0;
  return out;
}

OpenHow open_how(PathFlags path, OpenFlags open, DescriptorFlags flags) noexcept {
  return {.create = has(open.bits, 0),
          .directory = has(open.bits, 1),
          .exclusive = has(open.bits, 2),
          .truncate = has(open.bits, 3),
          .flags = file_flags(flags),
          .last = last_link(path)};
}

FsResult<NewTime> new_time(const NewTimestamp& time) {
  switch (time.value.index()) {
    case 0:
      return KeepTime{};
    case 1:
      return TimeNow{};
    default:
      break;
  }
  const auto wall = to_wall_time(std::get<2>(time.value));
  if (!wall) return std::unexpected(FsError::overflow);
  return *wall;
}

}  // namespace wisp::wasi::p2
