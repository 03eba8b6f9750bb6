#pragma once

#include "component/types/names.hpp"
#include "component/types/wit_printer.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>

namespace wisp::component {

/// One list of names in WIT: an interface or the world. Views into the descriptions printed.
struct WitScope {
  using Item = std::pair<std::string_view, const ExternDesc*>;

  std::string_view name;               ///< "wasi:io/streams@0.2.6", "label" of an inline interface, "root"
  std::optional<InterfaceName> parts;  ///< of an interface with a name of its own
  std::vector<Item> items;
  std::set<std::string_view> known;                     ///< names of `items`
  std::map<const Type*, std::string_view> types;        ///< how value types are called here
  std::map<std::uint32_t, std::string_view> resources;  ///< … and resources
};

/// All scopes of a component's imports and exports, and which of them defines a type.
class WitScopes {
 public:
  WitScopes(const Externs& imports, const Externs& exports);

  [[nodiscard]] const WitScope& world() const { return world_; }
  /// The interfaces with names of their own, in order of appearance.
  [[nodiscard]] const std::vector<std::unique_ptr<WitScope>>& interfaces() const { return named_; }
  /// The scope of an inline interface.
  [[nodiscard]] const WitScope& inline_scope(const InstanceDesc& instance) const;

  /// A type as another scope defines it.
  struct Origin {
    const WitScope* scope;
    std::string_view name;
  };
  /// The first scope that exports the resource.
  [[nodiscard]] Origin origin(ResourceId resource) const;
  /// The first scope that exports the type under this name.
  [[nodiscard]] Origin origin(const Type* type, std::string_view name) const;

 private:
  void collect(const std::pair<std::string, ExternDesc>& item);
  void collect_instance(WitScope& scope, const InstanceDesc& instance);
  void declare(WitScope& scope, std::string_view name, const ExternDesc& desc);
  WitScope& named(std::string_view name, const InterfaceName& parts);

  WitScope world_{.name = "root"};
  std::vector<std::unique_ptr<WitScope>> named_;
  std::map<std::string_view, WitScope*> by_name_;
  std::map<const InstanceDesc*, std::unique_ptr<WitScope>> inline_;
  std::map<std::uint32_t, Origin> resource_origins_;
  std::map<std::pair<const Type*, std::string_view>, const WitScope*> type_origins_;
};

/// The interface an import or export of an instance means: its name, or the one it `implements`; none if
/// inline.
[[nodiscard]] std::optional<std::string_view> interface_of(std::string_view name, const ExternDesc& desc);

}  // namespace wisp::component
