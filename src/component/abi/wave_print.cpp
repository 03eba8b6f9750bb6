#include "component/abi/wave.hpp"
#include "component/abi/wave_lexer.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace wisp::component {
namespace {

/// The fewest digits that read back as the same number, written out without exponent as other tools do.
std::string without_exponent(std::floating_point auto number) {
  std::array<char, 40> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific).ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const auto e = text.find('e');
  const bool negative = text.starts_with('-');
  std::string digits;
  for (const char each : text.substr(negative ? 1 : 0, e - (negative ? 1 : 0)))
    if (each != '.') digits += each;
  const auto exponent_text = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
  int exponent = 0;
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);

  const int count = static_cast<int>(digits.size());
  if (exponent < 0) {
    digits = "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  } else if (exponent + 1 >= count) {
    digits.append(static_cast<std::size_t>(exponent + 1 - count), '0');
  } else {
    digits.insert(static_cast<std::size_t>(exponent + 1), ".");
  }
  return (negative ? "-" : "") + digits;
}

/// Appends the text of values. A value that does not fit its type, which is the caller's mistake, prints as
/// "?".
class Printer {
 public:
  void value(const Value& value, const Type* type) {
    std::visit([&](const auto& data) { print(data, *type); }, value.data);
  }
  std::string take() && { return std::move(out_); }

 private:
  void print(bool data, const Type&) { out_ += data ? "true" : "false"; }
  void print(std::integral auto data, const Type&) { out_ += fmt::format("{}", data); }

  void print(std::floating_point auto data, const Type&) {
    if (std::isnan(data)) {
      out_ += "nan";
      return;
    }
    if (std::isinf(data)) {
      out_ += data < 0 ? "-inf" : "inf";
      return;
    }
    out_ += without_exponent(data);
  }

  void print(char32_t data, const Type&) {
    out_ += '\'';
    character(data);
    out_ += '\'';
  }

  void print(const std::string& data, const Type&) {
    out_ += '"';
    for (std::string_view rest = data; !rest.empty();) {
      const auto [code_point, length] = first_code_point(rest);
      character(code_point);
      rest.remove_prefix(std::min(length, rest.size()));
    }
    out_ += '"';
  }

  void character(char32_t code_point) {
    switch (code_point) {
      case U'\\':
        out_ += "\\\\";
        return;
      case U'"':
        out_ += "\\\"";
        return;
      case U'\'':
        out_ += "\\'";
        return;
      case U'\t':
        out_ += "\\t";
        return;
      case U'\r':
        out_ += "\\r";
        return;
      case U'\n':
        out_ += "\\n";
        return;
      default:
        break;
    }
    const bool control = code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
    if (control) {
      out_ += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(code_point));
    } else {
      append_utf8(out_, code_point);
    }
  }

  void print(const Value::List& data, const Type& type) {
    switch (type.kind) {
      case Kind::record:
        return record(data, type);
      case Kind::tuple:
        return items(data, '(', ')', [&](std::size_t index) { return member(type, index); });
      case Kind::map:
        return map(data, type);
      default:
        return items(data, '[', ']', [&](std::size_t) { return type.element; });
    }
  }

  static const Type* member(const Type& type, std::size_t index) {
    return index < type.members.size() ? type.members[index].type : nullptr;
  }

  template <class TypeAt>
  void items(const Value::List& data, char open, char close, TypeAt type_at) {
    out_ += open;
    for (std::size_t index = 0; index < data.items.size(); ++index) {
      if (index != 0) out_ += ", ";
      item(data.items[index], type_at(index));
    }
    out_ += close;
  }

  void item(const Value& value, const Type* type) {
    if (type == nullptr) {
      out_ += '?';
    } else {
      this->value(value, type);
    }
  }

  void map(const Value::List& data, const Type& type) {
    out_ += '[';
    const char* separator = "";
    for (const auto& each : data.items) {
      out_ += separator;
      separator = ", ";
      if (const auto* pair = std::get_if<Value::List>(&each.data); pair != nullptr) {
        items(*pair, '(', ')', [&](std::size_t index) { return index == 0 ? type.element : type.second; });
      } else {
        out_ += '?';
      }
    }
    out_ += ']';
  }

  void record(const Value::List& data, const Type& type) {
    out_ += '{';
    const char* separator = "";
    for (std::size_t index = 0; index < data.items.size() && index < type.members.size(); ++index) {
      const auto& [name, field_type] = type.members[index];
      const auto* maybe = std::get_if<Value::Case>(&data.items[index].data);
      if (field_type->kind == Kind::option && maybe != nullptr && maybe->index == 0) continue;
      out_ += separator;
      separator = ", ";
      out_ += name;
      out_ += ": ";
      value(data.items[index], field_type);
    }
    if (*separator == 0) out_ += ':';
    out_ += '}';
  }

  void print(const Value::Case& data, const Type& type) {
    const Type* payload = nullptr;
    if (type.kind == Kind::option) {
      out_ += data.index == 0 ? "none" : "some";
      payload = type.element;
    } else if (type.kind == Kind::result) {
      out_ += data.index == 0 ? "ok" : "err";
      payload = data.index == 0 ? type.element : type.second;
    } else if (data.index < type.members.size()) {
      const auto& [name, case_type] = type.members[data.index];
      if (is_wave_keyword(name)) out_ += '%';
      out_ += name;
      payload = case_type;
    } else {
      out_ += '?';
    }
    if (data.payload == nullptr) return;
    out_ += '(';
    item(*data.payload, payload);
    out_ += ')';
  }

  void print(const Value::Flags& data, const Type& type) {
    out_ += '{';
    const char* separator = "";
    for (std::size_t index = 0; index < data.bits.size() && index < type.members.size(); ++index) {
      if (!data.bits[index]) continue;
      out_ += separator;
      separator = ", ";
      out_ += type.members[index].name;
    }
    out_ += '}';
  }

  void print(const Value::Handle& data, const Type&) { out_ += fmt::format("resource({})", data.rep.value); }

  std::string out_;
};

}  // namespace

std::string print_wave(const Value& value, const Type* type) {
  Printer printer;
  printer.value(value, type);
  return std::move(printer).take();
}

}  // namespace wisp::component
