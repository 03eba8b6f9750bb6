#include "component/instance/planner_scope.hpp"

namespace wisp::component::planning {

namespace {

Kind kind_of(ast::Primitive primitive) {
  static_assert(static_cast<int>(Kind::error_context) == static_cast<int>(ast::Primitive::error_context));
  return static_cast<Kind>(primitive);
}

}  // namespace

Result<Scope*> Planner::outer(Scope& scope, std::uint32_t count) const {
  Scope* target = &scope;
  for (; count > 0; --count) {
    target = target->parent;
    if (target == nullptr) return contradiction("outer alias");
  }
  return target;
}

Result<const Type*> Planner::intern(Type shape) {
  const Type* type = plan_.types->intern(std::move(shape));
  if (type == nullptr)
    return fail(Errc::component_too_large, "a value type is too deep, too large, or one too many");
  return type;
}

Result<const Type*> Planner::value_type(const Scope& scope, const ast::ValType& type) const {
  if (const auto* primitive = std::get_if<ast::Primitive>(&type))
    return plan_.types->primitive(kind_of(*primitive));
  const auto& item = *TRY(at(scope.types, std::get<ast::Index>(type), "type"));
  const auto* value = std::get_if<const Type*>(&item);
  if (value == nullptr) return contradiction("value type");
  return *value;
}

Result<const Type*> Planner::optional_type(const Scope& scope,
                                           const std::optional<ast::ValType>& type) const {
  if (!type) return nullptr;
  return value_type(scope, *type);
}

Result<ResourceId> Planner::resource_at(const Scope& scope, ast::Index index) const {
  const auto& item = *TRY(at(scope.types, index, "type"));
  const auto* resource = std::get_if<ResourceId>(&item);
  if (resource == nullptr) return contradiction("resource type");
  return *resource;
}

Result<const FuncType*> Planner::func_type_at(const Scope& scope, ast::Index index) const {
  const auto& item = *TRY(at(scope.types, index, "type"));
  const auto* func = std::get_if<const FuncType*>(&item);
  if (func == nullptr) return contradiction("function type");
  return *func;
}

Result<const FuncType*> Planner::func_type(const Scope& scope, const ast::Func& syntax) {
  FuncType shape{.async = syntax.async};
  TRY(count(syntax.params.size()));
  for (const auto& param : syntax.params) {
    if (!param.type) return contradiction("parameter");
    shape.params.push_back({ .name = std::string(param.label), .type = TRY(value_type(scope, *param.type)) });
  }
  shape.result = TRY(optional_type(scope, syntax.result));
  const FuncType* type = plan_.types->intern(std::move(shape));
  if (type == nullptr) return fail(Errc::component_too_large, "too many function types");
  return type;
}

Result<TypeItem> Planner::type(Scope& scope, const ast::TypeDef& definition) {
  const auto members = [&](const std::vector<ast::Labelled>& syntax) -> Result<std::vector<Member>> {
    TRY(count(syntax.size()));
    std::vector<Member> out;
    out.reserve(syntax.size());
    for (const auto& member : syntax)
      out.push_back({ .name = std::string(member.label), .type = TRY(optional_type(scope, member.type)) });
    return out;
  };
  const auto labels = [&](const std::vector<std::string_view>& syntax) -> Result<std::vector<Member>> {
    TRY(count(syntax.size()));
    std::vector<Member> out;
    out.reserve(syntax.size());
    for (const auto label : syntax) out.push_back({.name = std::string(label), .type = nullptr});
    return out;
  };
  return std::visit(
      [&]<class T>(const T& syntax) -> Result<TypeItem> {
        if constexpr (std::is_same_v<T, ast::Primitive>) {
          return TypeItem(plan_.types->primitive(kind_of(syntax)));
        } else if constexpr (std::is_same_v<T, ast::Record>) {
          return TypeItem(TRY(intern({ .kind = Kind::record, .members = TRY(members(syntax.fields)) })));
        } else if constexpr (std::is_same_v<T, ast::Variant>) {
          return TypeItem(TRY(intern({ .kind = Kind::variant, .members = TRY(members(syntax.cases)) })));
        } else if constexpr (std::is_same_v<T, ast::List>) {
          Type shape{.kind = syntax.length ? Kind::fixed_list : Kind::list};
          shape.element = TRY(value_type(scope, syntax.element));
          shape.length = syntax.length.value_or(0);
          return TypeItem(TRY(intern(std::move(shape))));
        } else if constexpr (std::is_same_v<T, ast::Tuple>) {
          Type shape{.kind = Kind::tuple};
          TRY(count(syntax.elements.size()));
          for (const auto& element : syntax.elements)
            shape.members.push_back({ .name = {}, .type = TRY(value_type(scope, element)) });
          return TypeItem(TRY(intern(std::move(shape))));
        } else if constexpr (std::is_same_v<T, ast::Flags>) {
          return TypeItem(TRY(intern({ .kind = Kind::flags, .members = TRY(labels(syntax.labels)) })));
        } else if constexpr (std::is_same_v<T, ast::Enum>) {
          return TypeItem(TRY(intern({ .kind = Kind::enum_, .members = TRY(labels(syntax.labels)) })));
        } else if constexpr (std::is_same_v<T, ast::Option>) {
          return TypeItem(
              TRY(intern({ .kind = Kind::option, .element = TRY(value_type(scope, syntax.element)) })));
        } else if constexpr (std::is_same_v<T, ast::ResultType>) {
          return TypeItem(TRY(intern({
            .kind = Kind::result, .element = TRY(optional_type(scope, syntax.ok))
            , .second = TRY(optional_type(scope, syntax.error))
          })));
        } else if constexpr (std::is_same_v<T, ast::Own>) {
          return TypeItem(
              TRY(intern({ .kind = Kind::own, .resource = TRY(resource_at(scope, syntax.resource)) })));
        } else if constexpr (std::is_same_v<T, ast::Borrow>) {
          return TypeItem(
              TRY(intern({ .kind = Kind::borrow, .resource = TRY(resource_at(scope, syntax.resource)) })));
        } else if constexpr (std::is_same_v<T, ast::Stream>) {
          return TypeItem(
              TRY(intern({ .kind = Kind::stream, .element = TRY(optional_type(scope, syntax.element)) })));
        } else if constexpr (std::is_same_v<T, ast::Future>) {
          return TypeItem(
              TRY(intern({ .kind = Kind::future, .element = TRY(optional_type(scope, syntax.element)) })));
        } else if constexpr (std::is_same_v<T, ast::Map>) {
          return TypeItem(TRY(intern({
            .kind = Kind::map, .element = TRY(value_type(scope, syntax.key))
            , .second = TRY(value_type(scope, syntax.value))
          })));
        } else if constexpr (std::is_same_v<T, ast::Func>) {
          return TypeItem(TRY(func_type(scope, syntax)));
        } else if constexpr (std::is_same_v<T, ast::ComponentType>) {
          return TypeItem(ComponentTypeItem{.syntax = &syntax, .closure = &scope});
        } else if constexpr (std::is_same_v<T, ast::InstanceType>) {
          return TypeItem(InstanceTypeItem{.syntax = &syntax, .closure = &scope});
        } else {
          static_assert(std::is_same_v<T, ast::Resource>);
          if (scope.is_type) return contradiction("resource definition");
          ResourcePlan resource{.imported = false, .instance = scope.instance};
          if (syntax.dtor) resource.dtor = TRY(func_slot(scope, *syntax.dtor));
          if (syntax.rep64) unsupported("64-bit resource representation");
          plan_.resources.push_back(resource);
          return TypeItem(plan_.types->new_resource());
        }
      },
      definition.type);
}

Result<Item> Planner::imported(Scope& scope, const ast::ExternType& type, std::vector<std::string> path,
                               std::uint32_t depth) {
  using Kind = ast::ExternType::Kind;
  TRY(count(1));
  switch (type.kind) {
    case Kind::func: {
      const FuncRef func {
        .from = FuncRef::From::import, .index = static_cast<std::uint32_t>(plan_.imported_funcs.size()),
        .type = TRY(func_type_at(scope, type.index))
      };
      plan_.imported_funcs.push_back({.path = std::move(path), .type = func.type});
      return Item(func);
    }
    case Kind::type_eq:
      return Item(*TRY(at(scope.types, type.index, "type")));
    case Kind::type_resource: {
      plan_.resources.push_back({.imported = true, .instance = 0, .dtor = {}});
      const ResourceId id = plan_.types->new_resource();
      plan_.imported_resources.push_back({.path = std::move(path), .id = id});
      return Item(TypeItem(id));
    }
    case Kind::instance: {
      const auto& item = *TRY(at(scope.types, type.index, "type"));
      const auto* instance = std::get_if<InstanceTypeItem>(&item);
      if (instance == nullptr) return contradiction("instance type");
      return Item(TRY(imported_instance(*instance, path, depth + 1)));
    }
    case Kind::core_module: {
      const ModuleItem module{.ref = {.from = ModuleRef::From::imported,
                                      .index = static_cast<std::uint32_t>(plan_.imported_modules.size())},
                              .syntax = nullptr};
      plan_.imported_modules.push_back({.path = std::move(path)});
      return Item(module);
    }
    case Kind::component:
      return Item(ComponentItem{});
    case Kind::value:
      break;
  }
  return fail(Errc::unsupported_feature, "component values are not supported");
}

Result<std::shared_ptr<InstanceItem>> Planner::imported_instance(const InstanceTypeItem& type,
                                                                 const std::vector<std::string>& path,
                                                                 std::uint32_t depth) {
  if (depth > limits_.max_depth) return fail(Errc::component_too_large, "instance types are nested too deep");
  Scope& scope = scopes_.emplace_back();
  scope.parent = type.closure;
  scope.is_type = true;
  auto out = std::make_shared<InstanceItem>();
  for (const auto& declarator : type.syntax->decls) {
    TRY(count(1));
    if (const auto* core = std::get_if<ast::CoreType>(&declarator)) {
      for (std::uint32_t i = 0; i < core->count; ++i) scope.core_types.push_back(core);
    } else if (const auto* definition = std::get_if<std::unique_ptr<ast::TypeDef>>(&declarator)) {
      auto evaluated = TRY(this->type(scope, **definition));
      scope.types.push_back(evaluated);
    } else if (const auto* a = std::get_if<ast::Alias>(&declarator)) {
      TRY(alias(scope, *a));
    } else if (const auto* exported_item = std::get_if<ast::ExportDecl>(&declarator)) {
      auto inner = path;
      inner.emplace_back(exported_item->name.text);
      auto item = TRY(imported(scope, exported_item->type, std::move(inner), depth));
      TRY(push(scope, item));
      out->exports.push_back({.name = exported_item->name.text,
                              .item = std::move(item),
                              .implements = exported_item->name.implements.value_or(std::string_view{}),
                              .external_id = exported_item->name.external_id.value_or(std::string_view{})});
    } else {
      return contradiction("declarator");
    }
  }
  return out;
}

ExternDesc Planner::describe(const NamedItem& named) {
  ExternDesc desc{.item = OtherTypeDesc{},
                  .implements = std::string(named.implements),
                  .external_id = std::string(named.external_id)};
  if (const auto* func = std::get_if<FuncRef>(&named.item)) {
    desc.item = func->type;
  } else if (const auto* type = std::get_if<TypeItem>(&named.item)) {
    if (const auto* value = std::get_if<const Type*>(type)) desc.item = ValueTypeDesc{*value};
    if (const auto* func_type = std::get_if<const FuncType*>(type)) desc.item = FuncTypeDesc{*func_type};
    if (const auto* resource = std::get_if<ResourceId>(type)) desc.item = ResourceDesc{*resource};
  } else if (std::holds_alternative<ComponentItem>(named.item)) {
    desc.item = ComponentDesc{};
  } else if (std::holds_alternative<ModuleItem>(named.item)) {
    desc.item = ModuleDesc{};
  } else {
    const auto& item = std::get<std::shared_ptr<InstanceItem>>(named.item);
    auto& shared = described_[item.get()];
    if (shared == nullptr) {
      auto instance = std::make_shared<InstanceDesc>();
      for (const auto& entry : item->exports)
        instance->exports.emplace_back(std::string(entry.name), describe(entry));
      shared = std::move(instance);
    }
    desc.item = shared;
  }
  return desc;
}

ExportItem Planner::exported(const Item& item) {
  if (const auto* func = std::get_if<FuncRef>(&item)) return {*func};
  if (const auto* module = std::get_if<ModuleItem>(&item)) return {module->ref};
  if (const auto* type = std::get_if<TypeItem>(&item)) {
    if (const auto* resource = std::get_if<ResourceId>(type)) return {*resource};
    return {std::monostate{}};
  }
  if (const auto* instance = std::get_if<std::shared_ptr<InstanceItem>>(&item)) {
    auto& shared = exported_[instance->get()];
    if (shared == nullptr) {
      auto out = std::make_shared<ExportedInstance>();
      for (const auto& entry : (*instance)->exports)
        out->exports.emplace_back(std::string(entry.name), exported(entry.item));
      shared = std::move(out);
    }
    return {shared};
  }
  return {std::monostate{}};
}

}  // namespace wisp::component::planning
