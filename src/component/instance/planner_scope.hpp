#pragma once

#include "component/instance/planner.hpp"

#include <deque>

/// The planner's working state; included by the planner's own sources only.
namespace wisp::component::planning {

struct Scope;

/// A core module as an item: own or imported, with the syntax that tells its exports when it is own.
struct ModuleItem {
  ModuleRef ref;
  const ast::CoreModule* syntax = nullptr;  ///< null: imported by the root
};

/// A component as an item: its syntax closed over the scope it was defined in.
struct ComponentItem {
  const ast::Component* syntax = nullptr;  ///< null: imported by the root
  Scope* closure = nullptr;
};

/// A component or instance type, closed over its scope.
struct InstanceTypeItem {
  const ast::InstanceType* syntax;
  Scope* closure;
};
struct ComponentTypeItem {
  const ast::ComponentType* syntax;
  Scope* closure;
};

using TypeItem = std::variant<const Type*, const FuncType*, ResourceId, InstanceTypeItem, ComponentTypeItem>;

struct InstanceItem;
using Item = std::variant<FuncRef, TypeItem, ComponentItem, ModuleItem, std::shared_ptr<InstanceItem>>;

struct NamedItem {
  std::string_view name;
  Item item;
  std::string_view implements, external_id;
};

struct InstanceItem {
  std::vector<NamedItem> exports;  ///< in order
  [[nodiscard]] const NamedItem* find(std::string_view name) const;
};

/// A core instance: a module instantiated by a step, or a bag of items.
struct CoreItem {
  ast::Sort sort;
  CoreRef ref;
};
struct CoreInstanceItem {
  std::optional<std::uint32_t> index;            ///< of the plan, when a module was instantiated
  const ast::CoreModule* module = nullptr;       ///< its syntax
  std::map<std::string_view, CoreItem> exports;  ///< inline exports otherwise
};

/// The index spaces of one component instantiation or one type under construction.
struct Scope {
  Scope* parent = nullptr;  ///< lexically enclosing scope
  std::uint32_t instance = 0;
  bool is_type = false;

  std::vector<CoreRef> core_funcs, core_tables, core_memories, core_globals, core_tags;
  std::vector<const ast::CoreType*> core_types;
  std::vector<ModuleItem> core_modules;
  std::vector<CoreInstanceItem> core_instances;
  std::vector<FuncRef> funcs;
  std::vector<TypeItem> types;
  std::vector<ComponentItem> components;
  std::vector<std::shared_ptr<InstanceItem>> instances;
};

/// Arguments of an instantiation by import name.
using Arguments = std::map<std::string_view, NamedItem>;

class Planner {
 public:
  Planner(const PlanLimits& limits);

  [[nodiscard]] Result<Plan> run(const ast::Component& root);

 private:
  // planner.cpp
  [[nodiscard]] Result<std::shared_ptr<InstanceItem>> instantiate(const ComponentItem& component,
                                                                  const Arguments* arguments,
                                                                  std::optional<std::uint32_t> parent,
                                                                  std::uint32_t depth);
  [[nodiscard]] Result<> define(Scope& scope, const ast::Definition& definition, const Arguments* arguments,
                                InstanceItem& out, std::uint32_t depth);
  [[nodiscard]] Result<> import(Scope& scope, const ast::Import& import, const Arguments* arguments);
  [[nodiscard]] Result<> alias(Scope& scope, const ast::Alias& alias);
  [[nodiscard]] Result<> core_instance(Scope& scope, const ast::CoreInstance& instance);
  [[nodiscard]] Result<> component_instance(Scope& scope, const ast::Instance& instance, std::uint32_t depth);
  [[nodiscard]] Result<> push(Scope& scope, const Item& item);
  [[nodiscard]] Result<Item> item(const Scope& scope, ast::SortIndex index) const;
  [[nodiscard]] Result<CoreItem> core_item(const Scope& scope, ast::SortIndex index) const;
  [[nodiscard]] Result<CoreItem> core_export(const CoreInstanceItem& instance, std::string_view name) const;
  [[nodiscard]] Result<> count(std::size_t items);

  // planner_canon.cpp
  [[nodiscard]] Result<> canon(Scope& scope, const ast::Canon& canon);
  [[nodiscard]] Result<> lift(Scope& scope, const ast::CanonLift& lift);
  [[nodiscard]] Result<> lower(Scope& scope, const ast::CanonLower& lower);
  [[nodiscard]] Result<> builtin(Scope& scope, const ast::CanonBuiltin& builtin);
  [[nodiscard]] Result<Options> options(const Scope& scope, const ast::CanonOptions& options);
  [[nodiscard]] Result<std::uint32_t> func_slot(const Scope& scope, ast::Index core_func);
  [[nodiscard]] Result<std::uint32_t> memory_slot(const Scope& scope, ast::Index core_memory);
  [[nodiscard]] Result<std::uint32_t> table_slot(const Scope& scope, ast::Index core_table);
  [[nodiscard]] Result<> complete(const Scope& scope, const ast::CanonBuiltin& syntax,
                                  Trampoline& trampoline);
  void unsupported(std::string what);

  // planner_types.cpp
  [[nodiscard]] Result<TypeItem> type(Scope& scope, const ast::TypeDef& definition);
  [[nodiscard]] Result<const Type*> value_type(const Scope& scope, const ast::ValType& type) const;
  [[nodiscard]] Result<const Type*> optional_type(const Scope& scope,
                                                  const std::optional<ast::ValType>& type) const;
  [[nodiscard]] Result<const FuncType*> func_type(const Scope& scope, const ast::Func& func);
  [[nodiscard]] Result<const FuncType*> func_type_at(const Scope& scope, ast::Index index) const;
  [[nodiscard]] Result<ResourceId> resource_at(const Scope& scope, ast::Index index) const;
  [[nodiscard]] Result<const Type*> intern(Type shape);
  [[nodiscard]] Result<Scope*> outer(Scope& scope, std::uint32_t count) const;
  /// What an unbound import of the root stands for: functions and resources of `path`, fresh.
  [[nodiscard]] Result<Item> imported(Scope& scope, const ast::ExternType& type,
                                      std::vector<std::string> path, std::uint32_t depth);
  [[nodiscard]] Result<std::shared_ptr<InstanceItem>> imported_instance(const InstanceTypeItem& type,
                                                                        const std::vector<std::string>& path,
                                                                        std::uint32_t depth);
  // Both share the result of an instance that is met again: bags of bags would multiply otherwise.
  [[nodiscard]] ExternDesc describe(const NamedItem& named);
  [[nodiscard]] ExportItem exported(const Item& item);

  PlanLimits limits_;
  Plan plan_;
  std::deque<Scope> scopes_;
  std::map<const ast::CoreModule*, std::uint32_t> module_index_;
  std::map<CoreRef, std::uint32_t> func_slots_, memory_slots_, table_slots_;
  std::map<const InstanceItem*, std::shared_ptr<const InstanceDesc>> described_;
  std::map<const InstanceItem*, std::shared_ptr<const ExportedInstance>> exported_;
  std::size_t items_ = 0;
};

[[nodiscard]] Unexpected contradiction(std::string_view what);

template <class T>
[[nodiscard]] Result<const T*> at(const std::vector<T>& space, ast::Index index, std::string_view what) {
  if (index >= space.size()) return contradiction(what);
  return &space[index];
}

}  // namespace wisp::component::planning
