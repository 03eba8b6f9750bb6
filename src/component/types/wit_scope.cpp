#include "component/types/wit_scope.hpp"

namespace wisp::component {

std::optional<std::string_view> interface_of(std::string_view name, const ExternDesc& desc) {
  if (parse_interface_name(name)) return name;
  if (parse_interface_name(desc.implements)) return desc.implements;
  return {};
}

WitScopes::WitScopes(const Externs& imports, const Externs& exports) {
  for (const auto& item : imports) collect(item);
  for (const auto& item : exports) collect(item);
}

void WitScopes::collect(const std::pair<std::string, ExternDesc>& item) {
  const auto& [name, desc] = item;
  const auto* instance = std::get_if<std::shared_ptr<const InstanceDesc>>(&desc.item);
  if (instance == nullptr) return declare(world_, name, desc);
  if (const auto interface = interface_of(name, desc))
    return collect_instance(named(*interface, *parse_interface_name(*interface)), **instance);
  declare(world_, name, desc);
}

void WitScopes::collect_instance(WitScope& scope, const InstanceDesc& instance) {
  for (const auto& [name, desc] : instance.exports) declare(scope, name, desc);
}

void WitScopes::declare(WitScope& scope, std::string_view name, const ExternDesc& desc) {
  if (const auto* type = std::get_if<ValueTypeDesc>(&desc.item)) {
    scope.types.emplace(type->type, name);
    type_origins_.emplace(std::pair(type->type, name), &scope);
  } else if (const auto* resource = std::get_if<ResourceDesc>(&desc.item)) {
    scope.resources.emplace(resource->id.value, name);
    resource_origins_.emplace(resource->id.value, Origin{&scope, name});
  } else if (const auto* inner = std::get_if<std::shared_ptr<const InstanceDesc>>(&desc.item)) {
    auto& slot = inline_[inner->get()];
    if (slot == nullptr) {
      slot = std::make_unique<WitScope>(WitScope{.name = name});
      collect_instance(*slot, **inner);
    }
  }
  // Imported and exported, or implemented twice: one interface with all that is said of it.
  if (scope.known.insert(name).second || &scope == &world_) scope.items.emplace_back(name, &desc);
}

WitScope& WitScopes::named(std::string_view name, const InterfaceName& parts) {
  auto& slot = by_name_[name];
  if (slot == nullptr) {
    named_.push_back(std::make_unique<WitScope>(WitScope{.name = name, .parts = parts}));
    slot = named_.back().get();
  }
  return *slot;
}

const WitScope& WitScopes::inline_scope(const InstanceDesc& instance) const { return *inline_.at(&instance); }

WitScopes::Origin WitScopes::origin(ResourceId resource) const {
  const auto found = resource_origins_.find(resource.value);
  return found == resource_origins_.end() ? Origin{nullptr, {}} : found->second;
}

WitScopes::Origin WitScopes::origin(const Type* type, std::string_view name) const {
  const auto found = type_origins_.find({type, name});
  return found == type_origins_.end() ? Origin{nullptr, {}} : Origin{found->second, name};
}

}  // namespace wisp::component
