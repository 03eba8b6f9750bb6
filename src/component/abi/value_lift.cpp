#include "component/abi/checks.hpp"
#include "component/abi/strings.hpp"
#include "component/abi/value.hpp"

#include <bit>

namespace wisp::component {
namespace {

/// Makes trees out of one side's values. Every node is paid for before it exists.
class Lifter {
 public:
  explicit Lifter(Side& side) : side_(side), pointer_(side.pointer()) {}

  Result<Value> from_flat(const Type& type, std::span<const wasmtime_val_raw_t> flat) {
    TRY(side_.charge(sizeof(Value)));
    switch (type.kind) {
      case Kind::string:
        return Value { TRY(lift_string(side_, {pointer_at(flat[0]), pointer_at(flat[1])})) };
      case Kind::list:
      case Kind::map:
        return list(type, pointer_at(flat[0]), pointer_at(flat[1]));
      case Kind::record:
      case Kind::tuple: {
        Value::List fields;
        std::size_t slot = 0;
        for (const auto& field : type.members) {
          fields.items.push_back(TRY(from_flat(*field.type, flat.subspan(slot))));
          slot += field.type->flat_count;
        }
        return Value{std::move(fields)};
      }
      case Kind::fixed_list: {
        Value::List items;
        for (std::size_t i = 0; i < type.length; ++i)
          items.items.push_back(TRY(from_flat(*type.element, flat.subspan(i * type.element->flat_count))));
        return Value{std::move(items)};
      }
      case Kind::variant:
      case Kind::enum_:
      case Kind::option:
      case Kind::result: {
        const auto index = static_cast<std::uint32_t>(load_slot(flat[0]));
        if (index >= case_count(type)) return invalid_discriminant(index, case_count(type));
        Value::Case chosen{index, nullptr};
        if (const auto* payload = case_payload(type, index))
          chosen.payload = std::make_unique<Value>(TRY(from_flat(*payload, flat.subspan(1))));
        return Value{std::move(chosen)};
      }
      default:
        return scalar(type, load_slot(flat[0]));
    }
  }

  /// [address, address + size of the type) is inside the memory and aligned.
  Result<Value> from_memory(const Type& type, std::uint64_t address) {
    TRY(side_.charge(sizeof(Value)));
    const auto layout = type.at(pointer_);
    switch (type.kind) {
      case Kind::string:
        return Value {
          TRY(lift_string(side_, {
            TRY(word(address))
            , TRY(word(address + width()))
          }))
        };
      case Kind::list:
      case Kind::map:
        return list(type, TRY(word(address)), TRY(word(address + width())));
      case Kind::record:
      case Kind::tuple: {
        Value::List fields;
        RecordLayout record;
        for (const auto& field : type.members)
          fields.items.push_back(
              TRY(from_memory(*field.type, address + record.add(field.type->at(pointer_)))));
        return Value{std::move(fields)};
      }
      case Kind::fixed_list:
        return elements(*type.element, address, type.length);
      case Kind::variant:
      case Kind::enum_:
      case Kind::option:
      case Kind::result: {
        const auto index = static_cast<std::uint32_t>(TRY(bytes(address, type.discriminant)));
        if (index >= case_count(type)) return invalid_discriminant(index, case_count(type));
        Value::Case chosen{index, nullptr};
        if (const auto* payload = case_payload(type, index))
          chosen.payload = std::make_unique<Value>(
              TRY(from_memory(*payload, address + type.payload_offset[static_cast<std::size_t>(pointer_)])));
        return Value{std::move(chosen)};
      }
      default:
        return scalar(type, TRY(bytes(address, layout.size)));
    }
  }

 private:
  [[nodiscard]] std::uint32_t width() const { return pointer_bytes(pointer_); }

  [[nodiscard]] std::uint64_t pointer_at(const wasmtime_val_raw_t& slot) const {
    return pointer_ == PointerSize::p32 ? static_cast<std::uint32_t>(load_slot(slot)) : load_slot(slot);
  }

  Result<std::uint64_t> bytes(std::uint64_t address, std::uint32_t size) {
    const auto range = TRY(side_.memory().range(address, size));
    std::uint64_t value = 0;
    std::memcpy(&value, range.data(), size);
    return value;
  }
  Result<std::uint64_t> word(std::uint64_t address) { return bytes(address, width()); }

  Result<Value> list(const Type& type, std::uint64_t address, std::uint64_t length) {
    const auto& element = *list_element(type);
    TRY(list_range(side_.memory(), address, length, element.at(pointer_)));
    return elements(element, address, length);
  }

  Result<Value> elements(const Type& element, std::uint64_t address, std::uint64_t length) {
    Value::List items;
    for (std::uint64_t i = 0; i < length; ++i)
      items.items.push_back(TRY(from_memory(element, address + i * element.at(pointer_).size)));
    return Value{std::move(items)};
  }

  Result<Value> scalar(const Type& type, std::uint64_t bits) {
    const auto low = static_cast<std::uint32_t>(bits);
    switch (type.kind) {
      case Kind::bool_:
        return Value{low != 0};
      case Kind::s8:
        return Value{static_cast<std::int8_t>(bits)};
      case Kind::u8:
        return Value{static_cast<std::uint8_t>(bits)};
      case Kind::s16:
        return Value{static_cast<std::int16_t>(bits)};
      case Kind::u16:
        return Value{static_cast<std::uint16_t>(bits)};
      case Kind::s32:
        return Value{static_cast<std::int32_t>(bits)};
      case Kind::u32:
        return Value{low};
      case Kind::s64:
        return Value{static_cast<std::int64_t>(bits)};
      case Kind::u64:
        return Value{bits};
      case Kind::f32:
        return Value{std::bit_cast<float>(low)};
      case Kind::f64:
        return Value{std::bit_cast<double>(bits)};
      case Kind::char_:
        if (!is_char(low)) return invalid_char(low);
        return Value{static_cast<char32_t>(low)};
      case Kind::flags: {
        Value::Flags flags;
        for (std::size_t i = 0; i < type.members.size(); ++i) flags.bits.push_back((low >> i & 1U) != 0);
        return Value{std::move(flags)};
      }
      case Kind::own:
        return Value{Value::Handle{type.resource, TRY(side_.lift_own(type.resource, low))}};
      case Kind::borrow:
        return Value{Value::Handle{type.resource, TRY(side_.lift_borrow(type.resource, low))}};
      case Kind::stream:
      case Kind::future:
        // Taken, so that what is wrong with the handle is said first; its owner lets it go again.
        side_.release_channel(TRY(side_.lift_channel(type, low)));
        return fail(Errc::unsupported_feature, "{} has no dynamic value", describe(&type));
      default:
        return fail(Errc::unsupported_feature, "{} has no dynamic value", describe(&type));
    }
  }

  Side& side_;
  PointerSize pointer_;
};

}  // namespace

Result<Value> lift_value(Side& side, const Type* type, std::span<const wasmtime_val_raw_t> flat) {
  if (type->flat_count > kMaxFlatParams || flat.size() < type->flat_count)
    return fail(Errc::internal, "{} slots for a value of {}", flat.size(), type->flat_count);
  return Lifter(side).from_flat(*type, flat);
}

Result<Value> load_value(Side& side, const Type* type, std::uint64_t address) {
  const auto layout = type->at(side.pointer());
  TRY(side.memory().range(address, layout.size, layout.align));
  return Lifter(side).from_memory(*type, address);
}

}  // namespace wisp::component
