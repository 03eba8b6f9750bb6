#include "component/link/channels.hpp"
#include "wasi/context.hpp"
#include "wasi/p3/directory_flow.hpp"
#include "wasi/p3/faces.hpp"
#include "wasi/p3/file_call.hpp"
#include "wasi/p3/file_flow.hpp"
#include "wasi/p3/filesystem_types.hpp"

#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace wisp::wasi::p3 {

using component::Caller;
using component::Eventually;

namespace {

Eventually<FileReply<>> set_times(Caller& caller, DescriptorHandle& self, NewTimestamp accessed,
                                  NewTimestamp modified) {
  return perform(caller, [file = self.share(), a = new_time(accessed), m = new_time(modified)] {
    return file->set_times(a, m);
  });
}

Eventually<FileReply<>> set_times_at(Caller& caller, DescriptorHandle& self, PathFlags flags,
                                     std::string path, NewTimestamp accessed, NewTimestamp modified) {
  return perform(caller,
                 [dir = self.share(), path = std::move(path), last = last_link(flags), a = new_time(accessed),
                  m = new_time(modified)] { return dir->set_times_at(path, last, a, m); });
}

Eventually<FileReply<std::unique_ptr<DescriptorHandle>>> open_at(Caller& caller, DescriptorHandle& self,
                                                                 PathFlags path_flags, std::string path,
                                                                 OpenFlags open, DescriptorFlags flags) {
  using Reply = FileReply<std::unique_ptr<DescriptorHandle>>;
  auto slot = caller.context<Context>().descriptors().take();
  if (!slot) return Result<Reply>(Reply(refuse(FsError::quota)));
  return perform(
      caller,
      [dir = self.share(), path = std::move(path), how = open_how(path_flags, open, flags)] {
        return dir->open_at(path, how);
      },
      [slot = std::move(*slot)](std::shared_ptr<Descriptor> opened) mutable {
        return std::make_unique<DescriptorHandle>(std::move(opened), std::move(slot));
      });
}

Eventually<FileReply<>> link_at(Caller& caller, DescriptorHandle& self, PathFlags flags, std::string path,
                                DescriptorHandle& new_directory, std::string new_path) {
  if (last_link(flags) == LastLink::follow) return Result<FileReply<>>(FileReply<>(refuse(FsError::invalid)));
  return perform(caller, [dir = self.share(), path = std::move(path), to = new_directory.share(),
                          new_path = std::move(new_path)] { return dir->link_at(path, *to, new_path); });
}

Eventually<FileReply<>> rename_at(Caller& caller, DescriptorHandle& self, std::string path,
                                  DescriptorHandle& new_directory, std::string new_path) {
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
  types
      .function("[method]descriptor.read-via-stream",
                [](Caller& caller, DescriptorHandle& self, std::uint64_t offset) {
                  return read_file(caller, self.share(), offset);
                })
      .function(
          "[method]descriptor.write-via-stream",
          [](Caller& caller, DescriptorHandle& self, component::Stream<std::uint8_t> data,
             std::uint64_t offset) { return write_file(caller, self.share(), std::move(data), offset); })
      .function("[method]descriptor.append-via-stream",
                [](Caller& caller, DescriptorHandle& self, component::Stream<std::uint8_t> data) {
                  return write_file(caller, self.share(), std::move(data), std::nullopt);
                })
      .async_function("[method]descriptor.advise",
                      [](Caller& caller, DescriptorHandle& self, std::uint64_t offset, std::uint64_t length,
                         Advice advice) {
                        return perform(caller, [file = self.share(), offset, length, advice] {
                          return file->advise(offset, length, static_cast<FileAdvice>(advice));
                        });
                      })
      .async_function("[method]descriptor.sync-data",
                      [](Caller& caller, DescriptorHandle& self) {
                        return perform(caller, [file = self.share()] { return file->sync_data(); });
                      })
      .async_function("[method]descriptor.sync",
                      [](Caller& caller, DescriptorHandle& self) {
                        return perform(caller, [file = self.share()] { return file->sync(); });
                      })
      .async_function("[method]descriptor.get-flags",
                      [](Caller&, DescriptorHandle& self) -> Result<FileReply<DescriptorFlags>> {
                        return descriptor_flags(self.share()->flags());
                      })
      .async_function("[method]descriptor.get-type",
                      [](Caller&, DescriptorHandle& self) -> Result<FileReply<DescriptorType>> {
                        return descriptor_type(self.share()->type());
                      })
      .async_function("[method]descriptor.set-size",
                      [](Caller& caller, DescriptorHandle& self, std::uint64_t size) {
                        return perform(caller, [file = self.share(), size] { return file->set_size(size); });
                      })
      .async_function("[method]descriptor.set-times", set_times)
      .async_function("[method]descriptor.stat",
                      [](Caller& caller, DescriptorHandle& self) {
                        return perform(
                            caller, [file = self.share()] { return file->status(); }, descriptor_stat);
                      })
      .async_function("[method]descriptor.is-same-object",
                      [](Caller&, DescriptorHandle& self, DescriptorHandle& other) -> Result<bool> {
                        return self.share()->same_object(*other.share());
                      })
      .async_function("[method]descriptor.metadata-hash", [](Caller& caller, DescriptorHandle& self) {
        return perform(caller, [file = self.share()] { return file->identity(); }, metadata_hash);
      });
}

void add_directory_functions(component::HostInterface& types) {
  types
      .function("[method]descriptor.read-directory",
                [](Caller& caller, DescriptorHandle& self) { return read_directory(caller, self.share()); })
      .async_function("[method]descriptor.create-directory-at",
                      [](Caller& caller, DescriptorHandle& self, std::string path) {
                        return perform(caller, [dir = self.share(), path = std::move(path)] {
                          return dir->create_directory_at(path);
                        });
                      })
      .async_function("[method]descriptor.stat-at",
                      [](Caller& caller, DescriptorHandle& self, PathFlags flags, std::string path) {
                        return perform(
                            caller,
                            [dir = self.share(), path = std::move(path), last = last_link(flags)] {
                              return dir->status_at(path, last);
                            },
                            descriptor_stat);
                      })
      .async_function("[method]descriptor.set-times-at", set_times_at)
      .async_function("[method]descriptor.link-at", link_at)
      .async_function("[method]descriptor.open-at", open_at)
      .async_function("[method]descriptor.readlink-at",
                      [](Caller& caller, DescriptorHandle& self, std::string path) {
                        return perform(caller, [dir = self.share(), path = std::move(path)] {
                          return dir->readlink_at(path);
                        });
                      })
      .async_function("[method]descriptor.remove-directory-at",
                      [](Caller& caller, DescriptorHandle& self, std::string path) {
                        return perform(caller, [dir = self.share(), path = std::move(path)] {
                          return dir->remove_directory_at(path);
                        });
                      })
      .async_function("[method]descriptor.rename-at", rename_at)
      .async_function("[method]descriptor.symlink-at",
                      [](Caller& caller, DescriptorHandle& self, std::string target, std::string path) {
                        return perform(
                            caller, [dir = self.share(), target = std::move(target), path = std::move(path)] {
                              return dir->symlink_at(target, path);
                            });
                      })
      .async_function("[method]descriptor.unlink-file-at",
                      [](Caller& caller, DescriptorHandle& self, std::string path) {
                        return perform(caller, [dir = self.share(), path = std::move(path)] {
                          return dir->unlink_file_at(path);
                        });
                      })
      .async_function("[method]descriptor.metadata-hash-at",
                      [](Caller& caller, DescriptorHandle& self, PathFlags flags, std::string path) {
                        return perform(
                            caller,
                            [dir = self.share(), path = std::move(path), last = last_link(flags)] {
                              return dir->identity_at(path, last);
                            },
                            metadata_hash);
                      });
}

}  // namespace

void add_filesystem(component::HostLinker& linker) {
  auto& types = linker.interface("wasi:filesystem/types@0.3.2");
  types.resource<DescriptorHandle>("descriptor");
  add_file_functions(types);
  add_directory_functions(types);
  linker.interface("wasi:filesystem/preopens@0.3.2")
      .resource<DescriptorHandle>("descriptor")
      .function("get-directories", get_directories);
}

}  // namespace wisp::wasi::p3
