#include "component/abi/checks.hpp"
#include "component/abi/strings.hpp"
#include "component/abi/value.hpp"

#include <bit>
#include <concepts>

namespace wisp::component {
namespace {

Unexpected mismatch(const Type& type) {
  return fail(Errc::trap_host, "a value is not of the type {}", describe(&type));
}

/// The bits of a number as a slot holds them: signed ones as their 32-bit form.
struct Bits {
  std::uint64_t operator()(bool value) const { return value ? 1 : 0; }
  std::uint64_t operator()(float value) const { return std::bit_cast<std::uint32_t>(value); }
  std::uint64_t operator()(double value) const { return std::bit_cast<std::uint64_t>(value); }
  std::uint64_t operator()(char32_t value) const { return value; }
  template <std::unsigned_integral T>
  std::uint64_t operator()(T value) const {
    return value;
  }
  template <std::signed_integral T>
  std::uint64_t operator()(T value) const {
    if constexpr (sizeof(T) == 8) return static_cast<std::uint64_t>(value);
    return static_cast<std::uint32_t>(static_cast<std::int32_t>(value));
  }
};

template <class T>
Result<std::uint64_t> number(const Type& type, const Value& value) {
  const auto* held = std::get_if<T>(&value.data);
  if (held == nullptr) return mismatch(type);
  return Bits{}(*held);
}

/// Writes trees to one side, whose parts must fit the type.
class Lowerer {
 public:
  explicit Lowerer(Side& side) : side_(side), pointer_(side.pointer()) {}

  Result<> to_flat(const Type& type, const Value& value, FlatSpan flat) {
    switch (type.kind) {
      case Kind::string: {
        const auto text = TRY(string(type, value));
        store_slot(flat[0], text.address);
        store_slot(flat[1], text.units);
        return {};
      }
      case Kind::list:
      case Kind::map: {
        const auto placed = TRY(list(type, value));
        store_slot(flat[0], placed.address);
        store_slot(flat[1], placed.units);
        return {};
      }
      case Kind::record:
      case Kind::tuple: {
        const auto* items = TRY(list_of(type, value, type.members.size()));
        std::size_t slot = 0;
        for (std::size_t i = 0; i < items->size(); ++i) {
          TRY(to_flat(*type.members[i].type, (*items)[i], flat.subspan(slot)));
          slot += type.members[i].type->flat_count;
        }
        return {};
      }
      case Kind::fixed_list: {
        const auto* items = TRY(list_of(type, value, type.length));
        for (std::size_t i = 0; i < items->size(); ++i)
          TRY(to_flat(*type.element, (*items)[i], flat.subspan(i * type.element->flat_count)));
        return {};
      }
      case Kind::variant:
      case Kind::enum_:
      case Kind::option:
      case Kind::result: {
        const auto* chosen = TRY(case_of(type, value));
        store_slot(flat[0], chosen->index);
        // Slots that the case does not use are zero.
        for (std::size_t i = 1; i < type.flat_count; ++i) store_slot(flat[i], 0);
        if (chosen->payload == nullptr) return {};
        return to_flat(*case_payload(type, chosen->index), *chosen->payload, flat.subspan(1));
      }
      default:
        store_slot(flat[0], TRY(scalar(type, value)));
        return {};
    }
  }

  /// [address, address + size of the type) is inside the memory and aligned.
  Result<> to_memory(const Type& type, const Value& value, std::uint64_t address) {
    switch (type.kind) {
      case Kind::string: {
        const auto text = TRY(string(type, value));
        return words(address, text.address, text.units);
      }
      case Kind::list:
      case Kind::map: {
        const auto placed = TRY(list(type, value));
        return words(address, placed.address, placed.units);
      }
      case Kind::record:
      case Kind::tuple: {
        const auto* items = TRY(list_of(type, value, type.members.size()));
        RecordLayout record;
        for (std::size_t i = 0; i < items->size(); ++i) {
          const auto& field = *type.members[i].type;
          TRY(to_memory(field, (*items)[i], address + record.add(field.at(pointer_))));
        }
        return {};
      }
      case Kind::fixed_list:
        return elements(*type.element, *TRY(list_of(type, value, type.length)), address);
      case Kind::variant:
      case Kind::enum_:
      case Kind::option:
      case Kind::result: {
        const auto* chosen = TRY(case_of(type, value));
        TRY(bytes(address, type.discriminant, chosen->index));
        if (chosen->payload == nullptr) return {};
        return to_memory(*case_payload(type, chosen->index), *chosen->payload,
                         address + type.payload_offset[static_cast<std::size_t>(pointer_)]);
      }
      default:
        return bytes(address, type.at(pointer_).size, TRY(scalar(type, value)));
    }
  }

 private:
  Result<> bytes(std::uint64_t address, std::uint32_t size, std::uint64_t value) {
    const auto range = TRY(side_.memory().range(address, size));
    std::memcpy(range.data(), &value, size);
    return {};
  }
  Result<> words(std::uint64_t address, std::uint64_t first, std::uint64_t second) {
    const auto width = pointer_bytes(pointer_);
    TRY(bytes(address, width, first));
    return bytes(address + width, width, second);
  }

  Result<StringRef> string(const Type& type, const Value& value) {
    const auto* text = std::get_if<std::string>(&value.data);
    if (text == nullptr) return mismatch(type);
    return lower_string(side_, *text);
  }

  static Result<const std::vector<Value>*> list_of(const Type& type, const Value& value, std::size_t size) {
    const auto* list = std::get_if<Value::List>(&value.data);
    if (list == nullptr || list->items.size() != size) return mismatch(type);
    return &list->items;
  }

  static Result<const Value::Case*> case_of(const Type& type, const Value& value) {
    const auto* chosen = std::get_if<Value::Case>(&value.data);
    if (chosen == nullptr || chosen->index >= case_count(type) ||
        (chosen->payload == nullptr) != (case_payload(type, chosen->index) == nullptr))
      return mismatch(type);
    return chosen;
  }

  /// Address and length of a list put into fresh memory (store_list_into_range).
  Result<StringRef> list(const Type& type, const Value& value) {
    const auto* list = std::get_if<Value::List>(&value.data);
    if (list == nullptr) return mismatch(type);
    const auto& element = *list_element(type);
    const auto layout = element.at(pointer_);
    if (list->items.size() > kMaxListBytes / layout.size)
      return fail(Errc::trap_limit, "a list of {} elements of {} bytes is too long", list->items.size(),
                  layout.size);
    const auto address = TRY(allocate(side_, layout.align, list->items.size() * layout.size));
    TRY(elements(element, list->items, address));
    return StringRef{address, list->items.size()};
  }

  Result<> elements(const Type& element, const std::vector<Value>& items, std::uint64_t address) {
    for (std::size_t i = 0; i < items.size(); ++i)
      TRY(to_memory(element, items[i], address + i * element.at(pointer_).size));
    return {};
  }

  Result<std::uint64_t> scalar(const Type& type, const Value& value) {
    switch (type.kind) {
      case Kind::bool_:
        return number<bool>(type, value);
      case Kind::s8:
        return number<std::int8_t>(type, value);
      case Kind::u8:
        return number<std::uint8_t>(type, value);
      case Kind::s16:
        return number<std::int16_t>(type, value);
      case Kind::u16:
        return number<std::uint16_t>(type, value);
      case Kind::s32:
        return number<std::int32_t>(type, value);
      case Kind::u32:
        return number<std::uint32_t>(type, value);
      case Kind::s64:
        return number<std::int64_t>(type, value);
      case Kind::u64:
        return number<std::uint64_t>(type, value);
      case Kind::f32:
        return number<float>(type, value);
      case Kind::f64:
        return number<double>(type, value);
      case Kind::char_: {
        const auto bits = TRY(number<char32_t>(type, value));
        if (!is_char(static_cast<std::uint32_t>(bits))) return mismatch(type);
        return bits;
      }
      case Kind::flags: {
        const auto* flags = std::get_if<Value::Flags>(&value.data);
        if (flags == nullptr || flags->bits.size() != type.members.size()) return mismatch(type);
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < flags->bits.size(); ++i) bits |= std::uint64_t{flags->bits[i]} << i;
        return bits;
      }
      case Kind::own:
      case Kind::borrow: {
        const auto* handle = std::get_if<Value::Handle>(&value.data);
        if (handle == nullptr || handle->resource != type.resource) return mismatch(type);
        return type.kind == Kind::own ? TRY(side_.lower_own(type.resource, handle->rep))
                                      : TRY(side_.lower_borrow(type.resource, handle->rep));
      }
      default:
        return fail(Errc::unsupported_feature, "{} has no dynamic value", describe(&type));
    }
  }

  Side& side_;
  PointerSize pointer_;
};

}  // namespace

Result<> lower_value(Side& side, const Type* type, const Value& value, FlatSpan flat) {
  if (type->flat_count > kMaxFlatParams || flat.size() < type->flat_count)
    return fail(Errc::internal, "{} slots for a value of {}", flat.size(), type->flat_count);
  return Lowerer(side).to_flat(*type, value, flat);
}

Result<> store_value(Side& side, const Type* type, const Value& value, std::uint64_t address) {
  const auto layout = type->at(side.pointer());
  TRY(side.memory().range(address, layout.size, layout.align));
  return Lowerer(side).to_memory(*type, value, address);
}

}  // namespace wisp::component
