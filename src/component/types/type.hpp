#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace wisp::component {

/// Names a resource type of one component tree: a number of its type arena. Which runtime resource type
/// stands behind it is decided when the component is linked. Generative: each evaluation of a definition or
/// unbound import is a new one.
struct ResourceId {
  std::uint32_t value;
  friend bool operator==(ResourceId, ResourceId) = default;
};

enum class Kind : std::uint8_t {
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
  error_context,  // as ast::Primitive
  record,
  variant,
  list,
  fixed_list,
  tuple,
  flags,
  enum_,
  option,
  result,
  own,
  borrow,
  stream,
  future,
  map,
};

/// Core type of a flattened value.
enum class Flat : std::uint8_t { i32, i64, f32, f64 };

/// Pointer width of the memory a value lies in; part of every layout (🐘).
enum class PointerSize : std::uint8_t { p32, p64 };

/// Size and alignment in bytes in linear memory (Canonical ABI, "Alignment", "Element Size").
struct Layout {
  std::uint32_t size;
  std::uint32_t align;
};

struct Type;

struct Member {
  std::string name;            ///< field, case or label; empty in tuples
  const Type* type = nullptr;  ///< null: a case without payload, or a flag or enum label
};

/// A value type. Interned by its TypeArena: within one arena equal types are one object, so pointers compare.
/// Immutable; lives as long as the arena.
struct Type {
  Kind kind;
  std::vector<Member> members;    ///< record, tuple: fields; variant, enum, flags: cases or labels
  const Type* element = nullptr;  ///< list, fixed_list, option, stream, future; map: the key; result: ok
  const Type* second = nullptr;   ///< map: the value; result: error
  const Type* pair = nullptr;     ///< map: tuple<key, value>, what its list form is made of; set by intern()
  std::uint32_t length = 0;       ///< fixed_list
  ResourceId resource{};          ///< own, borrow

  // Derived when interned.
  std::array<Layout, 2> layout{};                 ///< by PointerSize
  std::array<std::uint32_t, 2> payload_offset{};  ///< variant, option, result: of the payload, by PointerSize
  std::uint8_t discriminant = 0;  ///< variant, enum, option, result: bytes of the discriminant (1, 2, 4)
  bool contains_pointer = false;  ///< string, list or map inside: lifting or lowering follows pointers
  bool contains_handle = false;   ///< own, borrow, stream, future or error-context inside
  bool contains_borrow = false;
  std::uint32_t flat_count = 0;   ///< number of flat values, saturated at kMaxFlat
  std::array<Flat, 16> flat32{};  ///< the flat types with 32-bit pointers, if flat_count <= 16
  std::array<Flat, 16> flat64{};  ///< … with 64-bit pointers
  std::uint32_t depth = 1;        ///< nesting; bounded by kMaxTypeDepth

  [[nodiscard]] const Layout& at(PointerSize size) const { return layout[static_cast<std::size_t>(size)]; }
  [[nodiscard]] std::span<const Flat> flat(PointerSize size) const {
    return {size == PointerSize::p32 ? flat32.data() : flat64.data(), flat_count <= 16 ? flat_count : 0};
  }
};

inline constexpr std::uint32_t kMaxFlatParams = 16, kMaxFlatAsyncParams = 4, kMaxFlatResults = 1;
inline constexpr std::uint32_t kMaxFlat = 1'000'000;
inline constexpr std::uint32_t kMaxTypeDepth = 100;
inline constexpr std::uint32_t kMaxElementSize = (1u << 28) - 1;
inline constexpr std::uint32_t kMaxTypes = 1'000'000;
inline constexpr std::uint32_t kMaxFlags = 32;

/// Variants and what despecializes to them (enum, option, result): the number of cases, and the payload of
/// one (null: none). `index` is below case_count.
[[nodiscard]] std::uint32_t case_count(const Type& type);
[[nodiscard]] const Type* case_payload(const Type& type, std::uint32_t index);

/// list, fixed_list, map: the type of the elements in memory.
[[nodiscard]] inline const Type* list_element(const Type& type) {
  return type.kind == Kind::map ? type.pair : type.element;
}

/// Lays fields out one after the other (Canonical ABI, "elem_size_record"). Also for parameter lists in
/// memory.
class RecordLayout {
 public:
  /// Adds a field; its offset.
  std::uint64_t add(Layout field);
  /// Size so far, rounded up to the alignment.
  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] std::uint32_t align() const noexcept { return align_; }

 private:
  std::uint64_t end_ = 0;
  std::uint32_t align_ = 1;
};

struct Param {
  std::string name;
  const Type* type;
};

/// A component function type. Interned like value types.
struct FuncType {
  bool async = false;
  std::vector<Param> params;
  const Type* result = nullptr;  ///< null: none
};

/// Makes and owns types. One a component tree; not thread-safe while it grows, shareable once it no longer
/// does.
class TypeArena {
 public:
  TypeArena();
  ~TypeArena();
  TypeArena(const TypeArena&) = delete;
  TypeArena& operator=(const TypeArena&) = delete;

  /// The canonical object for a type whose own parts come from this arena; derived members of `shape` are
  /// ignored. Null if a bound is exceeded (depth, size, number of types) or the shape is none the
  /// specification has (a record without fields, 33 flags): the caller reports Errc::component_too_large.
  [[nodiscard]] const Type* intern(Type shape);
  /// `kind` is one of the primitive kinds, bool_ … error_context; else null.
  [[nodiscard]] const Type* primitive(Kind kind) const;
  /// As for value types.
  [[nodiscard]] const FuncType* intern(FuncType shape);
  [[nodiscard]] ResourceId new_resource() { return {resources_++}; }
  [[nodiscard]] std::uint32_t resource_count() const noexcept { return resources_; }

 private:
  struct Table;
  std::unique_ptr<Table> table_;
  std::uint32_t resources_ = 0;
};

/// A core function signature.
struct Signature {
  std::vector<Flat> params, results;
  bool indirect_params = false;   ///< parameters lie in memory, one pointer is passed
  bool indirect_results = false;  ///< lower: a return pointer is appended; lift: a pointer is returned, or
                                  ///< given to task.return
};

/// Canonical ABI, "Flattening": the core signature of a lift or lower (`flatten_functype`).
enum class Direction : std::uint8_t { lift, lower };
enum class CallStyle : std::uint8_t {
  sync,
  async,     ///< `async` option; of a lift without callback: the core function returns nothing
  callback,  ///< lift with `async` and `callback`: the core function returns what to do next
};
[[nodiscard]] Signature flatten(const FuncType& type, Direction direction, PointerSize size,
                                CallStyle style = CallStyle::sync);

/// Names a resource in messages.
using ResourceNamer = std::function<std::string(ResourceId)>;

/// WIT-like text of a type ("list<tuple<string, u32>>", "func(a: u32) -> string"), for messages: cut with "…"
/// after some 2,000 characters. Resources are named by `name_of`, or "resource#3" without. Null is "_".
[[nodiscard]] std::string describe(const Type* type, const ResourceNamer& name_of = {});
[[nodiscard]] std::string describe(const FuncType& type, const ResourceNamer& name_of = {});

/// What an import wants or an export is.
struct ExternDesc;
struct InstanceDesc {
  std::vector<std::pair<std::string, ExternDesc>> exports;  ///< in declaration order
  [[nodiscard]] const ExternDesc* find(std::string_view name) const;
};
struct ResourceDesc {
  ResourceId id;
};  ///< a type import or export bound to a resource
struct ValueTypeDesc {
  const Type* type;
};  ///< (type (eq …)) of a value type
struct FuncTypeDesc {
  const FuncType* type;
};  ///< (type (eq …)) of a function type
struct ModuleDesc {};     ///< core module
struct ComponentDesc {};  ///< component (its interior is the gate's business)
struct OtherTypeDesc {};  ///< (type (eq …)) of a component or instance type
struct ExternDesc {
  std::variant<const FuncType*, std::shared_ptr<const InstanceDesc>, ResourceDesc, ValueTypeDesc,
               FuncTypeDesc, ModuleDesc, ComponentDesc, OtherTypeDesc>
      item;
  std::string implements;   ///< 🏷️, empty if none
  std::string external_id;  ///< 🏷️, empty if none
};

/// Structural comparison across arenas; resources are compared by `same(mine, theirs)`. Subtyping of value
/// types is equality in this release of the specification. Remembers pairs found equal, so that shared parts
/// are compared once: what `same` has accepted it must go on accepting.
class TypeMatcher {
 public:
  virtual ~TypeMatcher() = default;
  /// Null stands for an absent payload or result.
  [[nodiscard]] bool equal(const Type* mine, const Type* theirs);
  /// Parameter names and `async` count.
  [[nodiscard]] bool equal(const FuncType& mine, const FuncType& theirs);

 protected:
  /// Called for own/borrow pairs.
  [[nodiscard]] virtual bool same(ResourceId mine, ResourceId theirs) = 0;

 private:
  [[nodiscard]] bool equal_parts(const Type& mine, const Type& theirs);

  std::set<std::pair<const Type*, const Type*>> known_;
};

}  // namespace wisp::component
