#include "component/binary/core_types.hpp"

#include <limits>

namespace wisp::component::decoding {
namespace {

using ast::CoreValType;

constexpr std::uint8_t kRefNull = 0x63, kRef = 0x64, kFuncHeap = 0x70, kExternHeap = 0x6f;

bool is_abstract_heap_type(std::uint8_t byte) { return byte >= 0x69 && byte <= 0x74; }

/// heaptype: an abstract one as its byte, 0 for an index.
Result<std::uint8_t> read_heap_type(Reader& in) {
  const auto first = TRY(in.peek());
  if (is_abstract_heap_type(first)) return in.byte();
  if (TRY(in.s33()) < 0) return in.malformed("unknown heap type {:#04x}", first);
  return std::uint8_t{0};
}

Result<> skip_storage_type(Reader& in) {
  const auto first = TRY(in.peek());
  if (first == 0x78 || first == 0x77) {
    (void)TRY(in.byte());
    return {};
  }
  (void)TRY(read_core_val_type(in));
  return {};
}

Result<> skip_field(Reader& in) {
  TRY(skip_storage_type(in));
  (void)TRY(in.flag("mutability"));
  return {};
}

using Plain = std::variant<ast::CoreFuncType, ast::CoreOtherType>;

/// comptype.
Result<Plain> read_composite(Reader& in) {
  const auto form = TRY(in.byte());
  switch (form) {
    case 0x60: {
      auto params = TRY(read_vec<CoreValType>(in, read_core_val_type));
      auto results = TRY(read_vec<CoreValType>(in, read_core_val_type));
      return ast::CoreFuncType{std::move(params), std::move(results)};
    }
    case 0x5f: {
      const auto fields = TRY(in.count());
      for (std::uint32_t index = 0; index < fields; ++index) TRY(skip_field(in));
      return ast::CoreOtherType{};
    }
    case 0x5e:
      TRY(skip_field(in));
      return ast::CoreOtherType{};
    default:
      return in.malformed("invalid leading byte {:#04x} for a core type", form);
  }
}

/// subtype: 0x50 or 0x4f with supertypes, or a bare comptype.
Result<Plain> read_subtype(Reader& in) {
  const auto first = TRY(in.peek());
  if (first == 0x50 || first == 0x4f) {
    (void)TRY(in.byte());
    const auto supertypes = TRY(in.count());
    for (std::uint32_t index = 0; index < supertypes; ++index) (void)TRY(in.u32());
  }
  return read_composite(in);
}

ast::CoreType as_type(Plain plain, std::uint32_t count) {
  return std::visit([&](auto& type) { return ast::CoreType{std::move(type), count}; }, plain);
}

/// core:rectype: one subtype or a group, which adds as many indices as it has members.
Result<ast::CoreType> read_rec_type(Reader& in) {
  if (TRY(in.peek()) != 0x4e) return as_type(TRY(read_subtype(in)), 1);
  (void)TRY(in.byte());
  const auto count = TRY(in.count());
  TRY(in.add_definitions(count));
  Plain last = ast::CoreOtherType{};
  for (std::uint32_t index = 0; index < count; ++index) last = TRY(read_subtype(in));
  if (count != 1) last = ast::CoreOtherType{};
  return as_type(std::move(last), count);
}

struct Limits {
  std::uint64_t min;
  std::optional<std::uint64_t> max;
  bool is64, shared;
  std::uint32_t page_log2;
};

/// limits: bit 0 a maximum, bit 1 shared, bit 2 64 bits wide, bit 3 a page size (memories only).
Result<Limits> read_limits(Reader& in, std::uint8_t allowed) {
  const auto flags = TRY(in.byte());
  if ((flags & ~allowed) != 0) return in.malformed("invalid limits flags {:#04x}", flags);
  Limits limits {
    .min = TRY(in.u64())
    , .max = {}, .is64 = (flags & 4) != 0, .shared = (flags & 2) != 0, .page_log2 = 16
  };
  if ((flags & 1) != 0) limits.max = TRY(in.u64());
  if ((flags & 8) != 0) {
    limits.page_log2 = TRY(in.u32());
    if (limits.page_log2 >= 64) return in.malformed("invalid custom page size");
  }
  return limits;
}

std::uint64_t in_bytes(std::uint64_t pages, std::uint32_t page_log2) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  return pages > kMost >> page_log2 ? kMost : pages << page_log2;
}

/// core:externtype; only its sort is kept.
Result<ast::Sort> read_core_extern_type(Reader& in) {
  const auto sort = TRY(read_core_sort(in, CoreSorts::module_items));
  switch (sort) {
    case ast::Sort::core_func:
      (void)TRY(in.u32());
      break;
    case ast::Sort::core_table:
      (void)TRY(read_core_val_type(in));
      (void)TRY(read_limits(in, 0b0111));
      break;
    case ast::Sort::core_memory:
      (void)TRY(read_core_memory(in));
      break;
    case ast::Sort::core_global:
      TRY(skip_field(in));
      break;
    default:  // a tag: attribute and type
      if (TRY(in.byte()) != 0) return in.malformed("invalid tag attribute");
      (void)TRY(in.u32());
  }
  return sort;
}

Result<> read_module_decl(Reader& in, ast::CoreModuleType& type) {
  const auto kind = TRY(in.byte());
  switch (kind) {
    case 0x00:
      type.imports.push_back(TRY(read_core_import(in)));
      return {};
    case 0x01:
      (void)TRY(read_rec_type(in));
      return {};
    case 0x02:
      if (TRY(in.byte()) != 0x10) return in.malformed("a module type may alias types only");
      if (TRY(in.byte()) != 0x01) return in.malformed("a module type may alias outer types only");
      (void)TRY(in.u32());
      (void)TRY(in.u32());
      return {};
    case 0x03: {
      const auto name = TRY(in.name());
      type.exports.push_back({ name, TRY(read_core_extern_type(in)) });
      return {};
    }
    default:
      return in.malformed("invalid leading byte {:#04x} for a module type declaration", kind);
  }
}

}  // namespace

Result<CoreValType> read_core_val_type(Reader& in) {
  const auto byte = TRY(in.byte());
  switch (byte) {
    case 0x7f:
      return CoreValType::i32;
    case 0x7e:
      return CoreValType::i64;
    case 0x7d:
      return CoreValType::f32;
    case 0x7c:
      return CoreValType::f64;
    case 0x7b:
      return CoreValType::v128;
    case kFuncHeap:
      return CoreValType::funcref;
    case kExternHeap:
      return CoreValType::externref;
    case kRef:
      (void)TRY(read_heap_type(in));
      return CoreValType::other;
    case kRefNull: {
      const auto heap = TRY(read_heap_type(in));
      if (heap == kFuncHeap) return CoreValType::funcref;
      return heap == kExternHeap ? CoreValType::externref : CoreValType::other;
    }
    default:
      if (is_abstract_heap_type(byte)) return CoreValType::other;
      return in.malformed("unknown core value type {:#04x}", byte);
  }
}

Result<bool> read_is_i64(Reader& in) {
  const auto type = TRY(read_core_val_type(in));
  if (type != CoreValType::i32 && type != CoreValType::i64) return in.malformed("i32 or i64 expected");
  return type == CoreValType::i64;
}

Result<ast::Sort> read_core_sort(Reader& in, CoreSorts which) {
  const auto byte = TRY(in.byte());
  if (byte <= 0x04) return static_cast<ast::Sort>(byte);
  if (which == CoreSorts::all && byte >= 0x10 && byte <= 0x12)
    return static_cast<ast::Sort>(byte - 0x10 + static_cast<std::uint8_t>(ast::Sort::core_type));
  return in.malformed("invalid leading byte {:#04x} for a core sort", byte);
}

Result<ast::CoreImport> read_core_import(Reader& in) {
  const auto module = TRY(in.name());
  const auto name = TRY(in.name());
  return ast::CoreImport { module, name, TRY(read_core_extern_type(in)) };
}

Result<ast::CoreMemory> read_core_memory(Reader& in) {
  const auto limits = TRY(read_limits(in, 0b1111));
  ast::CoreMemory memory{in_bytes(limits.min, limits.page_log2), {}, limits.is64, limits.shared};
  if (limits.max) memory.max_bytes = in_bytes(*limits.max, limits.page_log2);
  return memory;
}

Result<ast::CoreType> read_core_type(Reader& in) {
  const auto first = TRY(in.peek());
  if (first == 0x00) {  // a non-final sub: 0x50 alone means a module type here
    (void)TRY(in.byte());
    if (TRY(in.peek()) != 0x50) return in.malformed("invalid leading byte for a non-final sub type");
    return read_rec_type(in);
  }
  if (first != 0x50) return read_rec_type(in);
  (void)TRY(in.byte());
  const auto count = TRY(in.count());
  TRY(in.add_definitions(count));
  ast::CoreModuleType type;
  for (std::uint32_t index = 0; index < count; ++index) TRY(read_module_decl(in, type));
  return ast::CoreType{std::move(type), 1};
}

}  // namespace wisp::component::decoding
