#pragma once

#include "component/instance/host_resource.hpp"
#include "wasi/filesystem/descriptor.hpp"
#include "wasi/filesystem/directory_reader.hpp"
#include "wasi/system/quota.hpp"

#include <memory>
#include <utility>

namespace wisp::wasi::p2 {

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

/// wasi:filesystem/types.directory-entry-stream
class DirectoryEntryStream final : public component::HostResource {
 public:
  DirectoryEntryStream(std::shared_ptr<DirectoryReader> reader, Quota::Slot slot)
      : reader_(std::move(reader)), slot_(std::move(slot)) {}
  [[nodiscard]] const std::shared_ptr<DirectoryReader>& share() const noexcept { return reader_; }

 private:
  std::shared_ptr<DirectoryReader> reader_;
  Quota::Slot slot_;
};

}  // namespace wisp::wasi::p2
