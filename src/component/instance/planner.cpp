#include "component/instance/planner.hpp"

#include "component/instance/planner_scope.hpp"

#include <algorithm>

namespace wisp::component {

Result<Plan> plan(const ast::Component& root, const PlanLimits& limits) {
  return planning::Planner(limits).run(root);
}

namespace planning {

using ast::Sort;

Unexpected contradiction(std::string_view what) {
  return fail(Errc::malformed, "the component contradicts itself: {} out of range or of another sort", what);
}

const NamedItem* InstanceItem::find(std::string_view name) const {
  const auto found = std::ranges::find(exports, name, &NamedItem::name);
  return found == exports.end() ? nullptr : &*found;
}

Planner::Planner(const PlanLimits& limits) : limits_(limits) { plan_.types = std::make_shared<TypeArena>(); }

Result<> Planner::count(std::size_t items) {
  items_ += items;
  if (items_ > limits_.max_items)
    return fail(Errc::component_too_large, "instantiation needs more than {} definitions", limits_.max_items);
  return {};
}

Result<Plan> Planner::run(const ast::Component& root) {
  const auto exports = TRY(instantiate({.syntax = &root, .closure = nullptr}, nullptr, std::nullopt, 0));
  for (const auto& named : exports->exports) {
    plan_.exports.emplace_back(std::string(named.name), describe(named));
    plan_.exported.exports.emplace_back(std::string(named.name), exported(named.item));
  }
  return std::move(plan_);
}

Result<std::shared_ptr<InstanceItem>> Planner::instantiate(const ComponentItem& component,
                                                           const Arguments* arguments,
                                                           std::optional<std::uint32_t> parent,
                                                           std::uint32_t depth) {
  if (component.syntax == nullptr)
    return fail(Errc::unsupported_feature, "the component instantiates a component that it imports");
  if (depth > limits_.max_depth)
    return fail(Errc::component_too_large, "components are instantiated deeper than {} levels",
                limits_.max_depth);
  if (plan_.instances.size() >= limits_.max_instances)
    return fail(Errc::component_too_large, "more than {} component instances", limits_.max_instances);
  plan_.instances.push_back({.parent = parent, .name = component.syntax->name});
  Scope& scope = scopes_.emplace_back();
  scope.parent = component.closure;
  scope.instance = static_cast<std::uint32_t>(plan_.instances.size() - 1);
  auto out = std::make_shared<InstanceItem>();
  for (const auto& definition : component.syntax->definitions) {
    TRY(count(1));
    TRY(define(scope, definition, arguments, *out, depth));
  }
  return out;
}

Result<> Planner::define(Scope& scope, const ast::Definition& definition, const Arguments* arguments,
                         InstanceItem& out, std::uint32_t depth) {
  if (const auto* module = std::get_if<ast::CoreModule>(&definition)) {
    const auto [entry, added] =
        module_index_.try_emplace(module, static_cast<std::uint32_t>(plan_.modules.size()));
    if (added) plan_.modules.push_back(module);
    scope.core_modules.push_back(
        {.ref = {.from = ModuleRef::From::own, .index = entry->second}, .syntax = module});
    return {};
  }
  if (const auto* instance = std::get_if<ast::CoreInstance>(&definition))
    return core_instance(scope, *instance);
  if (const auto* type = std::get_if<ast::CoreType>(&definition)) {
    for (std::uint32_t i = 0; i < type->count; ++i) scope.core_types.push_back(type);
    return count(type->count);
  }
  if (const auto* nested = std::get_if<std::unique_ptr<ast::Component>>(&definition)) {
    scope.components.push_back({.syntax = nested->get(), .closure = &scope});
    return {};
  }
  if (const auto* instance = std::get_if<ast::Instance>(&definition))
    return component_instance(scope, *instance, depth);
  if (const auto* a = std::get_if<ast::Alias>(&definition)) return alias(scope, *a);
  if (const auto* type_def = std::get_if<ast::TypeDef>(&definition)) {
    auto evaluated = TRY(type(scope, *type_def));
    scope.types.push_back(evaluated);
    return {};
  }
  if (const auto* c = std::get_if<ast::Canon>(&definition)) return canon(scope, *c);
  if (std::holds_alternative<ast::Start>(definition))
    return fail(Errc::unsupported_feature, "component start functions (values) are not supported");
  if (const auto* i = std::get_if<ast::Import>(&definition)) return import(scope, *i, arguments);
  const auto& exported_item = std::get<ast::Export>(definition);
  auto exported_as = TRY(item(scope, exported_item.item));
  TRY(push(scope, exported_as));
  out.exports.push_back({.name = exported_item.name.text,
                         .item = std::move(exported_as),
                         .implements = exported_item.name.implements.value_or(std::string_view{}),
                         .external_id = exported_item.name.external_id.value_or(std::string_view{})});
  return {};
}

Result<> Planner::import(Scope& scope, const ast::Import& import, const Arguments* arguments) {
  if (arguments != nullptr) {
    const auto found = arguments->find(import.name.text);
    if (found == arguments->end()) return contradiction("instantiation argument");
    return push(scope, found->second.item);
  }
  auto fresh = TRY(imported(scope, import.type, {std::string(import.name.text)}, 0));
  const NamedItem named{.name = import.name.text,
                        .item = fresh,
                        .implements = import.name.implements.value_or(std::string_view{}),
                        .external_id = import.name.external_id.value_or(std::string_view{})};
  plan_.imports.emplace_back(std::string(import.name.text), describe(named));
  return push(scope, fresh);
}

Result<> Planner::push(Scope& scope, const Item& item) {
  TRY(count(1));
  if (const auto* func = std::get_if<FuncRef>(&item)) {
    scope.funcs.push_back(*func);
  } else if (const auto* type_item = std::get_if<TypeItem>(&item)) {
    scope.types.push_back(*type_item);
  } else if (const auto* component = std::get_if<ComponentItem>(&item)) {
    scope.components.push_back(*component);
  } else if (const auto* module = std::get_if<ModuleItem>(&item)) {
    scope.core_modules.push_back(*module);
  } else {
    scope.instances.push_back(std::get<std::shared_ptr<InstanceItem>>(item));
  }
  return {};
}

Result<Item> Planner::item(const Scope& scope, ast::SortIndex index) const {
  switch (index.sort) {
    case Sort::func:
      return Item(*TRY(at(scope.funcs, index.index, "function")));
    case Sort::type:
      return Item(*TRY(at(scope.types, index.index, "type")));
    case Sort::component:
      return Item(*TRY(at(scope.components, index.index, "component")));
    case Sort::instance:
      return Item(*TRY(at(scope.instances, index.index, "instance")));
    case Sort::core_module:
      return Item(*TRY(at(scope.core_modules, index.index, "core module")));
    case Sort::value:
      return fail(Errc::unsupported_feature, "component values are not supported");
    case Sort::core_func:
    case Sort::core_table:
    case Sort::core_memory:
    case Sort::core_global:
    case Sort::core_tag:
    case Sort::core_type:
    case Sort::core_instance:
      break;
  }
  return contradiction("sort");
}

Result<CoreItem> Planner::core_item(const Scope& scope, ast::SortIndex index) const {
  const std::vector<CoreRef>* space = nullptr;
  switch (index.sort) {
    case Sort::core_func:
      space = &scope.core_funcs;
      break;
    case Sort::core_table:
      space = &scope.core_tables;
      break;
    case Sort::core_memory:
      space = &scope.core_memories;
      break;
    case Sort::core_global:
      space = &scope.core_globals;
      break;
    case Sort::core_tag:
      space = &scope.core_tags;
      break;
    case Sort::core_type:
    case Sort::core_module:
    case Sort::core_instance:
    case Sort::func:
    case Sort::value:
    case Sort::type:
    case Sort::component:
    case Sort::instance:
      return contradiction("core sort");
  }
  return CoreItem { .sort = index.sort, .ref = *TRY(at(*space, index.index, "core item")) };
}

Result<CoreItem> Planner::core_export(const CoreInstanceItem& instance, std::string_view name) const {
  if (instance.index) {
    const auto& exports = instance.module->exports;
    const auto found = std::ranges::find(exports, name, &ast::CoreExport::name);
    if (found == exports.end()) return contradiction("core export");
    return CoreItem{.sort = found->sort,
                    .ref = {.from = CoreRef::From::instance,
                            .index = *instance.index,
                            .ordinal = static_cast<std::uint32_t>(found - exports.begin())}};
  }
  const auto found = instance.exports.find(name);
  if (found == instance.exports.end()) return contradiction("core export");
  return found->second;
}

Result<> Planner::alias(Scope& scope, const ast::Alias& alias) {
  if (const auto* from = std::get_if<ast::AliasExport>(&alias)) {
    const auto& instance = *TRY(at(scope.instances, from->instance, "instance"));
    const auto* named = instance->find(from->name);
    if (named == nullptr) return contradiction("export");
    return push(scope, named->item);
  }
  if (const auto* from = std::get_if<ast::AliasCoreExport>(&alias)) {
    const auto& instance = *TRY(at(scope.core_instances, from->instance, "core instance"));
    const auto found = TRY(core_export(instance, from->name));
    if (found.sort != from->sort) return contradiction("core export");
    switch (found.sort) {
      case Sort::core_func:
        scope.core_funcs.push_back(found.ref);
        return {};
      case Sort::core_table:
        scope.core_tables.push_back(found.ref);
        return {};
      case Sort::core_memory:
        scope.core_memories.push_back(found.ref);
        return {};
      case Sort::core_global:
        scope.core_globals.push_back(found.ref);
        return {};
      case Sort::core_tag:
        scope.core_tags.push_back(found.ref);
        return {};
      case Sort::core_type:
      case Sort::core_module:
      case Sort::core_instance:
      case Sort::func:
      case Sort::value:
      case Sort::type:
      case Sort::component:
      case Sort::instance:
        break;
    }
    return contradiction("core sort");
  }
  const auto& from = std::get<ast::AliasOuter>(alias);
  const Scope* target = TRY(outer(scope, from.count));
  switch (from.sort) {
    case Sort::core_type:
      scope.core_types.push_back(*TRY(at(target->core_types, from.index, "core type")));
      return {};
    case Sort::core_module:
    case Sort::type:
    case Sort::component:
      return push(scope, TRY(item(*target, {.sort = from.sort, .index = from.index})));
    case Sort::core_func:
    case Sort::core_table:
    case Sort::core_memory:
    case Sort::core_global:
    case Sort::core_tag:
    case Sort::core_instance:
    case Sort::func:
    case Sort::value:
    case Sort::instance:
      break;
  }
  return contradiction("outer alias");
}

Result<> Planner::core_instance(Scope& scope, const ast::CoreInstance& instance) {
  CoreInstanceItem out;
  if (const auto* bag = std::get_if<ast::CoreInlineExports>(&instance)) {
    TRY(count(bag->exports.size()));
    for (const auto& entry : bag->exports) out.exports.emplace(entry.name, TRY(core_item(scope, entry.item)));
    scope.core_instances.push_back(std::move(out));
    return {};
  }
  const auto& instantiation = std::get<ast::CoreInstantiate>(instance);
  const ModuleItem module = *TRY(at(scope.core_modules, instantiation.module, "core module"));
  if (module.syntax == nullptr)
    return fail(Errc::unsupported_feature, "the component instantiates a core module that it imports");
  if (plan_.core_instances >= limits_.max_core_instances)
    return fail(Errc::component_too_large, "more than {} core instances", limits_.max_core_instances);
  TRY(count(module.syntax->imports.size()));
  InstantiateStep step{.module = module.ref,
                       .core_instance = plan_.core_instances++,
                       .instance = scope.instance,
                       .imports = {}};
  for (const auto& wanted : module.syntax->imports) {
    const auto argument =
        std::ranges::find(instantiation.args, wanted.module, &ast::CoreInstantiateArg::name);
    if (argument == instantiation.args.end()) return contradiction("core instantiation argument");
    const auto& provider = *TRY(at(scope.core_instances, argument->instance, "core instance"));
    const auto found = TRY(core_export(provider, wanted.name));
    if (found.sort != wanted.sort) return contradiction("core import");
    step.imports.push_back(found.ref);
  }
  out.index = step.core_instance;
  out.module = module.syntax;
  plan_.steps.emplace_back(std::move(step));
  scope.core_instances.push_back(std::move(out));
  return {};
}

Result<> Planner::component_instance(Scope& scope, const ast::Instance& instance, std::uint32_t depth) {
  if (const auto* bag = std::get_if<ast::InlineExports>(&instance)) {
    auto out = std::make_shared<InstanceItem>();
    TRY(count(bag->exports.size()));
    for (const auto& entry : bag->exports)
      out->exports.push_back({
        .name = entry.name.text, .item = TRY(item(scope, entry.item))
        , .implements = {}, .external_id = {}
      });
    scope.instances.push_back(std::move(out));
    return {};
  }
  const auto& instantiation = std::get<ast::Instantiate>(instance);
  const ComponentItem component = *TRY(at(scope.components, instantiation.component, "component"));
  Arguments arguments;
  TRY(count(instantiation.args.size()));
  for (const auto& argument : instantiation.args)
    arguments.emplace(
        argument.name, NamedItem {
          .name = argument.name, .item = TRY(item(scope, argument.item))
          , .implements = {}, .external_id = {}
        });
  auto made = TRY(instantiate(component, &arguments, scope.instance, depth + 1));
  scope.instances.push_back(std::move(made));
  return {};
}

}  // namespace planning
}  // namespace wisp::component
