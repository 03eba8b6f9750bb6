#pragma once

#include "component/instance/linked.hpp"
#include "component/link/component.hpp"
#include "component/link/host.hpp"

#include <memory>
#include <span>
#include <string>

namespace wisp::component {

/// Another component whose exports satisfy imports (`--with`). Each caller's tree has provider trees of its
/// own.
struct Provider {
  std::string name;                      ///< for messages: the file
  std::shared_ptr<const Linked> linked;  ///< itself linked
  std::uint32_t max_invocations = 1;     ///< calls before an instance without resources is replaced
};

/// Binds every import of a component: to the one provider that exports it, else to the host. All types are
/// checked here. Errc::import_missing, import_type, import_ambiguous, import_gated, unsupported_feature, each
/// naming the import and the candidates.
[[nodiscard]] Result<std::shared_ptr<const Linked>> link(
    std::shared_ptr<const Component> component, const HostLinker& host,
    std::span<const std::shared_ptr<const Provider>> providers = {});

/// A function the linked component exports: `name`, or `interface` and `name` where any version with the same
/// canonical name meets it. Null if there is none, or it is not lifted by the component itself.
[[nodiscard]] const Lift* find_export(const Linked& linked, std::string_view name);
[[nodiscard]] const Lift* find_export(const Linked& linked, std::string_view interface,
                                      std::string_view name);

}  // namespace wisp::component
