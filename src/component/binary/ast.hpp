#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// A component as its binary says it: definitions in order, indices unresolved (Binary.md). Strings and byte
/// ranges point into the binary, which must outlive the tree. Immutable once decoded.
namespace wisp::component::ast {

using Index = std::uint32_t;

/// The index spaces (Explainer.md, "Index Spaces").
enum class Sort : std::uint8_t {
  core_func,
  core_table,
  core_memory,
  core_global,
  core_tag,
  core_type,
  core_module,
  core_instance,
  func,
  value,
  type,
  component,
  instance,
};

struct SortIndex {
  Sort sort;
  Index index;
};

/// An import or export name with its attributes, which take no part in identity (Explainer.md, "Import and
/// Export Definitions").
struct Name {
  std::string_view text;                       ///< externname: "run", "[method]r.m", "wasi:io/streams@0.2.0"
  std::optional<std::string_view> implements;  ///< 🏷️ interface name an instance implements
  std::optional<std::string_view> version_suffix;  ///< 🔗
  std::optional<std::string_view> external_id;     ///< 🏷️
};

enum class Primitive : std::uint8_t {
  bool_,
  s8,
  u8,
  s16,
  u16,
  s32,
  u32,
  s64,
  u64,
  f32,
  f64,
  char_,
  string,
  error_context,
};

/// valtype: a primitive or an index of the type space.
using ValType = std::variant<Primitive, Index>;

struct Labelled {
  std::string_view label;
  std::optional<ValType>
      type;  ///< always set for record fields and parameters; may be absent for variant cases
};

struct Record {
  std::vector<Labelled> fields;
};
struct Variant {
  std::vector<Labelled> cases;
};
struct List {
  ValType element;
  std::optional<std::uint32_t> length;
};  ///< length: 🔧 fixed
struct Tuple {
  std::vector<ValType> elements;
};
struct Flags {
  std::vector<std::string_view> labels;
};
struct Enum {
  std::vector<std::string_view> labels;
};
struct Option {
  ValType element;
};
struct ResultType {
  std::optional<ValType> ok, error;
};
struct Own {
  Index resource;
};
struct Borrow {
  Index resource;
};
struct Stream {
  std::optional<ValType> element;
};
struct Future {
  std::optional<ValType> element;
};
struct Map {
  ValType key, value;
};

struct Func {
  bool async = false;
  std::vector<Labelled> params;
  std::optional<ValType> result;
};

/// The representation is i32, or i64 with 🐘.
struct Resource {
  bool rep64 = false;
  std::optional<Index> dtor;  ///< core function
};

/// What an import or export is said to be.
struct ExternType {
  enum class Kind : std::uint8_t { core_module, func, value, type_eq, type_resource, component, instance };
  Kind kind;
  Index index = 0;  ///< of the type (core_module: core type); unused for type_resource and value
  std::optional<ValType> value{};  ///< 🪙, when bound by type
};

struct ImportDecl {
  Name name;
  ExternType type;
};
struct ExportDecl {
  Name name;
  ExternType type;
};

struct AliasExport {
  Sort sort;
  Index instance;
  std::string_view name;
};
struct AliasCoreExport {
  Sort sort;
  Index instance;
  std::string_view name;
};
struct AliasOuter {
  Sort sort;
  std::uint32_t count;
  Index index;
};  ///< count: scopes outward, 0 is the own one
using Alias = std::variant<AliasExport, AliasCoreExport, AliasOuter>;

/// core:deftype. Function types are decoded, since canon lift/lower never needs others; the rest is kept as
/// bytes.
enum class CoreValType : std::uint8_t { i32, i64, f32, f64, v128, funcref, externref, other };
struct CoreFuncType {
  std::vector<CoreValType> params, results;
};
struct CoreImport {
  std::string_view module, name;
  Sort sort;
};
struct CoreExport {
  std::string_view name;
  Sort sort;
};
struct CoreModuleType {
  std::vector<CoreImport> imports;
  std::vector<CoreExport> exports;
};
struct CoreOtherType {};  ///< struct, array, sub, rec: nothing above the engine looks inside
/// One core:type definition may add several indices (rec groups): `count` of them.
struct CoreType {
  std::variant<CoreFuncType, CoreModuleType, CoreOtherType> type;
  std::uint32_t count = 1;
};

struct TypeDef;
/// A declarator of a component or instance type; imports occur in component types only.
using Decl = std::variant<CoreType, std::unique_ptr<TypeDef>, Alias, ImportDecl, ExportDecl>;
struct ComponentType {
  std::vector<Decl> decls;
};
struct InstanceType {
  std::vector<Decl> decls;
};

struct TypeDef {
  std::variant<Primitive, Record, Variant, List, Tuple, Flags, Enum, Option, ResultType, Own, Borrow, Stream,
               Future, Map, Func, ComponentType, InstanceType, Resource>
      type;
};

enum class StringEncoding : std::uint8_t { utf8, utf16, latin1_utf16 };

/// canonopt*, with the defaults filled in.
struct CanonOptions {
  StringEncoding encoding = StringEncoding::utf8;
  bool async = false;
  std::optional<Index> memory, realloc, post_return, callback;
};

/// Every canon definition but lift adds a core function.
enum class Builtin : std::uint8_t {
  resource_new,
  resource_drop,
  resource_rep,
  task_cancel,
  subtask_cancel,
  task_return,
  context_get,
  context_set,
  thread_yield,
  subtask_drop,
  stream_new,
  stream_read,
  stream_write,
  stream_cancel_read,
  stream_cancel_write,
  stream_drop_readable,
  stream_drop_writable,
  future_new,
  future_read,
  future_write,
  future_cancel_read,
  future_cancel_write,
  future_drop_readable,
  future_drop_writable,
  error_context_new,
  error_context_debug_message,
  error_context_drop,
  waitable_set_new,
  waitable_set_wait,
  waitable_set_poll,
  waitable_set_drop,
  waitable_join,
  backpressure_inc,
  backpressure_dec,
  thread_index,
  thread_new_indirect,
  thread_resume_later,
  thread_suspend,
  thread_suspend_then_resume,
  thread_yield_then_resume,
  thread_suspend_then_promote,
  thread_yield_then_promote,
  thread_spawn_ref,
  thread_spawn_indirect,
  thread_available_parallelism,
};

/// The name in the text format: "stream.cancel-read".
[[nodiscard]] std::string_view text(Builtin builtin);

struct CanonLift {
  Index func;
  CanonOptions options;
  Index type;
};
struct CanonLower {
  Index func;
  CanonOptions options;
};
struct CanonBuiltin {
  Builtin builtin;
  Index type = 0;            ///< resource, stream, future or core function type, where the built-in has one
  Index table = 0;           ///< thread.new-indirect, thread.spawn-indirect
  Index memory = 0;          ///< waitable-set.wait, .poll
  bool async = false;        ///< async? of the cancel built-ins
  bool cancellable = false;  ///< cancel? of wait, poll, yield, suspend, …
  bool shared = false;
  bool slot64 = false;              ///< context.get/set: i64 slots
  std::uint32_t slot = 0;           ///< context.get/set
  std::optional<ValType> result{};  ///< task.return
  CanonOptions options{};           ///< task.return, read, write, error-context.new/.debug-message
};
using Canon = std::variant<CanonLift, CanonLower, CanonBuiltin>;

/// Byte range of an embedded core module, and what is needed of it without compiling.
struct CoreMemory {
  std::uint64_t min_bytes;
  std::optional<std::uint64_t> max_bytes;
  bool memory64;
  bool shared;
};
struct CoreModule {
  std::span<const std::byte> bytes;
  std::vector<CoreImport> imports;  ///< in order
  std::vector<CoreExport> exports;
  std::vector<CoreMemory> memories;  ///< defined ones
  std::string_view name;             ///< of the name section; may be empty
  bool has_start = false;
};

struct CoreInstantiateArg {
  std::string_view name;
  Index instance;
};
struct CoreInstantiate {
  Index module;
  std::vector<CoreInstantiateArg> args;
};
struct CoreInlineExport {
  std::string_view name;
  SortIndex item;
};
struct CoreInlineExports {
  std::vector<CoreInlineExport> exports;
};
using CoreInstance = std::variant<CoreInstantiate, CoreInlineExports>;

struct InstantiateArg {
  std::string_view name;
  SortIndex item;
};
struct Instantiate {
  Index component;
  std::vector<InstantiateArg> args;
};
struct InlineExport {
  Name name;
  SortIndex item;
};
struct InlineExports {
  std::vector<InlineExport> exports;
};
using Instance = std::variant<Instantiate, InlineExports>;

struct Import {
  Name name;
  ExternType type;
};
struct Export {
  Name name;
  SortIndex item;
  std::optional<ExternType> ascribed;
};
struct Start {
  Index func;
  std::vector<Index> args;
  std::uint32_t results;
};  ///< 🪙

struct Component;
/// One definition; each adds to its index spaces in the order it appears.
using Definition = std::variant<CoreModule, CoreInstance, CoreType, std::unique_ptr<Component>, Instance,
                                Alias, TypeDef, Canon, Start, Import, Export>;

struct Component {
  std::vector<Definition> definitions;
  std::string_view name;  ///< of the component-name section; may be empty
  std::span<const std::byte> bytes;
};

}  // namespace wisp::component::ast
