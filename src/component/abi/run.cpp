#include "component/abi/checks.hpp"
#include "component/abi/program.hpp"
#include "component/abi/strings.hpp"
#include "component/abi/text.hpp"

#include <algorithm>

namespace wisp::component {
namespace {

/// One run of a program. Addresses that reach a frame are inside the memories: ranges are checked where a
/// pointer is read or memory allocated, memories never shrink, and the bases are looked up again after
/// whatever may run guest code.
class Run {
 public:
  Run(const TransferPlan::Program& program, Side& from, Side& to) : program_(program), from_(from), to_(to) {}

  Result<> start(std::span<const wasmtime_val_raw_t> source, FlatSpan target, TransferPlan::Target how) {
    TRY(look_up_memories());
    std::uint64_t source_base = 0, target_base = 0;
    if (program_.from_place == Place::memory) {
      source_base = pointer(load_slot(source[0]), program_.from_pointer);
      TRY(source_memory_.range(source_base, program_.from_size, program_.from_align));
      TRY(from_.charge(program_.from_size));
    } else {
      // A copy: the target may be the same array.
      for (std::size_t i = 0; i < program_.from_size; ++i) slots_[i] = load_slot(source[i]);
    }
    target_slots_ = target.data();
    if (program_.to_place == Place::memory) {
      if (how == TransferPlan::Target::allocate) {
        target_base = TRY(allocate_target(program_.to_align, program_.to_size));
      } else {
        target_base = pointer(load_slot(target[0]), program_.to_pointer);
        TRY(target_memory_.range(target_base, program_.to_size, program_.to_align));
      }
    }
    TRY(run_form(source_base, target_base));
    if (program_.to_place == Place::memory && how == TransferPlan::Target::allocate)
      store_slot(target[0], target_base);
    return {};
  }

  /// Elements of the plan's one type that lie one after the other, in checked ranges.
  Result<> start_elements(std::uint64_t source, std::uint64_t target, std::uint32_t count) {
    TRY(look_up_memories());
    TRY(from_.charge(std::uint64_t{count} * program_.from_size));
    return elements(program_.main, count, source, static_cast<std::uint32_t>(program_.from_size), target,
                    static_cast<std::uint32_t>(program_.to_size));
  }

 private:
  static std::uint64_t pointer(std::uint64_t slot, PointerSize size) {
    return size == PointerSize::p32 ? static_cast<std::uint32_t>(slot) : slot;
  }

  Result<> run_form(std::uint64_t source, std::uint64_t target) {
    const auto main = program_.main;
    if (program_.from_place == Place::flat)
      return program_.to_place == Place::flat ? block<Place::flat, Place::flat>(main, source, target)
                                              : block<Place::flat, Place::memory>(main, source, target);
    return program_.to_place == Place::flat ? block<Place::memory, Place::flat>(main, source, target)
                                            : block<Place::memory, Place::memory>(main, source, target);
  }

  Result<> look_up_memories() {
    if (program_.reads_memory) {
      const auto memory = from_.memory();
      if (memory.size() < source_memory_.size()) [[unlikely]]
        return shrunk();
      source_memory_ = memory;
      source_ = TRY(memory.range(0, memory.size()))
      .data();
    }
    if (program_.writes_memory) {
      const auto memory = to_.memory();
      if (memory.size() < target_memory_.size()) [[unlikely]]
        return shrunk();
      target_memory_ = memory;
      target_ = TRY(memory.range(0, memory.size()))
      .data();
    }
    return {};
  }

  /// allocate() with the look-ups that have to follow anyway.
  Result<std::uint64_t> allocate_target(std::uint32_t align, std::uint64_t size) {
    const auto address = TRY(to_.realloc(0, 0, align, size));
    TRY(look_up_memories());
    TRY(check_allocation(target_memory_, address, align, size));
    return address;
  }

  static Unexpected shrunk() { return fail(Errc::trap_memory, "a memory became smaller during a call"); }

  /// `width` bytes in memory, a whole slot in flat values.
  template <Place P>
  [[nodiscard]] std::uint64_t get(std::uint64_t at, std::uint32_t width) const {
    if constexpr (P == Place::flat) {
      return slots_[at];
    } else {
      const auto* from = source_ + at;
      switch (width) {
        case 1:
          return load<std::uint8_t>(from);
        case 2:
          return load<std::uint16_t>(from);
        case 4:
          return load<std::uint32_t>(from);
        default:
          return load<std::uint64_t>(from);
      }
    }
  }

  /// As get(), of something that is at most 32 bits wide in a slot.
  template <Place P>
  [[nodiscard]] std::uint32_t get32(std::uint64_t at, std::uint32_t width) const {
    return static_cast<std::uint32_t>(get<P>(at, width));
  }

  template <Place P>
  void put(std::uint64_t at, std::uint32_t width, std::uint64_t value) {
    if constexpr (P == Place::flat) {
      store_slot(target_slots_[at], value);
    } else {
      auto* to = target_ + at;
      switch (width) {
        case 1:
          return store(to, static_cast<std::uint8_t>(value));
        case 2:
          return store(to, static_cast<std::uint16_t>(value));
        case 4:
          return store(to, static_cast<std::uint32_t>(value));
        default:
          return store(to, value);
      }
    }
  }

  /// Address and length of a string or list.
  struct Words {
    std::uint64_t address, length;
  };

  template <Place P>
  [[nodiscard]] Words get_words(std::uint64_t at) const {
    const auto width = pointer_bytes(program_.from_pointer);
    const auto second = at + (P == Place::flat ? 1 : width);
    return {pointer(get<P>(at, width), program_.from_pointer),
            pointer(get<P>(second, width), program_.from_pointer)};
  }

  template <Place P>
  void put_words(std::uint64_t at, Words words) {
    const auto width = pointer_bytes(program_.to_pointer);
    put<P>(at, width, words.address);
    put<P>(at + (P == Place::flat ? 1 : width), width, words.length);
  }

  template <Place S, Place T>
  Result<> block(std::uint32_t index, std::uint64_t source, std::uint64_t target) {
    const auto body = program_.blocks[index];
    const auto* op = program_.ops.data() + body.begin;
    for (const auto* end = op + body.count; op != end; ++op) {
      const auto from = source + op->source;
      const auto to = target + op->target;
      switch (op->code) {
        case Code::copy:
          if constexpr (S == Place::memory && T == Place::memory) copy(from, to, op->a);
          break;
        case Code::number:
          put<T>(to, op->width, cut(get<S>(from, op->width), op->width));
          break;
        case Code::signed_small: {
          const auto value = get32<S>(from, op->width);
          const auto extended = op->width == 1 ? std::int32_t{static_cast<std::int8_t>(value)}
                                               : std::int32_t{static_cast<std::int16_t>(value)};
          put<T>(to, op->width, static_cast<std::uint32_t>(extended));
          break;
        }
        case Code::boolean:
          put<T>(to, 1, get32<S>(from, 1) != 0 ? 1 : 0);
          break;
        case Code::character: {
          const auto value = get32<S>(from, 4);
          if (!is_char(value)) [[unlikely]]
            return invalid_char(value);
          put<T>(to, 4, value);
          break;
        }
        case Code::flags:
          put<T>(to, op->width, get32<S>(from, op->width) & op->a);
          break;
        case Code::discriminant: {
          const auto value = get32<S>(from, op->width);
          if (value >= op->a) [[unlikely]]
            return invalid_discriminant(value, op->a);
          put<T>(to, op->width, value);
          break;
        }
        case Code::own:
        case Code::borrow: {
          const auto handle = op->code == Code::own ? TRY(own(*op, get32<S>(from, 4))) : TRY(borrow(*op, get32<S>(from, 4)));
          put<T>(to, 4, handle);
          break;
        }
        case Code::channel: {
          const auto handle = TRY(channel(program_.channels[op->a], get32<S>(from, 4)));
          put<T>(to, 4, handle);
          break;
        }
        case Code::error_context: {
          const auto handle = TRY(error_context(get32<S>(from, 4)));
          put<T>(to, 4, handle);
          break;
        }
        case Code::string:
          put_words<T>(to, TRY(string(get_words<S>(from))));
          break;
        case Code::list:
          put_words<T>(to, TRY(list(program_.lists[op->a], get_words<S>(from), Check::none)));
          break;
        case Code::loop:
          if constexpr (S == Place::memory && T == Place::memory) {
            const auto& loop = program_.loops[op->a];
            TRY(elements(loop.block, loop.count, from, loop.from_stride, to, loop.to_stride));
          }
          break;
        case Code::variant:
          TRY((variant<S, T>(*op, from, to)));
          break;
        case Code::call:
          if constexpr (S == Place::memory && T == Place::memory) TRY((block<S, T>(op->a, from, to)));
          break;
      }
    }
    return {};
  }

  static std::uint64_t cut(std::uint64_t value, std::uint32_t width) {
    return width >= 8 ? value : value & ((1ULL << (width * 8)) - 1);
  }

  void copy(std::uint64_t from, std::uint64_t to, std::uint64_t size) {
    // Both may be one memory, and realloc may say what it likes.
    std::memmove(target_ + to, source_ + from, size);
  }

  template <Place S, Place T>
  Result<> variant(const Op& op, std::uint64_t from, std::uint64_t to) {
    const auto& variant = program_.variants[op.a];
    const auto index = get32<S>(from, op.width);
    if (index >= variant.case_count) [[unlikely]]
      return invalid_discriminant(index, variant.case_count);
    put<T>(to, op.width, index);
    if constexpr (T == Place::flat)
      for (std::uint32_t i = 1; i <= variant.target_slots; ++i) store_slot(target_slots_[to + i], 0);
    const auto payload = program_.cases[variant.first_case + index];
    if (payload == kNoBlock) return {};
    return block<S, T>(payload, from + variant.from_payload, to + variant.to_payload);
  }

  Result<> elements(std::uint32_t index, std::uint64_t count, std::uint64_t from, std::uint32_t from_stride,
                    std::uint64_t to, std::uint32_t to_stride) {
    for (std::uint64_t i = 0; i < count; ++i)
      TRY((block<Place::memory, Place::memory>(index, from + i * from_stride, to + i * to_stride)));
    return {};
  }

  /// UTF-8 to UTF-8 is a list of bytes that are looked at before they are copied.
  enum class Check : std::uint8_t { none, utf8 };
  static constexpr ListCopy kUtf8Copy{{1, 1}, {1, 1}, kNoBlock};
  static_assert(kMaxStringBytes == kMaxListBytes);

  Result<Words> list(const ListCopy& list, Words source, Check check) {
    const auto bytes = TRY(list_range(source_memory_, source.address, source.length, list.from));
    TRY(from_.charge(bytes.size()));
    if (check == Check::utf8 && !text::is_valid({bytes, text::Encoding::utf8})) [[unlikely]]
      return fail(Errc::trap_abi, "invalid utf-8 in a string");
    const auto size = source.length * list.to.size;
    const auto address = TRY(allocate_target(list.to.align, size));
    if (list.block != kNoBlock)
      TRY(elements(list.block, source.length, source.address, list.from.size, address, list.to.size));
    else if (size != 0)
      copy(source.address, address, size);
    return Words{address, source.length};
  }

  Result<Words> string(Words source) {
    if (program_.copies_strings) return list(kUtf8Copy, source, Check::utf8);
    const auto placed = TRY(transfer_string(from_, {source.address, source.length}, to_));
    TRY(look_up_memories());
    return Words{placed.address, placed.units};
  }

  Result<std::uint32_t> own(const Op& op, std::uint32_t handle) {
    return to_.lower_own({op.b}, TRY(from_.lift_own({op.a}, handle)));
  }
  Result<std::uint32_t> borrow(const Op& op, std::uint32_t handle) {
    return to_.lower_borrow({op.b}, TRY(from_.lift_borrow({op.a}, handle)));
  }

  Result<std::uint32_t> channel(const ChannelCopy& types, std::uint32_t handle) {
    return to_.lower_channel(*types.to, TRY(from_.lift_channel(*types.from, handle)));
  }
  Result<std::uint32_t> error_context(std::uint32_t handle) {
    return to_.lower_error_context(TRY(from_.lift_error_context(handle)));
  }

  const TransferPlan::Program& program_;
  Side& from_;
  Side& to_;
  GuestMemory source_memory_, target_memory_;
  const std::byte* source_ = nullptr;
  std::byte* target_ = nullptr;
  wasmtime_val_raw_t* target_slots_ = nullptr;
  std::array<std::uint64_t, kMaxFlatParams> slots_;  ///< from_size of them are set
};

}  // namespace

Result<> execute_elements(const TransferPlan::Program& program, Side& from, std::uint64_t source, Side& to,
                          std::uint64_t target, std::uint32_t count) {
  return Run(program, from, to).start_elements(source, target, count);
}

Result<> execute(const TransferPlan::Program& program, Side& from, std::span<const wasmtime_val_raw_t> source,
                 Side& to, FlatSpan target, TransferPlan::Target how) {
  // Offsets in the program are right for these sizes only.
  if (from.pointer() != program.from_pointer || to.pointer() != program.to_pointer ||
      from.encoding() != program.from_encoding || to.encoding() != program.to_encoding) [[unlikely]]
    return fail(Errc::internal, "a transfer plan was run with other options than it was made for");
  return Run(program, from, to).start(source, target, how);
}

}  // namespace wisp::component
