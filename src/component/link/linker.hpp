#pragma once

#include "component/instance/linked.hpp"
#include "component/link/component.hpp"
#include "component/link/host.hpp"
#include "component/link/twins.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace wisp::component {

/// Another component whose exports satisfy imports (`--with`). Each caller's tree has provider trees of its
/// own.
struct Provider {
  std::string name;                      ///< for messages: the file
  std::shared_ptr<const Linked> linked;  ///< itself linked
  std::uint32_t max_invocations = 1;     ///< calls before an instance without resources is replaced
  /// Told about crashes that callers survive, with the file and the export; by any thread that runs it. May
  /// be empty.
  std::function<void(const Error&)> on_crash = nullptr;
};

/// A provider and the number under which it, or a use of it, has its Tree::attachment in callers.
struct ProviderRef {
  std::shared_ptr<const Provider> provider;
  std::uint32_t index = 0;
};

/// A resource type of an interface that host code knows by a C++ type.
struct KnownResource {
  std::string interface;  ///< canonical
  std::string name;
  HostTypeTag tag = nullptr;
};

/// A way to meet imports of one interface by exports of another one, such as its next version, where nobody
/// exports the interface itself.
struct Bridge {
  std::string import_name;  ///< canonical: "wasi:http/handler@0.3"
  std::string export_name;  ///< canonical
  /// Only for providers that define this resource of the exported interface themselves; empty: for all.
  std::string defines = {};
  /// Resource types of the imported interface that are of the bridge's own classes (HostResource), by name;
  /// the others are the host's.
  std::vector<std::pair<std::string, HostTypeTag>> resources = {};
  /// Bridges of one family share the provider's instances; empty: each has its own.
  std::string family = {};
  /// The function behind an import of that interface. Its attachment is its own: exact imports from the same
  /// provider have another.
  std::function<Result<std::shared_ptr<const HostFunction>>(
      const ProviderRef& from, const ImportedFunc& import, const ResourceTags& tags)>
      bind;
};

/// What lets components of different versions of the host's interfaces use each other.
struct Bridges {
  std::vector<Bridge> interfaces;
  /// Resources that providers may define themselves and bridges hold handles of (wit_provider.hpp): a
  /// component that exports one has the tag in its ResourceBinding.
  std::vector<KnownResource> known = {};
  std::shared_ptr<const Twins> twins = std::make_shared<Twins>();
};

/// Binds every import of a component: to the one provider that exports it, else over a bridge to the one that
/// exports what the bridge needs, else to the host. All types are checked here. Errc::import_missing,
/// import_type, import_ambiguous, import_gated, unsupported_feature, each naming the import and the
/// candidates.
[[nodiscard]] Result<std::shared_ptr<const Linked>> link(
    std::shared_ptr<const Component> component, const HostLinker& host,
    std::span<const std::shared_ptr<const Provider>> providers = {}, const Bridges& bridges = {});

/// A function the linked component exports: `name`, or `interface` and `name` where any version with the same
/// canonical name meets it. Null if there is none, or it is not lifted by the component itself.
[[nodiscard]] const Lift* find_export(const Linked& linked, std::string_view name);
[[nodiscard]] const Lift* find_export(const Linked& linked, std::string_view interface,
                                      std::string_view name);

}  // namespace wisp::component
