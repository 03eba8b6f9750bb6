#include "wasi/p2/filesystem.hpp"

#include "wasi/filesystem/file_stream.hpp"
#include "wasi/p2/faces.hpp"
#include "wasi/p2/filesystem_types.hpp"
#include "wasi/p2/resources.hpp"
#include "wasi/p2/wait.hpp"

#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace wisp::wasi::p2 {

using component::Caller;

namespace {

template <class T = void>
using Outcome = Result<FileReply<T>>;

// Makes the call where the context says, and turns its result into what the guest is told.
template <class F>
auto perform(Caller& caller, F call) {
  using T = typename std::invoke_result_t<F&>::value_type;
  if constexpr (std::is_void_v<T>) {
    return [&]() -> Outcome<> {
      const auto result = TRY(run_blocking(caller, std::move(call)));
      if (!result) return refuse(result.error());
      return FileReply<>{};
    }();
  } else {
    return [&]() -> Outcome<T> {
      auto result = TRY(run_blocking(caller, std::move(call)));
      if (!result) return refuse(result.error());
      return FileReply<T>(std::move(*result));
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
    return FileReply<T>(convert(std::move(*result)));
  }();
}

// ---- streams

FileReply<std::unique_ptr<InputStream>> read_via_stream(Caller& caller, DescriptorHandle& self,
                                                        std::uint64_t offset) {
  if (self.share()->is_directory()) return refuse(FsError::is_directory);
  auto& context = caller.context<Context>();
  auto slot = context.file_streams().take();
  if (!slot) return refuse(FsError::quota);
  auto source = std::make_shared<FileSource>(context.blocking(), self.share(), offset);
  return std::make_unique<InputStream>(std::move(source), ChildToken(), std::move(*slot));
}

FileReply<std::unique_ptr<OutputStream>> write_stream(Caller& caller, DescriptorHandle& self,
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
  if (!*entry) return FileReply<std::optional<EntryRecord>>(std::nullopt);
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
  const auto how = open_how(path_flags, open, flags);
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
                [](Caller&, DescriptorHandle& self) -> FileReply<DescriptorFlags> {
                  return descriptor_flags(self.share()->flags());
                })
      .function("[method]descriptor.get-type",
                [](Caller&, DescriptorHandle& self) -> FileReply<DescriptorType> {
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
      .function("filesystem-error-code", [](Caller&, IoError& error) -> std::optional<FileErrorCode> {
        const auto* code = error.failure().as<FsError>();
        if (code == nullptr) return std::nullopt;
        return static_cast<FileErrorCode>(*code);
      });
  add_file_functions(types);
  add_directory_functions(types);
  linker.interface("wasi:filesystem/preopens@0.2.12")
      .resource<DescriptorHandle>("descriptor")
      .function("get-directories", get_directories);
}

}  // namespace wisp::wasi::p2
