#include "wasi/bridge/filesystem.hpp"

#include "component/link/component_function.hpp"
#include "wasi/bridge/file_types.hpp"
#include "wasi/bridge/files_over_0_2.hpp"
#include "wasi/bridge/files_over_0_3.hpp"
#include "wasi/bridge/provider_streams.hpp"

namespace wisp::wasi::bridge {

using component::Bridge;
using component::ImportedFunc;
using component::ProviderRef;
using component::ResourceTags;

namespace {

/// Folders of the host, which have a face of the caller's version: `twins`.
Bridge hosts_folders(std::string import_name, std::string export_name,
                     const std::shared_ptr<const component::Twins>& twins) {
  return adapt(std::move(import_name), std::move(export_name),
               {{.name = "get-directories", .stand_in = "get-directories"}}, twins);
}

/// Where a provider defines descriptors itself, `own` makes its folders; else they are the host's.
Bridge folders(std::string import_name, std::string export_name, std::string_view provided_files,
               Adapted::Make own, const std::shared_ptr<const component::Twins>& twins) {
  auto bridge =
      adapt(import_name, export_name, {{.name = "get-directories", .stand_in = {}, .make = std::move(own)}});
  bridge.bind = [owns = std::string(provided_files), own = std::move(bridge.bind),
                 hosts = hosts_folders(std::move(import_name), std::move(export_name), twins).bind](
                    const ProviderRef& from, const ImportedFunc& import, const ResourceTags& tags) {
    return component::defines_resource(*from.provider, owns, "descriptor") ? own(from, import, tags)
                                                                           : hosts(from, import, tags);
  };
  return bridge;
}

}  // namespace

std::vector<Bridge> filesystem(const std::shared_ptr<const component::Twins>& twins) {
  std::vector<Bridge> all{files_over_0_2(), files_over_0_3(),
                          folders("wasi:filesystem/preopens@0.3", "wasi:filesystem/preopens@0.2", kOldFiles,
                                  folders_over_0_2, twins),
                          folders("wasi:filesystem/preopens@0.2", "wasi:filesystem/preopens@0.3", kNewFiles,
                                  folders_over_0_3, twins)};
  for (auto& bridge : all)
    bridge.family = bridge.import_name.ends_with("0.3") ? "filesystem 0.3" : "filesystem 0.2";
  return all;
}

std::vector<component::KnownResource> known_files() {
  using component::known_resource;
  return {known_resource<OldDescriptor>(), known_resource<OldEntryStream>(), known_resource<NewDescriptor>()};
}

}  // namespace wisp::wasi::bridge
