// Prints what our canonical ABI makes of random types and values, one Python literal a line, for
// abi_oracle.py.
//   wisp_abi_oracle COUNT FIRST_SEED
#include "component/abi/checks.hpp"
#include "component/abi/fake_side.hpp"
#include "component/abi/random_abi.hpp"
#include "component/abi/transfer.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace wisp::component {
namespace {

using ast::StringEncoding;

constexpr std::size_t kMemory = 4096;

template <class List, class Text>
std::string list_text(const List& list, Text text) {
  std::string out = "[";
  for (const auto& item : list) {
    out += text(item);
    out += ',';
  }
  return out + "]";
}

std::string hex(std::span<const std::byte> bytes) {
  std::string out = "'";
  for (const auto byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return out + "'";
}

std::string type_text(const Type* type) {
  if (type == nullptr) return "None";
  const auto inner = [](const Type* part) { return type_text(part); };
  const auto members = [&] {
    return list_text(type->members, [&](const Member& member) { return inner(member.type); });
  };
  switch (type->kind) {
    case Kind::record:
    case Kind::tuple:
      return fmt::format("('record',{})", members());
    case Kind::variant:
      return fmt::format("('variant',{})", members());
    case Kind::enum_:
      return fmt::format("('enum',{})", type->members.size());
    case Kind::flags:
      return fmt::format("('flags',{})", type->members.size());
    case Kind::list:
      return fmt::format("('list',{})", inner(type->element));
    case Kind::fixed_list:
      return fmt::format("('fixed',{},{})", inner(type->element), type->length);
    case Kind::option:
      return fmt::format("('option',{})", inner(type->element));
    case Kind::result:
      return fmt::format("('result',{},{})", inner(type->element), inner(type->second));
    case Kind::map:
      return fmt::format("('map',{},{})", inner(type->element), inner(type->second));
    case Kind::own:
      return fmt::format("('own',{})", type->resource.value);
    case Kind::borrow:
      return fmt::format("('borrow',{})", type->resource.value);
    default:
      return fmt::format("('{}',)", describe(type));
  }
}

/// Plain numbers and lists; the Python side knows the type. Floats are their bits, strings the hex digits of
/// UTF-8.
struct ValueText {
  std::string operator()(bool value) const { return value ? "1" : "0"; }
  std::string operator()(float value) const {
    return std::isnan(value) ? "'nan'" : std::to_string(std::bit_cast<std::uint32_t>(value));
  }
  std::string operator()(double value) const {
    return std::isnan(value) ? "'nan'" : std::to_string(std::bit_cast<std::uint64_t>(value));
  }
  std::string operator()(char32_t value) const { return std::to_string(static_cast<std::uint32_t>(value)); }
  std::string operator()(const std::string& value) const { return hex(std::as_bytes(std::span(value))); }
  std::string operator()(const Value::List& value) const {
    return list_text(value.items, [](const Value& item) { return std::visit(ValueText{}, item.data); });
  }
  std::string operator()(const Value::Case& value) const {
    return fmt::format("({},{})", value.index,
                       value.payload ? std::visit(*this, value.payload->data) : "None");
  }
  std::string operator()(const Value::Flags& value) const {
    return list_text(value.bits, [](bool bit) { return bit ? "1" : "0"; });
  }
  std::string operator()(const Value::Handle& value) const { return std::to_string(value.rep.value); }
  std::string operator()(auto value) const { return std::to_string(value); }
};

/// NaNs are normalised by the oracle and kept by us: they are left out.
void replace_nans(Value& value) {
  if (auto* f32 = std::get_if<float>(&value.data); f32 != nullptr && std::isnan(*f32)) *f32 = 1.5F;
  if (auto* f64 = std::get_if<double>(&value.data); f64 != nullptr && std::isnan(*f64)) *f64 = 1.5;
  if (auto* list = std::get_if<Value::List>(&value.data))
    for (auto& item : list->items) replace_nans(item);
  if (auto* chosen = std::get_if<Value::Case>(&value.data); chosen != nullptr && chosen->payload != nullptr)
    replace_nans(*chosen->payload);
}

std::string flats_text(std::span<const Flat> flats) {
  constexpr const char* kNames[] = {"'i32'", "'i64'", "'f32'", "'f64'"};
  return list_text(flats, [&](Flat flat) { return std::string(kNames[static_cast<std::size_t>(flat)]); });
}

std::string signature_text(const FuncType& type, Direction direction, PointerSize pointer) {
  const auto signature = flatten(type, direction, pointer);
  return fmt::format("({},{})", flats_text(signature.params), flats_text(signature.results));
}

std::string slots_text(std::span<const wasmtime_val_raw_t> slots) {
  return list_text(slots, [](const wasmtime_val_raw_t& slot) { return std::to_string(load_slot(slot)); });
}

std::string side_text(FakeSide& side) {
  const auto calls = list_text(side.calls, [](const FakeSide::Call& call) {
    return fmt::format("({},{},{})", call.old_size, call.align, call.new_size);
  });
  return fmt::format("'size':{},'memory':{},'calls':{}", side.bytes.size(),
                     hex(std::span(side.bytes).first(side.next)), calls);
}

const char* encoding_text(StringEncoding encoding) {
  constexpr const char* kNames[] = {"utf8", "utf16", "latin1+utf16"};
  return kNames[static_cast<std::size_t>(encoding)];
}

const char* pointer_text(PointerSize pointer) { return pointer == PointerSize::p32 ? "i32" : "i64"; }

struct Sample {
  std::vector<const Type*> types;
  std::vector<Value> values;
  StringEncoding encodings[2];
  PointerSize pointers[2];
};

template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "our own failure: {}\n", result.error().message());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::uint64_t store_all(FakeSide& side, const Sample& sample) {
  RecordLayout record;
  for (const auto* type : sample.types) record.add(type->at(side.pointer()));
  const auto base = must(allocate(side, record.align(), record.size()));
  RecordLayout fields;
  for (std::size_t i = 0; i < sample.types.size(); ++i)
    must(store_value(side, sample.types[i], sample.values[i],
                     base + fields.add(sample.types[i]->at(side.pointer()))));
  return base;
}

/// Flips some bytes of a stored sample; what loading then says.
std::string corrupted(FakeSide& side, const Sample& sample, std::uint64_t base, Choice& choice) {
  for (auto count = choice.below(6); count > 0; --count)
    side.bytes[16 + choice.below(static_cast<std::uint32_t>(side.next - 16))] =
        static_cast<std::byte>(choice.below(256));
  side.set_budget(1U << 20U);
  const auto before = side_text(side);
  std::string values = "[";
  RecordLayout fields;
  for (const auto* type : sample.types) {
    const auto value = load_value(side, type, base + fields.add(type->at(side.pointer())));
    if (!value) {
      values = value.error().code() == Errc::trap_limit ? "'limit'" : "'trap'";
      break;
    }
    values += std::visit(ValueText{}, value->data) + ",";
  }
  return fmt::format("{{{},'values':{}}}", before, values.front() == '[' ? values + "]" : values);
}

std::string moved(const Sample& sample, Place place) {
  const auto plan = must(TransferPlan::compile(sample.types, place, sample.pointers[0], sample.encodings[0],
                                               sample.types, place, sample.pointers[1], sample.encodings[1]));
  FakeSide from(sample.encodings[0], sample.pointers[0], kMemory),
      to(sample.encodings[1], sample.pointers[1], kMemory);
  std::vector<wasmtime_val_raw_t> source(plan.slots_in()), target(plan.slots_out());
  if (place == Place::memory) {
    store_slot(source[0], store_all(from, sample));
  } else {
    std::size_t at = 0;
    for (std::size_t i = 0; i < sample.types.size(); ++i) {
      must(lower_value(from, sample.types[i], sample.values[i], FlatSpan(source).subspan(at)));
      at += sample.types[i]->flat_count;
    }
  }
  const auto before = side_text(from);
  const auto source_slots = slots_text(source);
  must(plan.run(from, source, to, target, TransferPlan::Target::allocate));
  return fmt::format("{{'from':{{{},'slots':{}}},'to':{{{},'slots':{}}}}}", before, source_slots,
                     side_text(to), slots_text(target));
}

void print(std::uint32_t seed) {
  TypeArena arena;
  SeededChoice choice(seed);
  Sample sample;
  for (auto& encoding : sample.encodings) encoding = static_cast<StringEncoding>(choice.below(3));
  for (auto& pointer : sample.pointers) pointer = static_cast<PointerSize>(choice.below(2));
  const auto pointer = sample.pointers[0];
  std::uint32_t flat_count = 0;
  FuncType function;
  for (auto count = 1 + choice.below(3); count > 0; --count) {
    const auto* type = random_type(arena, choice, 3);
    sample.types.push_back(type);
    sample.values.push_back(random_value(*type, choice));
    replace_nans(sample.values.back());
    flat_count += type->flat_count;
    function.params.push_back({"p", type});
  }
  function.result = sample.types[0];
  fmt::print(
      "{{'seed':{},'encodings':['{}','{}'],'pointers':['{}','{}'],'types':{},'values':{}", seed,
      encoding_text(sample.encodings[0]), encoding_text(sample.encodings[1]), pointer_text(pointer),
      pointer_text(sample.pointers[1]), list_text(sample.types, type_text),
      list_text(sample.values, [](const Value& value) { return std::visit(ValueText{}, value.data); }));
  fmt::print(",'layouts':{},'flats':{},'lift':{},'lower':{}",
             list_text(sample.types,
                       [&](const Type* type) {
                         return fmt::format("({},{})", type->at(pointer).size, type->at(pointer).align);
                       }),
             list_text(sample.types,
                       [&](const Type* type) {
                         return type->flat_count <= kMaxFlatParams ? flats_text(type->flat(pointer))
                                                                   : std::to_string(type->flat_count);
                       }),
             signature_text(function, Direction::lift, pointer),
             signature_text(function, Direction::lower, pointer));
  FakeSide stored(sample.encodings[0], pointer, kMemory);
  const auto base = store_all(stored, sample);
  fmt::print(",'stored':{{'base':{},{}}},'corrupted':{}", base, side_text(stored),
             corrupted(stored, sample, base, choice));
  fmt::print(",'moved':{}", moved(sample, Place::memory));
  if (flat_count <= kMaxFlatParams) fmt::print(",'flat':{}", moved(sample, Place::flat));
  fmt::print("}}\n");
}

}  // namespace
}  // namespace wisp::component

int main(int argc, char** argv) {
  const auto count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1000;
  const auto first = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0;
  for (unsigned long i = 0; i < count; ++i) wisp::component::print(static_cast<std::uint32_t>(first + i));
}
