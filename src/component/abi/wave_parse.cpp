#include "component/abi/wave.hpp"
#include "component/abi/wave_lexer.hpp"
#include "component/binary/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

namespace wisp::component {
namespace {

bool is_option_or_result(const Type* type) {
  return type->kind == Kind::option || type->kind == Kind::result;
}

/// Reads what the type asks for. Recursion follows the type, whose depth is bounded.
class Parser {
 public:
  Parser(std::string_view text, std::size_t at) : in_(text, at) {}

  Result<> finish() { return in_.finish(); }

  Result<std::vector<Value>> args(const FuncType& type) {
    std::vector<Value> values;
    if (in_.take('(')) {
      while (!in_.take(')')) {
        if (values.size() == type.params.size())
          return in_.error(in_.here(), "too many arguments: {} of {} expected", describe(type),
                           type.params.size());
        const auto& param = type.params[values.size()];
        values.push_back(TRY(value(param.type)));
        if (!in_.next_is(')')) TRY(in_.expect(',', "or `)` after an argument"));
      }
    }
    while (values.size() < type.params.size()) {
      const auto& param = type.params[values.size()];
      if (param.type->kind != Kind::option)
        return in_.error(in_.here(), "the argument `{}: {}` is missing", param.name, describe(param.type));
      values.push_back(Value{Value::Case{0, nullptr}});
    }
    return values;
  }

  Result<Value> value(const Type* type) {
    switch (type->kind) {
      case Kind::bool_:
        return boolean();
      case Kind::s8:
        return integer<std::int8_t>(type);
      case Kind::u8:
        return integer<std::uint8_t>(type);
      case Kind::s16:
        return integer<std::int16_t>(type);
      case Kind::u16:
        return integer<std::uint16_t>(type);
      case Kind::s32:
        return integer<std::int32_t>(type);
      case Kind::u32:
        return integer<std::uint32_t>(type);
      case Kind::s64:
        return integer<std::int64_t>(type);
      case Kind::u64:
        return integer<std::uint64_t>(type);
      case Kind::f32:
        return floating<float>(type);
      case Kind::f64:
        return floating<double>(type);
      case Kind::char_:
        return Value { TRY(in_.character()) };
      case Kind::string:
        return Value { TRY(in_.string()) };
      case Kind::list:
        return sequence('[', ']', [&](std::size_t) { return type->element; });
      case Kind::fixed_list:
        return fixed_list(*type);
      case Kind::map:
        return map(*type);
      case Kind::tuple:
        return tuple(*type);
      case Kind::record:
        return record(*type);
      case Kind::flags:
        return flags(*type);
      case Kind::variant:
      case Kind::enum_:
        return variant(*type);
      case Kind::option:
        return option(*type);
      case Kind::result:
        return result(*type);
      case Kind::own:
      case Kind::borrow:
      case Kind::stream:
      case Kind::future:
      case Kind::error_context:
        break;
    }
    return in_.error(in_.here(), "a value of type {} cannot be written", describe(type));
  }

 private:
  Result<Value> boolean() {
    const auto label = in_.peek_label();
    if (label.escaped || (label.word != "true" && label.word != "false"))
      return in_.expected("true or false");
    (void)TRY(in_.label("true or false"));
    return Value{label.word == "true"};
  }

  template <class Int>
  Result<Value> integer(const Type* type) {
    const auto at = in_.here();
    const auto text = TRY(in_.number(fmt::format("a number ({})", describe(type))));
    Int parsed{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (error == std::errc::result_out_of_range || (std::is_unsigned_v<Int> && text.starts_with('-')))
      return in_.error(at, "{} is not in the range of a {} ({} to {})", text, describe(type),
                       std::numeric_limits<Int>::min(), std::numeric_limits<Int>::max());
    if (error != std::errc() || end != text.data() + text.size())
      return in_.error(at, "{} is not an integer", text);
    return Value{parsed};
  }

  template <class Float>
  Result<Value> floating(const Type* type) {
    const auto at = in_.here();
    const auto text = TRY(in_.number(fmt::format("a number ({})", describe(type))));
    if (text == "nan") return Value{std::numeric_limits<Float>::quiet_NaN()};
    Float parsed{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (error == std::errc::result_out_of_range)
      return in_.error(at, "{} is not in the range of {}", text, describe(type));
    return Value{parsed};
  }

  /// Comma-separated values between two marks; the type of each by its position.
  template <class TypeAt>
  Result<Value> sequence(char open, char close, TypeAt type_at) {
    TRY(in_.expect(open, "to begin a list"));
    Value::List list;
    while (!in_.take(close)) {
      list.items.push_back(TRY(value(type_at(list.items.size()))));
      if (!in_.next_is(close)) TRY(in_.expect(',', fmt::format("or `{}`", close)));
    }
    return Value{std::move(list)};
  }

  Result<Value> fixed_list(const Type& type) {
    const auto at = in_.here();
    auto list = TRY(sequence('[', ']', [&](std::size_t) { return type.element; }));
    const auto count = std::get<Value::List>(list.data).items.size();
    if (count != type.length) return in_.error(at, "{} elements expected, {} given", type.length, count);
    return list;
  }

  Result<Value> map(const Type& type) {
    TRY(in_.expect('[', "to begin a list of pairs"));
    Value::List list;
    while (!in_.take(']')) {
      Value::List pair;
      TRY(in_.expect('(', "to begin a pair"));
      pair.items.push_back(TRY(value(type.element)));
      TRY(in_.expect(',', "after a key"));
      pair.items.push_back(TRY(value(type.second)));
      (void)in_.take(',');
      TRY(in_.expect(')', "to end a pair"));
      list.items.push_back(Value{std::move(pair)});
      if (!in_.next_is(']')) TRY(in_.expect(',', "or `]`"));
    }
    return Value{std::move(list)};
  }

  Result<Value> tuple(const Type& type) {
    TRY(in_.expect('(', "to begin a tuple"));
    Value::List list;
    for (const auto& member : type.members) {
      if (in_.next_is(')'))
        return in_.error(in_.here(), "a tuple of {} values expected, {} given", type.members.size(),
                         list.items.size());
      list.items.push_back(TRY(value(member.type)));
      if (!in_.next_is(')')) TRY(in_.expect(',', "or `)`"));
    }
    TRY(in_.expect(')', fmt::format("after {} values", type.members.size())));
    return Value{std::move(list)};
  }

  static std::size_t index_of(const Type& type, std::string_view name) {
    return static_cast<std::size_t>(std::ranges::find(type.members, name, &Member::name) -
                                    type.members.begin());
  }

  Result<Value> record(const Type& type) {
    const auto begin = in_.here();
    TRY(in_.expect('{', "to begin a record"));
    std::vector<std::optional<Value>> fields(type.members.size());
    if (in_.take(':')) {
      TRY(in_.expect('}', "after `{:`"));
    } else {
      if (in_.next_is('}')) return in_.error(begin, "a record without fields is written {{:}}");
      while (!in_.take('}')) {
        const auto label = TRY(in_.label("the name of a field"));
        const auto index = index_of(type, label.word);
        if (index == fields.size())
          return in_.error(label.at, "no field is called `{}`; there are {}", label.word, names(type));
        if (fields[index]) return in_.error(label.at, "the field `{}` is given twice", label.word);
        TRY(in_.expect(':', "after the name of a field"));
        fields[index] = TRY(value(type.members[index].type));
        if (!in_.next_is('}')) TRY(in_.expect(',', "or `}` after a field"));
      }
    }
    Value::List list;
    for (std::size_t index = 0; index < fields.size(); ++index) {
      if (!fields[index]) {
        const auto& member = type.members[index];
        if (member.type->kind != Kind::option)
          return in_.error(begin, "the field `{}: {}` is missing", member.name, describe(member.type));
        fields[index] = Value{Value::Case{0, nullptr}};
      }
      list.items.push_back(std::move(*fields[index]));
    }
    return Value{std::move(list)};
  }

  Result<Value> flags(const Type& type) {
    TRY(in_.expect('{', "to begin flags"));
    Value::Flags flags{.bits = std::vector<bool>(type.members.size())};
    while (!in_.take('}')) {
      const auto label = TRY(in_.label("the name of a flag"));
      const auto index = index_of(type, label.word);
      if (index == type.members.size())
        return in_.error(label.at, "no flag is called `{}`; there are {}", label.word, names(type));
      if (flags.bits[index]) return in_.error(label.at, "the flag `{}` is given twice", label.word);
      flags.bits[index] = true;
      if (!in_.next_is('}')) TRY(in_.expect(',', "or `}` after a flag"));
    }
    return Value{std::move(flags)};
  }

  Result<Value> variant(const Type& type) {
    const auto label = TRY(in_.label(fmt::format("one of {}", names(type))));
    const auto index = index_of(type, label.word);
    if (index == type.members.size())
      return in_.error(label.at, "no case is called `{}`; there are {}", label.word, names(type));
    if (!label.escaped && is_wave_keyword(label.word))
      return in_.error(label.at, "the case `{0}` is written %{0}", label.word);
    return payload(static_cast<std::uint32_t>(index), label.word, type.members[index].type);
  }

  /// What follows the name of a case.
  Result<Value> payload(std::uint32_t index, std::string_view name, const Type* type) {
    if (type == nullptr) {
      if (in_.next_is('(')) return in_.error(in_.here(), "`{}` has no payload", name);
      return Value{Value::Case{index, nullptr}};
    }
    TRY(in_.expect('(', fmt::format("and a {} after `{}`", describe(type), name)));
    auto inner = TRY(value(type));
    TRY(in_.expect(')', fmt::format("after the payload of `{}`", name)));
    return Value{Value::Case{index, std::make_unique<Value>(std::move(inner))}};
  }

  Result<Value> option(const Type& type) {
    return explicit_or_flat({CaseOf{"none", 0, nullptr}, CaseOf{"some", 1, type.element}}, 1);
  }
  Result<Value> result(const Type& type) {
    return explicit_or_flat({CaseOf{"ok", 0, type.element}, CaseOf{"err", 1, type.second}}, 0);
  }

  struct CaseOf {
    std::string_view name;
    std::uint32_t index;
    const Type* payload;
  };
  /// A case by its keyword, or the bare payload of the case `flat`.
  Result<Value> explicit_or_flat(const std::array<CaseOf, 2>& cases, std::uint32_t flat) {
    const auto label = in_.peek_label();
    for (const auto& each : cases) {
      if (label.escaped || label.word != each.name) continue;
      (void)TRY(in_.label(each.name));
      return payload(each.index, each.name, each.payload);
    }
    const auto* inner = cases[flat].payload;
    if (inner == nullptr || is_option_or_result(inner))
      return in_.expected(fmt::format("`{}` or `{}`", cases[0].name, cases[1].name));
    auto bare = TRY(value(inner));
    return Value{Value::Case{flat, std::make_unique<Value>(std::move(bare))}};
  }

  /// "`a`, `b` and 3 more".
  static std::string names(const Type& type) {
    constexpr std::size_t kShown = 8;
    std::string text;
    for (std::size_t index = 0; index < std::min(kShown, type.members.size()); ++index)
      text += fmt::format("{}`{}`", index == 0 ? "" : ", ", type.members[index].name);
    if (type.members.size() > kShown) text += fmt::format(" and {} more", type.members.size() - kShown);
    return text;
  }

  WaveLexer in_;
};

Result<> check_text(std::string_view text) {
  if (!valid_utf8(text)) return fail(Errc::wave_syntax, "the text is not UTF-8");
  return {};
}

}  // namespace

Result<WaveCall> parse_wave_call(std::string_view text) {
  TRY(check_text(text));
  const auto args_at = std::min(text.find('('), text.size());
  auto name = text.substr(0, args_at);
  const auto first = name.find_first_not_of(" \t\r\n");
  if (first == name.npos) return fail(Errc::wave_syntax, "expected the name of a function at column 1");
  name = name.substr(first, name.find_last_not_of(" \t\r\n") + 1 - first);
  return WaveCall{text, name, args_at};
}

Result<std::vector<Value>> parse_wave_args(const WaveCall& call, const FuncType& type) {
  Parser parser(call.text, call.args_at);
  auto values = TRY(parser.args(type));
  TRY(parser.finish());
  return values;
}

Result<Value> parse_wave(std::string_view text, const Type* type) {
  TRY(check_text(text));
  Parser parser(text, 0);
  auto value = TRY(parser.value(type));
  TRY(parser.finish());
  return value;
}

}  // namespace wisp::component
