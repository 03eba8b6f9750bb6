#pragma once

#include "component/link/linker.hpp"

namespace wisp::component {

/// The export of a plan at an import path (outer name, then the name inside the instance); outer names meet
/// by canonical name. Null if there is none.
[[nodiscard]] const ExportItem* find_item(const Plan& plan, const std::vector<std::string>& path);

/// Identity of a resource that a provider exports; null if the path is not a resource. Handles of a resource
/// that the provider defines itself are held by others as proxies.
[[nodiscard]] HostTypeTag provider_resource(const Provider& provider, const std::vector<std::string>& path);

/// The provider defines the resource `name` of its exported `interface` (canonical) itself.
[[nodiscard]] bool defines_resource(const Provider& provider, std::string_view interface,
                                    std::string_view name);

/// How an export stands for an import of another name.
struct StandIn {
  std::vector<std::string> path;  ///< of the export
  /// What the end of the command in the provider (Errc::guest_exit) is to its caller: its end too, or, for
  /// functions that return `result`, ok for status 0 and else err.
  enum class Exit : std::uint8_t { ends_caller, is_result };
  Exit exit = Exit::ends_caller;
  std::shared_ptr<const Twins> twins = nullptr;  ///< as in bind_component_function; null: none
};

/// As below, with another export, which may be of a sync type where the import is of an async one and the
/// reverse.
[[nodiscard]] Result<std::shared_ptr<const HostFunction>> bind_stand_in(const ProviderRef& from,
                                                                        const ImportedFunc& import,
                                                                        const ResourceTags& tags,
                                                                        const StandIn& stand_in);

/// The host function that calls a provider's export in a tree of its own (design.md §5, "A → B"). `tags` are
/// the importer's. Handles of the host's resources may be of `twins` on the two sides, but not those lent to
/// a call of an async type, nor those in streams and futures.
[[nodiscard]] Result<std::shared_ptr<const HostFunction>> bind_component_function(
    const ProviderRef& from, const ImportedFunc& import, const ResourceTags& tags,
    std::shared_ptr<const Twins> twins);

}  // namespace wisp::component
