#pragma once

#include "component/binary/ast.hpp"
#include "component/types/type.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Instantiation of a component with everything static decided: nested components are unrolled, names and
/// aliases are resolved, and what is left is a straight line of steps (design.md §6). Made once per
/// component, immutable, shared.
namespace wisp::component {

/// Where a core item (function, memory, table, global, tag) comes from.
struct CoreRef {
  enum class From : std::uint8_t { instance, trampoline };
  From from = From::instance;
  std::uint32_t index = 0;    ///< core instance, or trampoline
  std::uint32_t ordinal = 0;  ///< position among the exports of the instance's module
  friend auto operator<=>(const CoreRef&, const CoreRef&) = default;
};

/// Canonical options with their core items as slots of the tree.
struct Options {
  ast::StringEncoding encoding = ast::StringEncoding::utf8;
  PointerSize pointer = PointerSize::p32;
  bool async = false;
  std::optional<std::uint32_t> memory;                          ///< memory slot
  std::optional<std::uint32_t> realloc, post_return, callback;  ///< function slots
};

/// A component instance of the tree. Instances are numbered in order of creation; 0 is the root.
struct InstancePlan {
  std::optional<std::uint32_t> parent;
  std::string_view name;  ///< of the component's name section; may be empty
  /// Its core code has a built-in at which the specification lets a thread block: its threads get stacks of
  /// their own.
  bool blocks = false;
};

/// A core function that becomes a component function.
struct Lift {
  std::uint32_t func = 0;  ///< function slot
  std::uint32_t instance = 0;
  Options options;
  const FuncType* type = nullptr;
  Signature signature;
};

/// A function the root imports: "name", or "instance-name" then "export" (deeper for nested instances).
struct ImportedFunc {
  std::vector<std::string> path;
  const FuncType* type = nullptr;
};

struct ImportedResource {
  std::vector<std::string> path;
  ResourceId id;
};

struct ImportedModule {
  std::vector<std::string> path;
};

/// A resource type of the tree, by ResourceId: defined by one of its instances, or imported.
struct ResourcePlan {
  bool imported = false;
  std::uint32_t instance = 0;         ///< defining instance
  std::optional<std::uint32_t> dtor;  ///< function slot
};

/// A component function: lifted by this tree, or imported.
struct FuncRef {
  enum class From : std::uint8_t { lift, import };
  From from = From::lift;
  std::uint32_t index = 0;
  const FuncType* type = nullptr;
};

/// A core function of ours that guests import.
struct Trampoline {
  enum class Kind : std::uint8_t { lower, builtin };
  Kind kind = Kind::lower;
  ast::Builtin builtin = ast::Builtin::resource_new;
  std::uint32_t instance = 0;  ///< whose code calls it
  FuncRef callee;              ///< lower
  ResourceId resource{};       ///< resource.*
  const Type* type = nullptr;  ///< stream.*, future.*: the payload; task.return: the result; null: none
  Options options;           ///< lower, read, write, task.return, error-context.*; wait and poll: the memory
  bool async = false;        ///< of the cancel built-ins
  bool cancellable = false;  ///< of wait, poll, yield, suspend
  bool slot64 = false;       ///< context.*: 64-bit
  bool clamps = false;       ///< stream.read: a buffer beyond the longest counts as that
  std::uint32_t slot = 0;    ///< context.*: which; thread.new-indirect: the table slot
  Signature signature;
};

/// A core module to compile: a range of the component's bytes, or imported.
struct ModuleRef {
  enum class From : std::uint8_t { own, imported };
  From from = From::own;
  std::uint32_t index = 0;
  friend auto operator<=>(const ModuleRef&, const ModuleRef&) = default;
};

struct InstantiateStep {
  ModuleRef module;
  std::uint32_t core_instance = 0;
  std::uint32_t instance = 0;    ///< the component instance this happens in
  std::vector<CoreRef> imports;  ///< in the module's import order
};
struct MemoryStep {
  CoreRef memory;
  std::uint32_t slot = 0;
};
struct FuncStep {
  CoreRef func;
  std::uint32_t slot = 0;
};
struct TableStep {
  CoreRef table;
  std::uint32_t slot = 0;
};
using Step = std::variant<InstantiateStep, MemoryStep, FuncStep, TableStep>;

/// What the root exports.
struct ExportItem;
struct ExportedInstance {
  std::vector<std::pair<std::string, ExportItem>> exports;
  [[nodiscard]] const ExportItem* find(std::string_view name) const;
};
struct ExportItem {
  std::variant<FuncRef, std::shared_ptr<const ExportedInstance>, ResourceId, ModuleRef, std::monostate> item;
};

struct Plan {
  std::shared_ptr<TypeArena> types;
  std::vector<const ast::CoreModule*> modules;  ///< own core modules, in order of first use; all of them
  std::vector<InstancePlan> instances;
  std::vector<Step> steps;
  std::vector<Lift> lifts;
  std::vector<Trampoline> trampolines;
  std::vector<ImportedFunc> imported_funcs;
  std::vector<ImportedResource> imported_resources;
  std::vector<ImportedModule> imported_modules;
  std::vector<ResourcePlan> resources;  ///< by ResourceId
  std::uint32_t core_instances = 0, memory_slots = 0, func_slots = 0, table_slots = 0;

  /// Declared imports and exports of the root in order, for inspect, linking and WIT text.
  std::vector<std::pair<std::string, ExternDesc>> imports, exports;
  ExportedInstance exported;

  /// Features used that this release cannot run ("async lift", "stream.read"), in order, without duplicates.
  std::vector<std::string> unsupported;
};

}  // namespace wisp::component
