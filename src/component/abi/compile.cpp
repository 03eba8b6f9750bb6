#include "component/abi/checks.hpp"
#include "component/abi/program.hpp"

#include <map>
#include <tuple>

namespace wisp::component {
namespace {

/// Blocks up to this many ops are repeated where they are used rather than called.
constexpr std::uint32_t kInlineOps = 16;

/// A place to read or write at: bytes in memory, slots in flat values.
struct Offsets {
  std::uint32_t source, target;
};

/// Writes the program for pairs of types. Types may share parts, so that what a list, a case or a record
/// refers to is compiled once for each pair and form: the program grows with the types, not with the tree
/// they unfold to.
class Compiler {
 public:
  Compiler(TransferPlan::Program& program, Place from, Place to) : program_(program), from_(from), to_(to) {}

  Result<> run(std::span<const Type* const> from, std::span<const Type* const> to) {
    if (from.size() != to.size())
      return fail(Errc::import_type, "{} values meet {} values", from.size(), to.size());
    std::vector<Op> ops;
    RecordLayout source, target;
    std::uint64_t source_slots = 0, target_slots = 0;
    for (std::size_t i = 0; i < from.size(); ++i) {
      const auto source_at =
          from_ == Place::memory ? source.add(from[i]->at(program_.from_pointer)) : source_slots;
      const auto target_at = to_ == Place::memory ? target.add(to[i]->at(program_.to_pointer)) : target_slots;
      source_slots += from[i]->flat_count;
      target_slots += to[i]->flat_count;
      if (std::max(source.size(), target.size()) > kMaxListBytes)
        return fail(Errc::component_too_large, "the parameters are too large");
      if ((from_ == Place::flat && source_slots > kMaxFlatParams) ||
          (to_ == Place::flat && target_slots > kMaxFlatParams))
        return fail(Errc::internal, "more than {} flat values", kMaxFlatParams);
      const Form form{from_, to_};
      TRY(emit(ops, form, *from[i], *to[i],
               {static_cast<std::uint32_t>(source_at), static_cast<std::uint32_t>(target_at)}));
    }
    program_.from_size = from_ == Place::memory ? source.size() : source_slots;
    program_.to_size = to_ == Place::memory ? target.size() : target_slots;
    program_.from_align = source.align();
    program_.to_align = target.align();
    program_.reads_memory |= from_ == Place::memory;
    program_.writes_memory |= to_ == Place::memory;
    program_.copies_strings = program_.from_encoding == ast::StringEncoding::utf8 &&
                              program_.to_encoding == ast::StringEncoding::utf8;
    program_.main = finish(std::move(ops));
    find_trivial();
    return {};
  }

 private:
  struct Form {
    Place from, to;
    friend auto operator<=>(const Form&, const Form&) = default;
  };
  static constexpr Form kInMemory{Place::memory, Place::memory};

  using Key = std::tuple<Form, const Type*, const Type*>;

  std::uint32_t finish(std::vector<Op> ops) {
    program_.blocks.push_back(
        {static_cast<std::uint32_t>(program_.ops.size()), static_cast<std::uint32_t>(ops.size())});
    program_.ops.insert(program_.ops.end(), ops.begin(), ops.end());
    return static_cast<std::uint32_t>(program_.blocks.size() - 1);
  }

  /// The block that moves one value whose parts are relative to the frame's bases.
  Result<std::uint32_t> block(Form form, const Type& from, const Type& to) {
    const Key key{form, &from, &to};
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
    std::vector<Op> ops;
    TRY(emit_body(ops, form, from, to, {0, 0}));
    const auto index = finish(std::move(ops));
    known_.emplace(key, index);
    return index;
  }

  /// Adds an op; a copy that goes on where the last one ended becomes part of it.
  static void push(std::vector<Op>& ops, Op op) {
    if (op.code == Code::copy && !ops.empty() && ops.back().code == Code::copy &&
        ops.back().source + ops.back().a == op.source && ops.back().target + ops.back().a == op.target) {
      ops.back().a += op.a;
      return;
    }
    ops.push_back(op);
  }

  Result<> emit(std::vector<Op>& ops, Form form, const Type& from, const Type& to, Offsets at) {
    const bool nested = from.kind == Kind::record || from.kind == Kind::tuple;
    if (!nested || form != kInMemory) return emit_body(ops, form, from, to, at);
    const auto index = TRY(block(form, from, to));
    const auto body = program_.blocks[index];
    if (body.count > kInlineOps) {
      push(ops, {.code = Code::call, .source = at.source, .target = at.target, .a = index});
      return {};
    }
    for (std::uint32_t i = 0; i < body.count; ++i) {
      auto op = program_.ops[body.begin + i];
      op.source += at.source;
      op.target += at.target;
      push(ops, op);
    }
    return {};
  }

  Result<> emit_body(std::vector<Op>& ops, Form form, const Type& from, const Type& to, Offsets at) {
    if (from.kind != to.kind || from.members.size() != to.members.size() || from.length != to.length)
      return fail(Errc::import_type, "{} meets {}", describe(&from), describe(&to));
    const auto size = static_cast<std::uint8_t>(from.at(program_.from_pointer).size);
    Op op{.code = Code::number, .width = size, .source = at.source, .target = at.target};
    switch (from.kind) {
      case Kind::s8:
      case Kind::s16:
        op.code = Code::signed_small;
        [[fallthrough]];
      case Kind::u8:
      case Kind::u16:
      case Kind::s32:
      case Kind::u32:
      case Kind::s64:
      case Kind::u64:
      case Kind::f32:
      case Kind::f64:
        if (form == kInMemory) {
          op.code = Code::copy;
          op.a = size;
        }
        break;
      case Kind::bool_:
        op.code = Code::boolean;
        break;
      case Kind::char_:
        op.code = Code::character;
        break;
      case Kind::flags:
        op.code = Code::flags;
        op.a = flags_mask(from.members.size());
        break;
      case Kind::enum_:
        op.code = Code::discriminant;
        op.a = case_count(from);
        break;
      case Kind::own:
      case Kind::borrow:
        op.code = from.kind == Kind::own ? Code::own : Code::borrow;
        op.a = from.resource.value;
        op.b = to.resource.value;
        break;
      case Kind::string:
        op.code = Code::string;
        uses_memory();
        break;
      case Kind::list:
      case Kind::map:
        op.code = Code::list;
        op.a = TRY(list(*list_element(from), *list_element(to)));
        break;
      case Kind::record:
      case Kind::tuple:
        return fields(ops, form, from, to, at);
      case Kind::fixed_list:
        return fixed_list(ops, form, *from.element, *to.element, from.length, at);
      case Kind::variant:
      case Kind::option:
      case Kind::result:
        op.code = Code::variant;
        op.width = from.discriminant;
        op.a = TRY(variant(form, from, to));
        break;
      case Kind::stream:
      case Kind::future:
        op.code = Code::channel;
        op.a = static_cast<std::uint32_t>(program_.channels.size());
        program_.channels.push_back({&from, &to});
        break;
      case Kind::error_context:
        op.code = Code::error_context;
        break;
    }
    push(ops, op);
    return {};
  }

  void uses_memory() { program_.reads_memory = program_.writes_memory = true; }

  Result<> fields(std::vector<Op>& ops, Form form, const Type& from, const Type& to, Offsets at) {
    RecordLayout source, target;
    for (std::size_t i = 0; i < from.members.size(); ++i) {
      const auto& a = *from.members[i].type;
      const auto& b = *to.members[i].type;
      const auto source_at = source.add(a.at(program_.from_pointer));
      const auto target_at = target.add(b.at(program_.to_pointer));
      TRY(emit(ops, form, a, b,
               {form.from == Place::memory ? at.source + static_cast<std::uint32_t>(source_at) : at.source,
                form.to == Place::memory ? at.target + static_cast<std::uint32_t>(target_at) : at.target}));
      if (form.from == Place::flat) at.source += a.flat_count;
      if (form.to == Place::flat) at.target += b.flat_count;
    }
    return {};
  }

  Result<> fixed_list(std::vector<Op>& ops, Form form, const Type& from, const Type& to, std::uint32_t length,
                      Offsets at) {
    const auto source = from.at(program_.from_pointer);
    const auto target = to.at(program_.to_pointer);
    if (form != kInMemory) {
      // A flat list has at most 16 elements.
      for (std::uint32_t i = 0; i < length; ++i) {
        TRY(emit(ops, form, from, to, at));
        at.source += form.from == Place::memory ? source.size : from.flat_count;
        at.target += form.to == Place::memory ? target.size : to.flat_count;
      }
      return {};
    }
    const auto body = TRY(block(form, from, to));
    if (is_one_copy(body, source, target)) {
      push(ops, {.code = Code::copy, .source = at.source, .target = at.target, .a = length * source.size});
      return {};
    }
    program_.loops.push_back({length, source.size, target.size, body});
    push(ops, {.code = Code::loop, .source = at.source, .target = at.target, .a = last(program_.loops)});
    return {};
  }

  Result<std::uint32_t> list(const Type& from, const Type& to) {
    uses_memory();
    const auto source = from.at(program_.from_pointer);
    const auto target = to.at(program_.to_pointer);
    const auto body = TRY(block(kInMemory, from, to));
    program_.lists.push_back({source, target, is_one_copy(body, source, target) ? kNoBlock : body});
    return last(program_.lists);
  }

  /// Elements without anything to check, to follow or to leave out.
  [[nodiscard]] bool is_one_copy(std::uint32_t index, Layout from, Layout to) const {
    const auto body = program_.blocks[index];
    if (body.count != 1 || from.size != to.size) return false;
    const auto& op = program_.ops[body.begin];
    return op.code == Code::copy && op.source == 0 && op.target == 0 && op.a == from.size;
  }

  Result<std::uint32_t> variant(Form form, const Type& from, const Type& to) {
    std::vector<std::uint32_t> cases;
    for (std::uint32_t i = 0; i < case_count(from); ++i) {
      const auto* source = case_payload(from, i);
      const auto* target = case_payload(to, i);
      if ((source == nullptr) != (target == nullptr))
        return fail(Errc::import_type, "{} meets {}", describe(&from), describe(&to));
      cases.push_back(source == nullptr ? kNoBlock : TRY(block(form, *source, *target)));
    }
    const auto first = static_cast<std::uint32_t>(program_.cases.size());
    program_.cases.insert(program_.cases.end(), cases.begin(), cases.end());
    const auto payload = [](const Type& type, Place place, PointerSize pointer) {
      return place == Place::flat ? 1 : type.payload_offset[static_cast<std::size_t>(pointer)];
    };
    program_.variants.push_back({case_count(from), first, payload(from, form.from, program_.from_pointer),
                                 payload(to, form.to, program_.to_pointer),
                                 form.to == Place::flat ? to.flat_count - 1 : 0});
    return last(program_.variants);
  }

  template <class T>
  static std::uint32_t last(const std::vector<T>& list) {
    return static_cast<std::uint32_t>(list.size() - 1);
  }

  void find_trivial() {
    if (from_ != Place::flat || to_ != Place::flat) return;
    const auto block = program_.blocks[program_.main];
    std::vector<SlotCopy> slots(program_.from_size);
    for (std::uint32_t i = 0; i < block.count; ++i) {
      const auto& op = program_.ops[block.begin + i];
      if (op.source != op.target) return;
      auto& slot = slots[op.source];
      const auto bits = op.width >= 8 ? ~0ULL : (1ULL << (op.width * 8U)) - 1;
      switch (op.code) {
        case Code::number:
          slot.keep = bits;
          break;
        case Code::signed_small:
          slot = {.keep = bits, .sign = (bits >> 1U) + 1, .cut = 0xffffffff};
          break;
        case Code::boolean:
          slot = {.keep = 0xffffffff, .boolean = true};
          break;
        case Code::flags:
          slot.keep = op.a;
          break;
        default:
          return;
      }
    }
    program_.trivial = true;
    program_.slots = std::move(slots);
  }

  TransferPlan::Program& program_;
  Place from_, to_;
  std::map<Key, std::uint32_t> known_;
};

}  // namespace

Result<TransferPlan> TransferPlan::compile(std::span<const Type* const> from, Place from_place,
                                           PointerSize from_pointer, ast::StringEncoding from_encoding,
                                           std::span<const Type* const> to, Place to_place,
                                           PointerSize to_pointer, ast::StringEncoding to_encoding) {
  auto program = std::make_unique<Program>(Program{.from_place = from_place,
                                                   .to_place = to_place,
                                                   .from_pointer = from_pointer,
                                                   .to_pointer = to_pointer,
                                                   .from_encoding = from_encoding,
                                                   .to_encoding = to_encoding});
  TRY(Compiler(*program, from_place, to_place).run(from, to));
  return TransferPlan(std::move(program));
}

TransferPlan::TransferPlan(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
TransferPlan::TransferPlan(TransferPlan&&) noexcept = default;
TransferPlan& TransferPlan::operator=(TransferPlan&&) noexcept = default;
TransferPlan::~TransferPlan() = default;

std::size_t TransferPlan::slots_in() const noexcept {
  return program_->from_place == Place::flat ? program_->from_size : 1;
}
std::size_t TransferPlan::slots_out() const noexcept {
  return program_->to_place == Place::flat ? program_->to_size : 1;
}
bool TransferPlan::is_trivial() const noexcept { return program_->trivial; }

void TransferPlan::run_trivial(std::span<const wasmtime_val_raw_t> source, FlatSpan target) const noexcept {
  const auto& slots = program_->slots;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const auto& slot = slots[i];
    const auto value = (((load_slot(source[i]) & slot.keep) ^ slot.sign) - slot.sign) & slot.cut;
    store_slot(target[i], slot.boolean ? static_cast<std::uint64_t>(value != 0) : value);
  }
}

Result<> TransferPlan::run_elements(Side& from, std::uint64_t source, Side& to, std::uint64_t target,
                                    std::uint32_t count) const {
  return execute_elements(*program_, from, source, to, target, count);
}

Result<> TransferPlan::run(Side& from, std::span<const wasmtime_val_raw_t> source, Side& to, FlatSpan target,
                           Target how) const {
  if (source.size() < slots_in() || target.size() < slots_out()) [[unlikely]]
    return fail(Errc::internal, "a transfer of {} to {} slots got {} and {}", slots_in(), slots_out(),
                source.size(), target.size());
  if (program_->trivial) {
    run_trivial(source, target);
    return {};
  }
  return execute(*program_, from, source, to, target, how);
}

}  // namespace wisp::component
