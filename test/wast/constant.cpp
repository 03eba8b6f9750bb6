#include "constant.hpp"

#include "component/abi/wave_lexer.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>

namespace wisp::wast {
namespace {

namespace json = boost::json;
using component::Kind;
using component::Type;
using component::Value;

/// The name of a kind in scripts.
std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::bool_:
      return "bool";
    case Kind::s8:
      return "s8";
    case Kind::u8:
      return "u8";
    case Kind::s16:
      return "s16";
    case Kind::u16:
      return "u16";
    case Kind::s32:
      return "s32";
    case Kind::u32:
      return "u32";
    case Kind::s64:
      return "s64";
    case Kind::u64:
      return "u64";
    case Kind::f32:
      return "f32";
    case Kind::f64:
      return "f64";
    case Kind::char_:
      return "char";
    case Kind::string:
      return "string";
    case Kind::record:
      return "record";
    case Kind::variant:
      return "variant";
    case Kind::list:
    case Kind::fixed_list:
    case Kind::map:
      return "list";
    case Kind::tuple:
      return "tuple";
    case Kind::flags:
      return "flags";
    case Kind::enum_:
      return "enum";
    case Kind::option:
      return "option";
    case Kind::result:
      return "result";
    case Kind::own:
    case Kind::borrow:
    case Kind::stream:
    case Kind::future:
    case Kind::error_context:
      return "(no constant)";
  }
  return {};
}

Unexpected mismatch(const json::value& constant, const Type* type) {
  return fail(Errc::usage, "the constant {} is not a {}", json::serialize(constant), describe(type));
}

/// Converts the content of one constant; `whole` is for messages.
class Converter {
 public:
  Converter(const json::value& whole, const Type* type) : whole_(whole), type_(type) {}

  Result<Value> convert(const json::value& content) {
    switch (type_->kind) {
      case Kind::bool_:
        return content.is_bool() ? Result<Value>(Value{content.get_bool()}) : mismatch();
      case Kind::s8:
        return integer<std::int8_t>(content);
      case Kind::u8:
        return integer<std::uint8_t>(content);
      case Kind::s16:
        return integer<std::int16_t>(content);
      case Kind::u16:
        return integer<std::uint16_t>(content);
      case Kind::s32:
        return integer<std::int32_t>(content);
      case Kind::u32:
        return integer<std::uint32_t>(content);
      case Kind::s64:
        return integer<std::int64_t>(content);
      case Kind::u64:
        return integer<std::uint64_t>(content);
      case Kind::f32:
        return floating<float, std::uint32_t>(content);
      case Kind::f64:
        return floating<double, std::uint64_t>(content);
      case Kind::char_:
        return character(content);
      case Kind::string:
        return content.is_string() ? Result<Value>(Value{std::string(content.get_string())}) : mismatch();
      case Kind::record:
        return record(content);
      case Kind::tuple:
        return tuple(content, type_->members);
      case Kind::list:
      case Kind::fixed_list:
      case Kind::map:
        return list(content);
      case Kind::flags:
        return flags(content);
      case Kind::variant:
        return variant(content);
      case Kind::enum_:
        return content.is_string() ? labelled(content.get_string(), nullptr) : mismatch();
      case Kind::option:
        return option(content);
      case Kind::result:
        return result(content);
      case Kind::own:
      case Kind::borrow:
      case Kind::stream:
      case Kind::future:
      case Kind::error_context:
        break;
    }
    return mismatch();
  }

 private:
  [[nodiscard]] Unexpected mismatch() const { return wast::mismatch(whole_, type_); }

  template <class Int>
  Result<Int> parse(const json::value& content) const {
    if (!content.is_string()) return mismatch();
    const std::string_view text = content.get_string();
    Int value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return mismatch();
    return value;
  }

  template <class Int>
  Result<Value> integer(const json::value& content) const {
    return Value { TRY(parse<Int>(content)) };
  }

  /// Floats are their bits as a number, or a NaN pattern.
  template <class Float, class Bits>
  Result<Value> floating(const json::value& content) const {
    if (content.is_string() && std::string_view(content.get_string()).starts_with("nan:"))
      return Value{std::numeric_limits<Float>::quiet_NaN()};
    return Value { std::bit_cast<Float>(TRY(parse<Bits>(content))) };
  }

  Result<Value> character(const json::value& content) const {
    if (!content.is_string() || content.get_string().empty()) return mismatch();
    const std::string_view text = content.get_string();
    const auto first = component::first_code_point(text);
    if (first.length != text.size()) return mismatch();
    return Value{first.value};
  }

  Result<Value> tuple(const json::value& content, std::span<const component::Member> members) const {
    if (!content.is_array() || content.get_array().size() != members.size()) return mismatch();
    Value::List list;
    for (std::size_t index = 0; index < members.size(); ++index)
      list.items.push_back(TRY(to_value(content.get_array()[index], members[index].type)));
    return Value{std::move(list)};
  }

  /// Pairs of name and constant, in the order of the type.
  Result<Value> record(const json::value& content) const {
    if (!content.is_array() || content.get_array().size() != type_->members.size()) return mismatch();
    Value::List list;
    for (std::size_t index = 0; index < type_->members.size(); ++index) {
      const auto* pair = content.get_array()[index].if_array();
      const auto& member = type_->members[index];
      if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() ||
          (*pair)[0].get_string() != member.name)
        return mismatch();
      list.items.push_back(TRY(to_value((*pair)[1], member.type)));
    }
    return Value{std::move(list)};
  }

  Result<Value> list(const json::value& content) const {
    if (!content.is_array()) return mismatch();
    Value::List list;
    for (const auto& item : content.get_array()) list.items.push_back(TRY(element(item)));
    if (type_->kind == Kind::fixed_list && list.items.size() != type_->length) return mismatch();
    return Value{std::move(list)};
  }

  Result<Value> element(const json::value& item) const {
    if (type_->kind != Kind::map) return to_value(item, type_->element);
    const auto* pair = item.if_object();
    if (pair == nullptr || !pair->contains("value")) return mismatch();
    const component::Member members[] = {{"", type_->element}, {"", type_->second}};
    return tuple(pair->at("value"), members);
  }

  Result<Value> flags(const json::value& content) const {
    if (!content.is_array()) return mismatch();
    Value::Flags flags{.bits = std::vector<bool>(type_->members.size())};
    for (const auto& label : content.get_array()) {
      if (!label.is_string()) return mismatch();
      const auto index = TRY(index_of(label.get_string()));
      flags.bits[index] = true;
    }
    return Value{std::move(flags)};
  }

  Result<std::uint32_t> index_of(std::string_view label) const {
    const auto found = std::ranges::find(type_->members, label, &component::Member::name);
    if (found == type_->members.end()) return mismatch();
    return static_cast<std::uint32_t>(found - type_->members.begin());
  }

  Result<Value> labelled(std::string_view label, const json::value* payload) const {
    const auto index = TRY(index_of(label));
    return with_payload(index, payload, type_->members[index].type);
  }

  Result<Value> with_payload(std::uint32_t index, const json::value* payload,
                             const Type* payload_type) const {
    const bool given = payload != nullptr && !payload->is_null();
    if (given != (payload_type != nullptr)) return mismatch();
    Value::Case one{.index = index, .payload = nullptr};
    if (given) one.payload = std::make_unique<Value>(TRY(to_value(*payload, payload_type)));
    return Value{std::move(one)};
  }

  Result<Value> variant(const json::value& content) const {
    const auto* object = content.if_object();
    const auto* label = object == nullptr ? nullptr : object->if_contains("case");
    if (label == nullptr || !label->is_string()) return mismatch();
    return labelled(label->get_string(), object->if_contains("payload"));
  }

  Result<Value> option(const json::value& content) const {
    return content.is_null() ? with_payload(0, nullptr, nullptr) : with_payload(1, &content, type_->element);
  }

  /// {"Ok": …} or {"Err": …}.
  Result<Value> result(const json::value& content) const {
    const auto* object = content.if_object();
    if (object == nullptr) return mismatch();
    if (const auto* ok = object->if_contains("Ok")) return with_payload(0, ok, type_->element);
    if (const auto* error = object->if_contains("Err")) return with_payload(1, error, type_->second);
    return mismatch();
  }

  const json::value& whole_;
  const Type* type_;
};

}  // namespace

Result<Value> to_value(const json::value& constant, const Type* type) {
  const auto* object = constant.if_object();
  const auto* kind = object == nullptr ? nullptr : object->if_contains("type");
  if (kind == nullptr || !kind->is_string() || kind->get_string() != name_of(type->kind))
    return mismatch(constant, type);
  static const json::value kNull;
  const auto* content = object->if_contains("value");
  return Converter(constant, type).convert(content == nullptr ? kNull : *content);
}

}  // namespace wisp::wast
