#include "component/link/linker.hpp"

#include "component/link/component_function.hpp"
#include "component/link/provider_object.hpp"
#include "component/types/names.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace wisp::component {

namespace {

/// The import's name as people write it: "wasi:io/poll@0.2.0, function poll".
std::string spell(const std::vector<std::string>& path, std::string_view what) {
  if (path.size() == 1) return fmt::format("{} {}", what, path[0]);
  return fmt::format("{}, {} {}", path[0], what, fmt::join(std::span(path).subspan(1), "/"));
}

class Linking final : private ResourceTags {
 public:
  Linking(const Plan& plan, const HostLinker& host,
          std::span<const std::shared_ptr<const Provider>> providers, const Bridges& bridges)
      : plan_(plan),
        host_(host),
        providers_(providers),
        bridges_(bridges.interfaces),
        known_(bridges.known),
        twins_(bridges.twins) {}

  Result<> run(Linked& linked) {
    linked_ = &linked;
    if (!plan_.unsupported.empty())
      return std::unexpected(Error(Errc::unsupported_feature,
                                   fmt::format("the component uses {}, which this release does not run",
                                               fmt::join(plan_.unsupported, ", "))));
    if (!plan_.imported_modules.empty())
      return fail(Errc::import_missing, "the component imports core module {}, which nothing here provides",
                  plan_.imported_modules[0].path[0]);
    TRY(bind_resources());
    for (const auto& func : plan_.imported_funcs) linked.functions.push_back(TRY(bind(func)));
    return bind_trampolines(linked);
  }

 private:
  HostTypeTag tag(ResourceId resource) const override { return linked_->resources[resource.value].tag; }

  /// The one provider that exports the import's outer name; null if none does.
  Result<ProviderRef> provider(const std::vector<std::string>& path, std::string_view what) const {
    return provider(path, path, what);
  }

  /// The one that has `wanted`, for an import.
  Result<ProviderRef> provider(const std::vector<std::string>& wanted, const std::vector<std::string>& path,
                               std::string_view what) const {
    ProviderRef found;
    for (std::uint32_t index = 0; index < providers_.size(); ++index) {
      const auto& candidate = providers_[index];
      if (find_item(*candidate->linked->plan, wanted) == nullptr) continue;
      if (found.provider != nullptr)
        return std::unexpected(
            Error(Errc::import_ambiguous,
                  fmt::format("{} is exported by several components", spell(path, what)))
                .with("candidates", fmt::format("{}, {}", found.provider->name, candidate->name))
                .with("try", "leave one of them out"));
      found = {.provider = candidate, .index = index};
    }
    return found;
  }

  Result<> bind_resources() {
    auto& bindings = linked_->resources;
    for (std::uint32_t i = 0; i < plan_.resources.size(); ++i)
      bindings.push_back({.kind = ResourceBinding::Kind::own, .canonical = i, .tag = nullptr});
    for (const auto& known : known_) {
      const ExportItem* const item = find_item(plan_, {known.interface, known.name});
      const auto* const resource = item != nullptr ? std::get_if<ResourceId>(&item->item) : nullptr;
      if (resource != nullptr && !plan_.resources[resource->value].imported)
        bindings[resource->value].tag = known.tag;
    }
    for (const auto& import : plan_.imported_resources) {
      auto& binding = bindings[import.id.value];
      binding.kind = ResourceBinding::Kind::host;
      if (const auto from = TRY(provider(import.path, "resource")); from.provider != nullptr) {
        binding.tag = provider_resource(*from.provider, import.path);
        if (binding.tag == nullptr) return wrong_kind(import.path, "resource", from.provider->name);
      } else if (const HostTypeTag own = TRY(bridged_resource(import.path)); own != nullptr) {
        binding.tag = own;
      } else {
        const HostInterface* interface = import.path.size() == 2 ? host_.find(import.path[0]) : nullptr;
        const HostResourceType* type = interface ? interface->find_resource(import.path[1]) : nullptr;
        if (type == nullptr) return missing(import.path, "resource", interface);
        binding.tag = type->tag;
      }
      // Imports bound to one class are one type.
      for (std::uint32_t i = 0; i < import.id.value; ++i) {
        if (bindings[i].tag == binding.tag) {
          binding.canonical = bindings[i].canonical;
          break;
        }
      }
    }
    return {};
  }

  struct Bridged {
    const Bridge* bridge = nullptr;  // null: there is none
    ProviderRef from;
  };

  /// The bridge for an import that nobody exports, and whom it leads to.
  Result<Bridged> bridged(const std::vector<std::string>& path, std::string_view what) const {
    const auto name = canonical_name(path[0]);
    for (const auto& bridge : bridges_) {
      if (bridge.import_name != name) continue;
      auto from = TRY(provider({bridge.export_name}, path, what));
      if (from.provider == nullptr || !defines(*from.provider, bridge)) continue;
      // The exact imports come first, then one use of the providers for each family.
      const auto first = std::ranges::find_if(bridges_, [&](const Bridge& other) {
        return &other == &bridge || (!bridge.family.empty() && other.family == bridge.family);
      });
      const auto number = static_cast<std::uint32_t>(first - bridges_.begin());
      from.index += (number + 1) * static_cast<std::uint32_t>(providers_.size());
      return Bridged{.bridge = &bridge, .from = std::move(from)};
    }
    return Bridged{};
  }

  static bool defines(const Provider& provider, const Bridge& bridge) {
    return bridge.defines.empty() || defines_resource(provider, bridge.export_name, bridge.defines);
  }

  /// The class of a bridge for an imported resource; null if there is none.
  Result<HostTypeTag> bridged_resource(const std::vector<std::string>& path) const {
    if (path.size() != 2) return nullptr;
    const auto over = TRY(bridged(path, "resource"));
    if (over.bridge == nullptr) return nullptr;
    const auto& own = over.bridge->resources;
    const auto found = std::ranges::find(own, path[1], &std::pair<std::string, HostTypeTag>::first);
    return found == own.end() ? nullptr : found->second;
  }

  Result<std::shared_ptr<const HostFunction>> bind(const ImportedFunc& import) {
    if (const auto from = TRY(provider(import.path, "function")); from.provider != nullptr)
      return bind_component_function(from, import, *this, twins_);
    if (const auto over = TRY(bridged(import.path, "function")); over.bridge != nullptr)
      return over.bridge->bind(over.from, import, *this);
    const HostInterface* interface = import.path.size() == 2 ? host_.find(import.path[0]) : nullptr;
    const HostFunction* function = interface ? interface->find_function(import.path[1]) : nullptr;
    if (function == nullptr) return missing(import.path, "function", interface);
    if (!function->matches(*import.type, *this))
      return std::unexpected(
          Error(Errc::import_type, fmt::format("{} has another type here than the component expects",
                                               spell(import.path, "function")))
              .with("expected", component::describe(*import.type))
              .with("provided", function->describe()));
    // The linker outlives what it linked; the function is not owned here.
    return std::shared_ptr<const HostFunction>(std::shared_ptr<const void>(), function);
  }

  Unexpected wrong_kind(const std::vector<std::string>& path, std::string_view what,
                        std::string_view by) const {
    return std::unexpected(Error(
        Errc::import_type, fmt::format("{} is exported by {} as something else", spell(path, what), by)));
  }

  Unexpected missing(const std::vector<std::string>& path, std::string_view what,
                     const HostInterface* interface) const {
    if (interface != nullptr && path.size() == 2) {
      if (const auto* flag = interface->find_gate(path[1]))
        return std::unexpected(
            Error(Errc::import_gated,
                  fmt::format("the component imports {}, which is off by default", spell(path, what)))
                .with("try", fmt::format("turn it on with {}", *flag)));
    }
    std::vector<std::string> packages;
    for (const auto& name : host_.names()) {
      auto package = name.substr(0, name.find('/'));
      if (packages.empty() || packages.back() != package) packages.push_back(std::move(package));
    }
    Error error(Errc::import_missing, fmt::format("the component imports {}, which nothing here provides",
                                                  path.size() == 1 ? path[0] : fmt::format("{}", path[0])));
    error.add("needed by", spell(path, what));
    if (const auto other = other_version(path[0]); !other.empty()) error.add("not it", other);
    error.add("provided", packages.empty() ? "nothing" : fmt::format("{}", fmt::join(packages, ", ")));
    error.add("try", "name a component that exports it with --with FILE");
    return std::unexpected(std::move(error));
  }

  /// A provider's export that differs from `name` in its version alone.
  std::string other_version(std::string_view name) const {
    const auto wanted = parse_interface_name(name);
    if (!wanted) return {};
    for (const auto& provider : providers_) {
      for (const auto& [exported, item] : provider->linked->plan->exported.exports) {
        const auto parts = parse_interface_name(exported);
        if (parts && parts->package == wanted->package && parts->interface == wanted->interface)
          return fmt::format("{} exports {}, another version", provider->name, exported);
      }
    }
    return {};
  }

  const Plan& plan_;
  const HostLinker& host_;
  std::span<const std::shared_ptr<const Provider>> providers_;
  std::span<const Bridge> bridges_;
  std::span<const KnownResource> known_;
  std::shared_ptr<const Twins> twins_;
  Linked* linked_ = nullptr;
};

}  // namespace

Result<std::shared_ptr<const Linked>> link(std::shared_ptr<const Component> component, const HostLinker& host,
                                           std::span<const std::shared_ptr<const Provider>> providers,
                                           const Bridges& bridges) {
  if (!component->plan()) return std::unexpected(component->plan().error());
  auto linked = std::make_shared<Linked>();
  linked->plan = &*component->plan();
  linked->modules = component->modules();
  TRY(Linking(*linked->plan, host, providers, bridges).run(*linked));
  linked->passage = &provider_object_passage();
  linked->owner = std::move(component);
  return linked;
}

const Lift* find_export(const Linked& linked, std::string_view name) {
  const auto* item = linked.plan->exported.find(name);
  const auto* func = item ? std::get_if<FuncRef>(&item->item) : nullptr;
  if (func == nullptr || func->from != FuncRef::From::lift) return nullptr;
  return &linked.plan->lifts[func->index];
}

const Lift* find_export(const Linked& linked, std::string_view interface, std::string_view name) {
  const std::string wanted = canonical_name(interface);
  for (const auto& [exported, item] : linked.plan->exported.exports) {
    if (canonical_name(exported) != wanted) continue;
    const auto* instance = std::get_if<std::shared_ptr<const ExportedInstance>>(&item.item);
    const auto* inner = instance ? (*instance)->find(name) : nullptr;
    const auto* func = inner ? std::get_if<FuncRef>(&inner->item) : nullptr;
    if (func != nullptr && func->from == FuncRef::From::lift) return &linked.plan->lifts[func->index];
  }
  return nullptr;
}

}  // namespace wisp::component
