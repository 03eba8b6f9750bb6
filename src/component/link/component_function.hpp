#pragma once

#include "component/link/linker.hpp"

namespace wisp::component {

/// A provider and its number among those of one link() call.
struct ProviderRef {
  std::shared_ptr<const Provider> provider;
  std::uint32_t index = 0;
};

/// The export of a plan at an import path (outer name, then the name inside the instance); outer names meet
/// by canonical name. Null if there is none.
[[nodiscard]] const ExportItem* find_item(const Plan& plan, const std::vector<std::string>& path);

/// Identity of a resource that a provider exports; null if the path is not a resource. Handles of a resource
/// that the provider defines itself are held by others as proxies.
[[nodiscard]] HostTypeTag provider_resource(const Provider& provider, const std::vector<std::string>& path);

/// The host function that calls a provider's export in a tree of its own (design.md §5, "A → B"). `tags` are
/// the importer's.
[[nodiscard]] Result<std::shared_ptr<const HostFunction>> bind_component_function(const ProviderRef& from,
                                                                                  const ImportedFunc& import,
                                                                                  const ResourceTags& tags);

}  // namespace wisp::component
