#include "wasi/p2/filesystem.hpp"

#include "wasi/filesystem/file_stream.hpp"
#include "wasi/p2/clocks.hpp"
#include "wasi/p2/faces.hpp"
#include "wasi/p2/resources.hpp"
#include "wasi/p2/wait.hpp"
#include "wasi/reply.hpp"

#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace wisp::wasi::p2 {

using component::Caller;

namespace {

// ---- the types of the interface, and how the core's become them

// The cases of FsError, in this order.
enum class ErrorCode : std::uint8_t {};
WISP_ENUM(ErrorCode, "access", "would-block", "already", "bad-descriptor", "busy", "deadlock", "quota",
          "exist", "file-too-large", "illegal-byte-sequence", "in-progress", "interrupted", "invalid", "io",
          "is-directory", "loop", "too-many-links", "message-size", "name-too-long", "no-device", "no-entry",
          "no-lock", "insufficient-memory", "insufficient-space", "not-directory", "not-empty",
          "not-recoverable", "unsupported", "no-tty", "no-such-device", "overflow", "not-permitted", "pipe",
          "read-only", "invalid-seek", "text-file-busy", "cross-device")

// The cases of FileType, in this order.
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
using Reply = std::expected<T, ErrorCode>;
template <class T = void>
using Outcome = Result<Reply<T>>;

Refusal<ErrorCode> refuse(FsError error) { return Refusal(static_cast<ErrorCode>(error)); }

DescriptorType descriptor_type(FileType type) { return static_cast<DescriptorType>(type); }

LastLink last_link(PathFlags flags) { return (flags.bits & 1) != 0 ? LastLink::follow : LastLink::keep; }

bool has(std::uint32_t bits, unsigned bit) { return (bits >> bit & 1) != 0; }

FileFlags file_flags(DescriptorFlags flags) {
  return {.read = has(flags.bits, 0),
          .write = has(flags.bits, 1),
          .file_integrity_sync = has(flags.bits, 2),
          .data_integrity_sync = has(flags.bits, 3),
          .requested_write_sync = has(flags.bits, 4),
          .mutate_directory = has(flags.bits, 5)};
}

DescriptorFlags descriptor_flags(const FileFlags& flags) {
  const bool all[] = {flags.read,
                      flags.write,
                      flags.file_integrity_sync,
                      flags.data_integrity_sync,
                      flags.requested_write_sync,
                      flags.mutate_directory};
  DescriptorFlags out;
  for (unsigned bit = 0; bit < 6; ++bit) out.bits |= all[bit] ? 1u << bit : 0;
  return out;
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

DescriptorStat descriptor_stat(const FileStatus& status) {
  return {descriptor_type(status.type), status.link_count,          status.size, to_datetime(status.accessed),
          to_datetime(status.modified), to_datetime(status.changed)};
}

MetadataHash metadata_hash(const FileIdentity& identity) { return {identity.lower, identity.upper}; }

// Makes the call where the context says, and turns its result into what the guest is told.
template <class F>
auto perform(Caller& caller, F call) {
  using T = typename std::invoke_result_t<F&>::value_type;
  if constexpr (std::is_void_v<T>) {
    return [&]() -> Outcome<> {
      const auto result = TRY(run_blocking(caller, std::move(call)));
      if (!result) return refuse(result.error());
      return Reply<>{};
    }();
  } else {
    return [&]() -> Outcome<T> {
      auto result = TRY(run_blocking(caller, std::move(call)));
      if (!result) return refuse(result.error());
      return Reply<T>(std::move(*result));
    }();
  }
}

// As perform(), with the value converted.
template <class F, class Convert>
auto perform(Caller& caller, F call, Convert convert) {
  using T = decltype(convert(*call()));
  return [&]() -> Outcome<T> {
    auto result = TRY(run_blocking(caller, std::move(call)));
    if (!result) return refuse(result.error());
    return Reply<T>(convert(std::move(*result)));
  }();
}

// ---- streams

Reply<std::unique_ptr<InputStream>> read_via_stream(Caller& caller, DescriptorHandle& self,
                                                    std::uint64_t offset) {
  if (self.share()->is_directory()) return refuse(FsError::is_directory);
  auto& context = caller.context<Context>();
  auto slot = context.file_streams().take();
  if (!slot) return refuse(FsError::quota);
  auto source = std::make_shared<FileSource>(context.blocking(), self.share(), offset);
  return std::make_unique<InputStream>(std::move(source), ChildToken(), std::move(*slot));
}

Reply<std::unique_ptr<OutputStream>> write_stream(Caller& caller, DescriptorHandle& self,
                                                  std::optional<std::uint64_t> offset) {
  if (self.share()->is_directory()) return refuse(FsError::bad_descriptor);
  if (auto writable = self.share()->check_writable(); !writable) return refuse(writable.error());
  auto& context = caller.context<Context>();
  auto slot = context.file_streams().take();
  if (!slot) return refuse(FsError::quota);
  auto sink = std::make_shared<FileSink>(context.blocking(), self.share(), offset);
  return std::make_unique<OutputStream>(std::move(sink), ChildToken(), std::move(*slot));
}

Outcome<std::unique_ptr<DirectoryEntryStream>> read_directory(Caller& caller, DescriptorHandle& self) {
  auto slot = caller.context<Context>().file_streams().take();
  if (!slot) return refuse(FsError::quota);
  auto fd = TRY(run_blocking(caller, [dir = self.share()] { return dir->reopen_directory(); }));
  if (!fd) return refuse(fd.error());
  return std::make_unique<DirectoryEntryStream>(std::make_shared<DirectoryReader>(std::move(*fd)),
                                                std::move(*slot));
}

Outcome<std::optional<EntryRecord>> read_directory_entry(Caller& caller, DirectoryEntryStream& self) {
  const auto next = [reader = self.share()] { return reader->next(); };
  auto entry = self.share()->buffered() ? next() : TRY(run_blocking(caller, next));
  if (!entry) return refuse(entry.error());
  if (!*entry) return Reply<std::optional<EntryRecord>>(std::nullopt);
  return EntryRecord{descriptor_type((*entry)->type), std::move((*entry)->name)};
}

// ---- files

Outcome<std::tuple<Bytes, bool>> read(Caller& caller, DescriptorHandle& self, std::uint64_t length,
                                      std::uint64_t offset) {
  return perform(
      caller, [file = self.share(), length, offset] { return file->read(length, offset); },
      [length](Bytes bytes) {
        const bool end = bytes.empty() && length > 0;
        return std::tuple(std::move(bytes), end);
      });
}

Outcome<std::uint64_t> write(Caller& caller, DescriptorHandle& self, ByteView bytes, std::uint64_t offset) {
  // Inline nothing is copied; for another thread at most a stream's permit is, and the rest is a short write.
  if (caller.context<Context>().blocking().pool == nullptr) {
    auto written = self.share()->write(bytes, offset);
    if (!written) return refuse(written.error());
    return *written;
  }
  const auto piece = bytes.first(std::min(bytes.size(), kFilePermit));
  return perform(caller, [file = self.share(), copy = Bytes(piece.begin(), piece.end()), offset] {
    return file->write(copy, offset);
  });
}

Outcome<> set_times(Caller& caller, DescriptorHandle& self, NewTimestamp accessed, NewTimestamp modified) {
  const auto atime = new_time(accessed);
  if (!atime) return refuse(atime.error());
  const auto mtime = new_time(modified);
  if (!mtime) return refuse(mtime.error());
  return perform(caller, [file = self.share(), a = *atime, m = *mtime] { return file->set_times(a, m); });
}

// ---- names

Outcome<std::unique_ptr<DescriptorHandle>> open_at(Caller& caller, DescriptorHandle& self,
                                                   PathFlags path_flags, std::string path, OpenFlags open,
                                                   DescriptorFlags flags) {
  auto slot = caller.context<Context>().descriptors().take();
  if (!slot) return refuse(FsError::quota);
  const OpenHow how{.create = has(open.bits, 0),
                    .directory = has(open.bits, 1),
                    .exclusive = has(open.bits, 2),
                    .truncate = has(open.bits, 3),
                    .flags = file_flags(flags),
                    .last = last_link(path_flags)};
  auto opened = TRY(run_blocking(
      caller, [dir = self.share(), path = std::move(path), how] { return dir->open_at(path, how); }));
  if (!opened) return refuse(opened.error());
  return std::make_unique<DescriptorHandle>(std::move(*opened), std::move(*slot));
}

Outcome<> set_times_at(Caller& caller, DescriptorHandle& self, PathFlags flags, std::string path,
                       NewTimestamp accessed, NewTimestamp modified) {
  const auto atime = new_time(accessed);
  if (!atime) return refuse(atime.error());
  const auto mtime = new_time(modified);
  if (!mtime) return refuse(mtime.error());
  return perform(caller, [dir = self.share(), path = std::move(path), last = last_link(flags), a = *atime,
                          m = *mtime] { return dir->set_times_at(path, last, a, m); });
}

Outcome<> link_at(Caller& caller, DescriptorHandle& self, PathFlags flags, std::string path,
                  DescriptorHandle& new_directory, std::string new_path) {
  if (last_link(flags) == LastLink::follow) return refuse(FsError::invalid);
  return perform(caller, [dir = self.share(), path = std::move(path), to = new_directory.share(),
                          new_path = std::move(new_path)] { return dir->link_at(path, *to, new_path); });
}

Outcome<> rename_at(Caller& caller, DescriptorHandle& self, std::string path, DescriptorHandle& new_directory,
                    std::string new_path) {
  return perform(caller, [dir = self.share(), path = std::move(path), to = new_directory.share(),
                          new_path = std::move(new_path)] { return dir->rename_at(path, *to, new_path); });
}

Result<std::vector<std::tuple<std::unique_ptr<DescriptorHandle>, std::string>>> get_directories(
    Caller& caller) {
  std::vector<std::tuple<std::unique_ptr<DescriptorHandle>, std::string>> directories;
  auto& context = caller.context<Context>();
  for (const auto& preopen : context.setup().preopens) {
    auto slot = context.descriptors().take();
    if (!slot) return fail(Errc::trap_limit, "more open descriptors than this guest may hold");
    directories.emplace_back(std::make_unique<DescriptorHandle>(preopen.directory, std::move(*slot)),
                             preopen.guest_path);
  }
  return directories;
}

void add_file_functions(component::HostInterface& types) {
  types.function("[method]descriptor.read-via-stream", read_via_stream)
      .function("[method]descriptor.write-via-stream",
                [](Caller& caller, DescriptorHandle& self, std::uint64_t offset) {
                  return write_stream(caller, self, offset);
                })
      .function(
          "[method]descriptor.append-via-stream",
          [](Caller& caller, DescriptorHandle& self) { return write_stream(caller, self, std::nullopt); })
      .function("[method]descriptor.advise",
                [](Caller& caller, DescriptorHandle& self, std::uint64_t offset, std::uint64_t length,
                   Advice advice) {
                  return perform(caller, [file = self.share(), offset, length, advice] {
                    return file->advise(offset, length, static_cast<FileAdvice>(advice));
                  });
                })
      .function("[method]descriptor.sync-data",
                [](Caller& caller, DescriptorHandle& self) {
                  return perform(caller, [file = self.share()] { return file->sync_data(); });
                })
      .function("[method]descriptor.sync",
                [](Caller& caller, DescriptorHandle& self) {
                  return perform(caller, [file = self.share()] { return file->sync(); });
                })
      .function("[method]descriptor.get-flags",
                [](Caller&, DescriptorHandle& self) -> Reply<DescriptorFlags> {
                  return descriptor_flags(self.share()->flags());
                })
      .function("[method]descriptor.get-type",
                [](Caller&, DescriptorHandle& self) -> Reply<DescriptorType> {
                  return descriptor_type(self.share()->type());
                })
      .function("[method]descriptor.set-size",
                [](Caller& caller, DescriptorHandle& self, std::uint64_t size) {
                  return perform(caller, [file = self.share(), size] { return file->set_size(size); });
                })
      .function("[method]descriptor.set-times", set_times)
      .function("[method]descriptor.read", read)
      .function("[method]descriptor.write", write)
      .function("[method]descriptor.stat",
                [](Caller& caller, DescriptorHandle& self) {
                  return perform(caller, [file = self.share()] { return file->status(); }, descriptor_stat);
                })
      .function("[method]descriptor.is-same-object",
                [](Caller&, DescriptorHandle& self, DescriptorHandle& other) {
                  return self.share()->same_object(*other.share());
                })
      .function("[method]descriptor.metadata-hash", [](Caller& caller, DescriptorHandle& self) {
        return perform(caller, [file = self.share()] { return file->identity(); }, metadata_hash);
      });
}

void add_directory_functions(component::HostInterface& types) {
  types.function("[method]descriptor.read-directory", read_directory)
      .function("[method]directory-entry-stream.read-directory-entry", read_directory_entry)
      .function("[method]descriptor.create-directory-at",
                [](Caller& caller, DescriptorHandle& self, std::string path) {
                  return perform(caller,
                                 [dir = self.share(), path] { return dir->create_directory_at(path); });
                })
      .function(
          "[method]descriptor.stat-at",
          [](Caller& caller, DescriptorHandle& self, PathFlags flags, std::string path) {
            return perform(
                caller,
                [dir = self.share(), path, last = last_link(flags)] { return dir->status_at(path, last); },
                descriptor_stat);
          })
      .function("[method]descriptor.set-times-at", set_times_at)
      .function("[method]descriptor.link-at", link_at)
      .function("[method]descriptor.open-at", open_at)
      .function("[method]descriptor.readlink-at",
                [](Caller& caller, DescriptorHandle& self, std::string path) {
                  return perform(caller, [dir = self.share(), path] { return dir->readlink_at(path); });
                })
      .function("[method]descriptor.remove-directory-at",
                [](Caller& caller, DescriptorHandle& self, std::string path) {
                  return perform(caller,
                                 [dir = self.share(), path] { return dir->remove_directory_at(path); });
                })
      .function("[method]descriptor.rename-at", rename_at)
      .function("[method]descriptor.symlink-at",
                [](Caller& caller, DescriptorHandle& self, std::string target, std::string path) {
                  return perform(
                      caller, [dir = self.share(), target, path] { return dir->symlink_at(target, path); });
                })
      .function("[method]descriptor.unlink-file-at",
                [](Caller& caller, DescriptorHandle& self, std::string path) {
                  return perform(caller, [dir = self.share(), path] { return dir->unlink_file_at(path); });
                })
      .function("[method]descriptor.metadata-hash-at", [](Caller& caller, DescriptorHandle& self,
                                                          PathFlags flags, std::string path) {
        return perform(
            caller,
            [dir = self.share(), path, last = last_link(flags)] { return dir->identity_at(path, last); },
            metadata_hash);
      });
}

}  // namespace

void add_filesystem(component::HostLinker& linker) {
  auto& types = linker.interface("wasi:filesystem/types@0.2.12");
  types.resource<DescriptorHandle>("descriptor")
      .resource<DirectoryEntryStream>("directory-entry-stream")
      .resource<InputStream>("input-stream")
      .resource<OutputStream>("output-stream")
      .resource<IoError>("error")
      .function("filesystem-error-code", [](Caller&, IoError& error) -> std::optional<ErrorCode> {
        const auto* code = error.failure().as<FsError>();
        if (code == nullptr) return std::nullopt;
        return static_cast<ErrorCode>(*code);
      });
  add_file_functions(types);
  add_directory_functions(types);
  linker.interface("wasi:filesystem/preopens@0.2.12")
      .resource<DescriptorHandle>("descriptor")
      .function("get-directories", get_directories);
}

}  // namespace wisp::wasi::p2
