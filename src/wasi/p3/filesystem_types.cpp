#include "wasi/p3/filesystem_types.hpp"

#include <array>
#include <cstddef>

namespace wisp::wasi::p3 {

namespace {

/// Sets the case `index`, which has no payload; the last one, "other", for all that is none of them.
template <class... C>
void set_case(std::variant<C...>& value, std::size_t index) {
  constexpr std::size_t last = sizeof...(C) - 1;
  value.template emplace<last>(std::nullopt);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    static_cast<void>(((index == I && (value.template emplace<I>(), true)) || ...));
  }(std::make_index_sequence<last>());
}

bool has(std::uint32_t bits, unsigned bit) { return (bits >> bit & 1) != 0; }

}  // namespace

FileErrorCode file_error(FsError error) {
  FileErrorCode code;
  if (error == FsError::would_block) {
    // 0.3 has no word for it: nothing blocks there.
    code.value.emplace<36>("would block");
    return code;
  }
  // 0.3 names the cases of FsError in its order, without would_block.
  static_assert(static_cast<unsigned>(FsError::cross_device) == 36);
  const auto index = static_cast<std::size_t>(error);
  set_case(code.value, index > static_cast<std::size_t>(FsError::would_block) ? index - 1 : index);
  return code;
}

DescriptorType descriptor_type(FileType type) {
  // The cases of FileType follow its `unknown` in this order.
  DescriptorType out;
  const auto index = static_cast<std::size_t>(type);
  set_case(out.value, index == 0 ? std::variant_size_v<decltype(out.value)> : index - 1);
  return out;
}

DescriptorStat descriptor_stat(const FileStatus& status) {
  return {descriptor_type(status.type),
          status.link_count,
          status.size,
          status.accessed,
          status.modified,
          status.changed};
}

LastLink last_link(PathFlags flags) noexcept {
  return (flags.bits & 1) != 0 ? LastLink::follow : LastLink::keep;
}

FileFlags file_flags(DescriptorFlags flags) noexcept {
  return {.read = has(flags.bits, 0),
          .write = has(flags.bits, 1),
          .file_integrity_sync = has(flags.bits, 2),
          .data_integrity_sync = has(flags.bits, 3),
          .requested_write_sync = has(flags.bits, 4),
          .mutate_directory = has(flags.bits, 5)};
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

NewTime new_time(const NewTimestamp& time) noexcept {
  if (const auto* when = std::get_if<2>(&time.value)) return *when;
  if (time.value.index() == 1) return TimeNow{};
  return KeepTime{};
}

}  // namespace wisp::wasi::p3
