#include "component/types/type.hpp"

#include <algorithm>
#include <bit>
#include <deque>
#include <unordered_map>

namespace wisp::component {
namespace {

constexpr PointerSize kPointerSizes[] = {PointerSize::p32, PointerSize::p64};

std::uint64_t round_up(std::uint64_t value, std::uint32_t align) {
  return (value + align - 1) & ~(std::uint64_t{align} - 1);
}

std::uint32_t pointer_bytes(PointerSize size) { return size == PointerSize::p32 ? 4 : 8; }

std::uint8_t discriminant_bytes(std::size_t cases) { return cases <= 0x100 ? 1 : cases <= 0x10000 ? 2 : 4; }

/// Canonical ABI, "join": the type of a slot that different cases use differently.
Flat join(Flat a, Flat b) {
  if (a == b) return a;
  const auto is_32 = [](Flat flat) { return flat == Flat::i32 || flat == Flat::f32; };
  return is_32(a) && is_32(b) ? Flat::i32 : Flat::i64;
}

std::size_t mix(std::size_t seed, std::size_t value) {
  return std::rotl(seed, 5) ^ (value + 0x9e3779b97f4a7c15ULL + (seed << 6U));
}

template <class T>
std::size_t mix_pointer(std::size_t seed, const T* pointer) {
  return mix(seed, std::hash<const T*>{}(pointer));
}

// Parts are interned already, so hashing and comparing look at one level only.
std::size_t shape_hash(const Type& type) {
  auto hash = mix(static_cast<std::size_t>(type.kind), type.length);
  hash = mix(hash, type.resource.value);
  hash = mix_pointer(mix_pointer(hash, type.element), type.second);
  for (const auto& member : type.members)
    hash = mix_pointer(mix(hash, std::hash<std::string>{}(member.name)), member.type);
  return hash;
}

bool same_shape(const Type& a, const Type& b) {
  return a.kind == b.kind && a.element == b.element && a.second == b.second && a.length == b.length &&
         a.resource == b.resource &&
         std::ranges::equal(a.members, b.members, [](const Member& x, const Member& y) {
           return x.type == y.type && x.name == y.name;
         });
}

std::size_t shape_hash(const FuncType& type) {
  auto hash = mix_pointer(type.async ? 1 : 0, type.result);
  for (const auto& param : type.params)
    hash = mix_pointer(mix(hash, std::hash<std::string>{}(param.name)), param.type);
  return hash;
}

bool same_shape(const FuncType& a, const FuncType& b) {
  return a.async == b.async && a.result == b.result &&
         std::ranges::equal(a.params, b.params, [](const Param& x, const Param& y) {
           return x.type == y.type && x.name == y.name;
         });
}

/// Every type directly inside, absent ones left out.
template <class Visit>
void for_each_part(const Type& type, Visit visit) {
  for (const auto& member : type.members)
    if (member.type != nullptr) visit(*member.type);
  for (const auto* part : {type.element, type.second})
    if (part != nullptr) visit(*part);
}

/// Collects flat types; counts on beyond what the arrays hold.
class Flattener {
 public:
  explicit Flattener(Type& type) : type_(type) {}

  void push(Flat flat32, Flat flat64) {
    if (count_ < type_.flat32.size()) {
      type_.flat32[count_] = flat32;
      type_.flat64[count_] = flat64;
    }
    ++count_;
  }

  void append(const Type& part, std::uint64_t times) {
    const auto end = count_ + part.flat_count * times;
    // Counts saturate, so a huge part never gets here with usable arrays.
    for (std::uint64_t i = 0; i < times && end <= type_.flat32.size(); ++i)
      for (std::uint32_t slot = 0; slot < part.flat_count; ++slot) push(part.flat32[slot], part.flat64[slot]);
    count_ = end;
  }

  /// Lays a case over the slots after the discriminant.
  void overlay(const Type& part) {
    for (std::uint32_t i = 0; i < part.flat_count && i + 1 < type_.flat32.size(); ++i) {
      if (i + 1 < count_) {
        type_.flat32[i + 1] = join(type_.flat32[i + 1], part.flat32[i]);
        type_.flat64[i + 1] = join(type_.flat64[i + 1], part.flat64[i]);
      } else {
        push(part.flat32[i], part.flat64[i]);
      }
    }
    count_ = std::max<std::uint64_t>(count_, std::uint64_t{part.flat_count} + 1);
  }

  void finish() { type_.flat_count = static_cast<std::uint32_t>(std::min<std::uint64_t>(count_, kMaxFlat)); }

 private:
  Type& type_;
  std::uint64_t count_ = 0;
};

void flatten_into(Type& type) {
  Flattener flat(type);
  switch (type.kind) {
    case Kind::bool_:
    case Kind::s8:
    case Kind::u8:
    case Kind::s16:
    case Kind::u16:
    case Kind::s32:
    case Kind::u32:
    case Kind::char_:
    case Kind::error_context:
    case Kind::flags:
    case Kind::own:
    case Kind::borrow:
    case Kind::stream:
    case Kind::future:
      flat.push(Flat::i32, Flat::i32);
      break;
    case Kind::s64:
    case Kind::u64:
      flat.push(Flat::i64, Flat::i64);
      break;
    case Kind::f32:
      flat.push(Flat::f32, Flat::f32);
      break;
    case Kind::f64:
      flat.push(Flat::f64, Flat::f64);
      break;
    case Kind::string:
    case Kind::list:
    case Kind::map:
      flat.push(Flat::i32, Flat::i64);
      flat.push(Flat::i32, Flat::i64);
      break;
    case Kind::record:
    case Kind::tuple:
      for (const auto& field : type.members) flat.append(*field.type, 1);
      break;
    case Kind::fixed_list:
      flat.append(*type.element, type.length);
      break;
    case Kind::variant:
    case Kind::enum_:
    case Kind::option:
    case Kind::result:
      flat.push(Flat::i32, Flat::i32);
      for (std::uint32_t i = 0; i < case_count(type); ++i)
        if (const auto* payload = case_payload(type, i)) flat.overlay(*payload);
      break;
  }
  flat.finish();
}

/// A layout in 64 bits, before it is known to fit.
struct WideLayout {
  std::uint64_t size;
  std::uint32_t align;
};

WideLayout lay_out_variant(Type& type, PointerSize pointer) {
  std::uint32_t payload_align = 1;
  std::uint64_t payload_size = 0;
  for (std::uint32_t i = 0; i < case_count(type); ++i) {
    if (const auto* payload = case_payload(type, i)) {
      payload_align = std::max(payload_align, payload->at(pointer).align);
      payload_size = std::max<std::uint64_t>(payload_size, payload->at(pointer).size);
    }
  }
  const auto offset = round_up(type.discriminant, payload_align);
  type.payload_offset[static_cast<std::size_t>(pointer)] = static_cast<std::uint32_t>(offset);
  const auto align = std::max<std::uint32_t>(type.discriminant, payload_align);
  return {round_up(offset + payload_size, align), align};
}

WideLayout lay_out(Type& type, PointerSize pointer) {
  switch (type.kind) {
    case Kind::bool_:
    case Kind::s8:
    case Kind::u8:
      return {1, 1};
    case Kind::s16:
    case Kind::u16:
      return {2, 2};
    case Kind::s32:
    case Kind::u32:
    case Kind::f32:
    case Kind::char_:
    case Kind::error_context:
    case Kind::own:
    case Kind::borrow:
    case Kind::stream:
    case Kind::future:
      return {4, 4};
    case Kind::s64:
    case Kind::u64:
    case Kind::f64:
      return {8, 8};
    case Kind::string:
    case Kind::list:
    case Kind::map:
      return {2 * std::uint64_t{pointer_bytes(pointer)}, pointer_bytes(pointer)};
    case Kind::record:
    case Kind::tuple: {
      RecordLayout record;
      for (const auto& field : type.members) record.add(field.type->at(pointer));
      return {record.size(), record.align()};
    }
    case Kind::fixed_list: {
      const auto element = type.element->at(pointer);
      return {std::uint64_t{element.size} * type.length, element.align};
    }
    case Kind::flags: {
      const std::uint32_t bytes = type.members.size() <= 8 ? 1 : type.members.size() <= 16 ? 2 : 4;
      return {bytes, bytes};
    }
    case Kind::variant:
    case Kind::enum_:
    case Kind::option:
    case Kind::result:
      return lay_out_variant(type, pointer);
  }
  return {0, 1};
}

/// Shapes the binary format does not have; the gate refuses them, and nothing here divides by their size.
bool is_possible(const Type& type) {
  switch (type.kind) {
    case Kind::record:
    case Kind::tuple:
      return !type.members.empty() &&
             std::ranges::all_of(type.members, [](const Member& field) { return field.type != nullptr; });
    case Kind::variant:
    case Kind::enum_:
      return !type.members.empty() && type.members.size() < (1ULL << 32U);
    case Kind::flags:
      return !type.members.empty() && type.members.size() <= kMaxFlags;
    case Kind::list:
    case Kind::option:
      return type.element != nullptr;
    case Kind::fixed_list:
      return type.element != nullptr && type.length > 0;
    case Kind::map:
      return type.element != nullptr && type.second != nullptr;
    default:
      return true;
  }
}

/// Fills in what follows from the shape; false if a bound is exceeded.
bool derive(Type& type) {
  type.depth = 1;
  type.contains_pointer = type.kind == Kind::string || type.kind == Kind::list || type.kind == Kind::map;
  type.contains_borrow = type.kind == Kind::borrow;
  type.contains_handle = type.kind == Kind::own || type.kind == Kind::borrow || type.kind == Kind::stream ||
                         type.kind == Kind::future || type.kind == Kind::error_context;
  // The payload of a stream or future lies elsewhere: moving the handle follows no pointer.
  const bool inside = type.kind != Kind::stream && type.kind != Kind::future;
  for_each_part(type, [&](const Type& part) {
    type.depth = std::max(type.depth, part.depth + 1);
    type.contains_pointer |= inside && part.contains_pointer;
    type.contains_handle |= part.contains_handle;
    type.contains_borrow |= part.contains_borrow;
  });
  if (type.depth > kMaxTypeDepth) return false;
  const bool has_cases = type.kind == Kind::variant || type.kind == Kind::enum_ ||
                         type.kind == Kind::option || type.kind == Kind::result;
  type.discriminant = has_cases ? discriminant_bytes(case_count(type)) : 0;
  for (const auto pointer : kPointerSizes) {
    const auto layout = lay_out(type, pointer);
    if (layout.size > kMaxElementSize) return false;
    type.layout[static_cast<std::size_t>(pointer)] = {static_cast<std::uint32_t>(layout.size), layout.align};
  }
  flatten_into(type);
  return true;
}

}  // namespace

std::uint64_t RecordLayout::add(Layout field) {
  const auto offset = round_up(end_, field.align);
  end_ = offset + field.size;
  align_ = std::max(align_, field.align);
  return offset;
}

std::uint64_t RecordLayout::size() const { return round_up(end_, align_); }

std::uint32_t case_count(const Type& type) {
  return type.kind == Kind::option || type.kind == Kind::result
             ? 2
             : static_cast<std::uint32_t>(type.members.size());
}

const Type* case_payload(const Type& type, std::uint32_t index) {
  switch (type.kind) {
    case Kind::option:
      return index == 0 ? nullptr : type.element;
    case Kind::result:
      return index == 0 ? type.element : type.second;
    default:
      return type.members[index].type;
  }
}

struct TypeArena::Table {
  std::deque<Type> types;
  std::deque<FuncType> functions;
  std::unordered_multimap<std::size_t, const Type*> type_index;
  std::unordered_multimap<std::size_t, const FuncType*> function_index;
  std::array<const Type*, static_cast<std::size_t>(Kind::error_context) + 1> primitives{};

  [[nodiscard]] bool full() const { return types.size() + functions.size() >= kMaxTypes; }
};

TypeArena::TypeArena() : table_(std::make_unique<Table>()) {
  for (std::size_t kind = 0; kind < table_->primitives.size(); ++kind)
    table_->primitives[kind] = intern(Type{.kind = static_cast<Kind>(kind)});
}

TypeArena::~TypeArena() = default;

const Type* TypeArena::primitive(Kind kind) const {
  const auto index = static_cast<std::size_t>(kind);
  return index < table_->primitives.size() ? table_->primitives[index] : nullptr;
}

const Type* TypeArena::intern(Type shape) {
  if (!is_possible(shape)) return nullptr;
  const auto hash = shape_hash(shape);
  const auto [begin, end] = table_->type_index.equal_range(hash);
  for (auto it = begin; it != end; ++it)
    if (same_shape(*it->second, shape)) return it->second;
  shape.pair = nullptr;
  if (shape.kind == Kind::map) {
    shape.pair = intern(Type{.kind = Kind::tuple, .members = {{"", shape.element}, {"", shape.second}}});
    if (shape.pair == nullptr) return nullptr;
  }
  if (table_->full() || !derive(shape)) return nullptr;
  const auto* type = &table_->types.emplace_back(std::move(shape));
  table_->type_index.emplace(hash, type);
  return type;
}

const FuncType* TypeArena::intern(FuncType shape) {
  const auto hash = shape_hash(shape);
  const auto [begin, end] = table_->function_index.equal_range(hash);
  for (auto it = begin; it != end; ++it)
    if (same_shape(*it->second, shape)) return it->second;
  if (table_->full()) return nullptr;
  const auto* type = &table_->functions.emplace_back(std::move(shape));
  table_->function_index.emplace(hash, type);
  return type;
}

Signature flatten(const FuncType& type, Direction direction, PointerSize size, CallStyle style) {
  const auto pointer = size == PointerSize::p32 ? Flat::i32 : Flat::i64;
  const bool async_lower = style != CallStyle::sync && direction == Direction::lower;
  Signature signature;
  std::uint64_t count = 0;
  for (const auto& param : type.params) count += param.type->flat_count;
  if (count > (async_lower ? kMaxFlatAsyncParams : kMaxFlatParams)) {
    signature.indirect_params = true;
    signature.params.push_back(pointer);
  } else {
    for (const auto& param : type.params)
      signature.params.insert(signature.params.end(), param.type->flat(size).begin(),
                              param.type->flat(size).end());
  }
  if (style == CallStyle::sync) {
    if (type.result == nullptr) return signature;
    if (type.result->flat_count > kMaxFlatResults) {
      signature.indirect_results = true;
      (direction == Direction::lift ? signature.results : signature.params).push_back(pointer);
    } else {
      signature.results.assign(type.result->flat(size).begin(), type.result->flat(size).end());
    }
    return signature;
  }
  if (direction == Direction::lift) {
    // The result comes through task.return, as parameters of that.
    signature.indirect_results = type.result != nullptr && type.result->flat_count > kMaxFlatParams;
    if (style == CallStyle::callback) signature.results.push_back(Flat::i32);
    return signature;
  }
  if (type.result != nullptr) {
    signature.indirect_results = true;
    signature.params.push_back(pointer);
  }
  signature.results.push_back(Flat::i32);
  return signature;
}

const ExternDesc* InstanceDesc::find(std::string_view name) const {
  const auto it =
      std::ranges::find(exports, name, [](const auto& item) -> std::string_view { return item.first; });
  return it == exports.end() ? nullptr : &it->second;
}

}  // namespace wisp::component
