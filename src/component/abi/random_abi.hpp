#pragma once

#include "component/abi/value.hpp"

#include <bit>
#include <cstdint>
#include <random>
#include <span>
#include <string>

namespace wisp::component {

/// Where tests and fuzzers take their decisions from.
class Choice {
 public:
  /// A number below `bound`, which is not 0.
  virtual std::uint32_t below(std::uint32_t bound) = 0;

  std::uint64_t bits() { return std::uint64_t{below(~0U)} << 32U | below(~0U); }

 protected:
  ~Choice() = default;
};

/// Decisions of a seed: the same each time.
class SeededChoice final : public Choice {
 public:
  explicit SeededChoice(std::uint32_t seed) : random_(seed) {}
  std::uint32_t below(std::uint32_t bound) override { return static_cast<std::uint32_t>(random_() % bound); }

 private:
  std::mt19937 random_;
};

/// Decisions of a fuzzer's input; zeros once it is used up.
class ByteChoice final : public Choice {
 public:
  explicit ByteChoice(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  std::uint32_t below(std::uint32_t bound) override;
  [[nodiscard]] std::span<const std::uint8_t> rest() const { return bytes_; }

 private:
  std::span<const std::uint8_t> bytes_;
};

namespace random_detail {

inline void append_utf8(std::string& text, char32_t c) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xc0 | c >> 6U);
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12U);
    put(0x80 | (c >> 6U & 63U));
  } else {
    put(0xf0 | c >> 18U);
    put(0x80 | (c >> 12U & 63U));
    put(0x80 | (c >> 6U & 63U));
  }
  put(0x80 | (c & 63U));
}

inline char32_t random_char(Choice& choice, char32_t bound) {
  const char32_t c = choice.below(bound);
  return c >= 0xd800 && c <= 0xdfff ? U'☃' : c;
}

inline std::string random_text(Choice& choice) {
  constexpr char32_t kBounds[] = {0x80, 0x80, 0x100, 0x800, 0x10000, 0x110000};
  const auto bound = kBounds[choice.below(6)];
  const auto size = choice.below(choice.below(8) == 0 ? 80 : 8);
  std::string text;
  for (std::uint32_t i = 0; i < size; ++i)
    append_utf8(text, choice.below(3) == 0 ? random_char(choice, bound) : U'a' + i % 26);
  return text;
}

inline Type labels(Kind kind, std::uint32_t count) {
  Type type{.kind = kind};
  for (std::uint32_t i = 0; i < count; ++i) type.members.push_back({"l" + std::to_string(i), nullptr});
  return type;
}

}  // namespace random_detail

inline std::uint32_t ByteChoice::below(std::uint32_t bound) {
  std::uint32_t value = 0;
  for (std::uint32_t range = bound - 1; range != 0 && !bytes_.empty(); range >>= 8U) {
    value = value << 8U | bytes_.front();
    bytes_ = bytes_.subspan(1);
  }
  return value % bound;
}

/// A type without streams, futures and error contexts, `depth` levels deep at most. Resources are numbered
/// below 4.
[[nodiscard]] inline const Type* random_type(TypeArena& arena, Choice& choice, int depth) {
  const auto leaf = [&] {
    return arena.primitive(static_cast<Kind>(choice.below(static_cast<std::uint32_t>(Kind::error_context))));
  };
  const auto inner = [&] { return random_type(arena, choice, depth - 1); };
  const auto maybe = [&]() -> const Type* { return choice.below(4) == 0 ? nullptr : inner(); };
  const Type* made = nullptr;
  switch (choice.below(depth <= 0 ? 8 : 20)) {
    case 0:
      made = arena.intern(random_detail::labels(Kind::flags, 1 + choice.below(32)));
      break;
    case 1:
      made = arena.intern(random_detail::labels(
          Kind::enum_, choice.below(16) == 0 ? 257 + choice.below(10) : 1 + choice.below(20)));
      break;
    case 2:
      made = arena.intern(Type{.kind = Kind::own, .resource = {choice.below(4)}});
      break;
    case 3:
      made = arena.intern(Type{.kind = Kind::borrow, .resource = {choice.below(4)}});
      break;
    case 4:
    case 5:
    case 6:
    case 7:
      return leaf();
    case 8:
    case 9:
    case 10: {
      Type record{.kind = choice.below(2) == 0 ? Kind::record : Kind::tuple};
      const auto count = 1 + choice.below(5);
      for (std::uint32_t i = 0; i < count; ++i)
        record.members.push_back({record.kind == Kind::tuple ? "" : "f" + std::to_string(i), inner()});
      made = arena.intern(std::move(record));
      break;
    }
    case 11:
    case 12:
    case 13:
      made = arena.intern(Type{.kind = Kind::list, .element = inner()});
      break;
    case 14:
      made = arena.intern(Type{.kind = Kind::fixed_list, .element = inner(), .length = 1 + choice.below(6)});
      break;
    case 15:
      made = arena.intern(Type{.kind = Kind::map, .element = leaf(), .second = inner()});
      break;
    case 16:
      made = arena.intern(Type{.kind = Kind::option, .element = inner()});
      break;
    case 17: {
      const auto* ok = maybe();
      made = arena.intern(Type{.kind = Kind::result, .element = ok, .second = maybe()});
      break;
    }
    default: {
      Type variant{.kind = Kind::variant};
      const auto count = 1 + choice.below(5);
      for (std::uint32_t i = 0; i < count; ++i) variant.members.push_back({"c" + std::to_string(i), maybe()});
      made = arena.intern(std::move(variant));
    }
  }
  return made != nullptr ? made : leaf();
}

/// A value of a type, with long strings and lists now and then. Own and borrow handles have a rep below 1000.
[[nodiscard]] inline Value random_value(const Type& type, Choice& choice) {
  switch (type.kind) {
    case Kind::bool_:
      return {choice.below(2) == 1};
    case Kind::s8:
      return {static_cast<std::int8_t>(choice.bits())};
    case Kind::u8:
      return {static_cast<std::uint8_t>(choice.bits())};
    case Kind::s16:
      return {static_cast<std::int16_t>(choice.bits())};
    case Kind::u16:
      return {static_cast<std::uint16_t>(choice.bits())};
    case Kind::s32:
      return {static_cast<std::int32_t>(choice.bits())};
    case Kind::u32:
      return {static_cast<std::uint32_t>(choice.bits())};
    case Kind::s64:
      return {static_cast<std::int64_t>(choice.bits())};
    case Kind::u64:
      return {choice.bits()};
    case Kind::f32:
      return {std::bit_cast<float>(static_cast<std::uint32_t>(choice.bits()))};
    case Kind::f64:
      return {std::bit_cast<double>(choice.bits())};
    case Kind::char_:
      return {random_detail::random_char(choice, 0x110000)};
    case Kind::string:
      return {random_detail::random_text(choice)};
    case Kind::flags: {
      Value::Flags flags;
      for (std::size_t i = 0; i < type.members.size(); ++i) flags.bits.push_back(choice.below(2) == 1);
      return {std::move(flags)};
    }
    case Kind::record:
    case Kind::tuple: {
      Value::List fields;
      for (const auto& member : type.members) fields.items.push_back(random_value(*member.type, choice));
      return {std::move(fields)};
    }
    case Kind::list:
    case Kind::map:
    case Kind::fixed_list: {
      Value::List items;
      const auto count =
          type.kind == Kind::fixed_list ? type.length : choice.below(choice.below(8) == 0 ? 12 : 4);
      for (std::uint32_t i = 0; i < count; ++i)
        items.items.push_back(random_value(*list_element(type), choice));
      return {std::move(items)};
    }
    case Kind::variant:
    case Kind::enum_:
    case Kind::option:
    case Kind::result: {
      Value::Case chosen{choice.below(case_count(type)), nullptr};
      if (const auto* payload = case_payload(type, chosen.index))
        chosen.payload = std::make_unique<Value>(random_value(*payload, choice));
      return {std::move(chosen)};
    }
    default:
      return {Value::Handle{type.resource, {choice.below(1000)}}};
  }
}

/// The same type in another arena, its resources numbered `resource_offset` higher.
[[nodiscard]] inline const Type* clone_type(TypeArena& arena, const Type& type,
                                            std::uint32_t resource_offset) {
  const auto clone = [&](const Type* part) {
    return part == nullptr ? nullptr : clone_type(arena, *part, resource_offset);
  };
  Type copy{
      .kind = type.kind, .element = clone(type.element), .second = clone(type.second), .length = type.length};
  if (type.kind == Kind::own || type.kind == Kind::borrow)
    copy.resource = {type.resource.value + resource_offset};
  for (const auto& member : type.members) copy.members.push_back({member.name, clone(member.type)});
  return arena.intern(std::move(copy));
}

/// The same value, likewise.
[[nodiscard]] inline Value clone_value(const Value& value, std::uint32_t resource_offset);

namespace random_detail {

struct Clone {
  std::uint32_t offset;
  Value operator()(const Value::List& list) const {
    Value::List copy;
    for (const auto& item : list.items) copy.items.push_back(clone_value(item, offset));
    return {std::move(copy)};
  }
  Value operator()(const Value::Case& chosen) const {
    Value::Case copy{chosen.index, nullptr};
    if (chosen.payload) copy.payload = std::make_unique<Value>(clone_value(*chosen.payload, offset));
    return {std::move(copy)};
  }
  Value operator()(const Value::Handle& handle) const {
    return {Value::Handle{{handle.resource.value + offset}, handle.rep}};
  }
  Value operator()(const auto& plain) const { return {plain}; }
};

}  // namespace random_detail

inline Value clone_value(const Value& value, std::uint32_t resource_offset) {
  return std::visit(random_detail::Clone{resource_offset}, value.data);
}

}  // namespace wisp::component
