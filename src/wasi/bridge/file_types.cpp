#include "wasi/bridge/file_types.hpp"

#include "wasi/p2/clocks.hpp"

#include <utility>

namespace wisp::wasi::bridge {

using component::Provider;

namespace {

constexpr std::uint32_t kSecond = 1'000'000'000;

Unexpected no_time(const Provider& provider) {
  return fail(Errc::trap_host, "a file of {} has a time that is none", provider.name);
}

Result<std::optional<WallTime>> to_new(const std::optional<p2::Datetime>& time, const Provider& from) {
  if (!time) return std::optional<WallTime>();
  if (time->nanoseconds >= kSecond) return no_time(from);
  return p2::to_wall_time(*time);
}

Result<std::optional<p2::Datetime>> to_old(const std::optional<WallTime>& time, const Provider& from) {
  if (!time) return std::optional<p2::Datetime>();
  if (time->nanoseconds >= kSecond) return no_time(from);
  return p2::to_datetime(*time);
}

}  // namespace

FsError core_error(const p3::FileErrorCode& code) {
  constexpr auto kWouldBlock = static_cast<std::size_t>(FsError::would_block);
  const auto index = code.value.index();
  if (index + 1 == std::variant_size_v<decltype(code.value)>) return FsError::io;
  return static_cast<FsError>(index >= kWouldBlock ? index + 1 : index);
}

FileType core_type(const p3::DescriptorType& type) {
  const auto index = type.value.index();
  if (index + 1 == std::variant_size_v<decltype(type.value)>) return FileType::unknown;
  return static_cast<FileType>(index + 1);
}

Result<p3::DescriptorStat> to_new(const p2::DescriptorStat& stat, const Provider& from) {
  return p3::DescriptorStat {
    .type = p3::descriptor_type(static_cast<FileType>(stat.type)), .link_count = stat.link_count,
    .size = stat.size, .accessed = TRY(to_new(stat.accessed, from))
    , .modified = TRY(to_new(stat.modified, from))
    , .changed = TRY(to_new(stat.changed, from))
  };
}

Result<p2::DescriptorStat> to_old(const p3::DescriptorStat& stat, const Provider& from) {
  return p2::DescriptorStat {
    .type = p2::descriptor_type(core_type(stat.type)), .link_count = stat.link_count, .size = stat.size,
    .accessed = TRY(to_old(stat.accessed, from))
    , .modified = TRY(to_old(stat.modified, from))
    , .changed = TRY(to_old(stat.changed, from))
  };
}

p3::EntryRecord to_new(p2::EntryRecord entry) {
  return {p3::descriptor_type(static_cast<FileType>(entry.type)), std::move(entry.name)};
}

p2::EntryRecord to_old(p3::EntryRecord entry) {
  return {p2::descriptor_type(core_type(entry.type)), std::move(entry.name)};
}

FsResult<p2::NewTimestamp> to_old(const p3::NewTimestamp& time) {
  p2::NewTimestamp out;
  if (const auto* const when = std::get_if<2>(&time.value)) {
    if (when->nanoseconds >= kSecond) return std::unexpected(FsError::invalid);
    const auto old = p2::to_datetime(*when);
    if (!old) return std::unexpected(FsError::overflow);
    out.value.emplace<2>(*old);
  } else if (time.value.index() == 1) {
    out.value.emplace<1>();
  }
  return out;
}

FsResult<p3::NewTimestamp> to_new(const p2::NewTimestamp& time) {
  p3::NewTimestamp out;
  if (const auto* const when = std::get_if<2>(&time.value)) {
    if (when->nanoseconds >= kSecond) return std::unexpected(FsError::invalid);
    const auto wall = p2::to_wall_time(*when);
    if (!wall) return std::unexpected(FsError::overflow);
    out.value.emplace<2>(*wall);
  } else if (time.value.index() == 1) {
    out.value.emplace<1>();
  }
  return out;
}

p3::FileReply<> outcome_of(const StreamEnd& end) {
  const auto& failure = end.failure;
  const auto* const code = failure == nullptr ? nullptr : failure->as<FsError>();
  return p3::refuse(code == nullptr ? FsError::io : *code);
}

}  // namespace wisp::wasi::bridge
