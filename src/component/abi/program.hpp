#pragma once

#include "component/abi/transfer.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace wisp::component {

/// What one step of a TransferPlan does. Numbers are read at `source` and written at `target`: in memory that
/// is a byte offset from the frame's base, in flat values a slot.
enum class Code : std::uint8_t {
  copy,          ///< a: bytes; memory to memory only
  number,        ///< width: bytes; the bits above are dropped
  signed_small,  ///< width 1 or 2; sign-extended to 32 bits
  boolean,
  character,
  flags,         ///< width: bytes in memory; a: mask
  discriminant,  ///< an enum; width: bytes in memory; a: number of cases
  own,           ///< a: resource of the source; b: of the target
  borrow,
  channel,  ///< a stream or future; a: index of Program::channels
  error_context,
  string,
  list,     ///< a: index of Program::lists
  loop,     ///< a: index of Program::loops; memory to memory only
  variant,  ///< width: bytes of the discriminant in memory; a: index of Program::variants
  call,     ///< a: block; memory to memory only
};

struct Op {
  Code code;
  std::uint8_t width = 0;
  std::uint32_t source = 0;
  std::uint32_t target = 0;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
};

/// A run of ops, relative to a base on each side; one for each pair of types that others refer to.
struct Block {
  std::uint32_t begin;
  std::uint32_t count;
};

inline constexpr std::uint32_t kNoBlock = ~0U;

struct ListCopy {
  Layout from, to;      ///< of an element
  std::uint32_t block;  ///< of an element; kNoBlock: the bytes of both sides are the same, one copy does
};

struct LoopCopy {
  std::uint32_t count;
  std::uint32_t from_stride, to_stride;
  std::uint32_t block;
};

struct VariantCopy {
  std::uint32_t case_count;
  std::uint32_t first_case;    ///< index of Program::cases
  std::uint32_t from_payload;  ///< from the discriminant, in bytes or slots
  std::uint32_t to_payload;
  std::uint32_t target_slots;  ///< slots after the discriminant, zero where the case does not use them
};

/// A stream or future: its type on each side.
struct ChannelCopy {
  const Type* from;
  const Type* to;
};

/// A slot of a trivial plan: ((value & keep) ^ sign) - sign, cut to `cut`.
struct SlotCopy {
  std::uint64_t keep = ~0ULL;
  std::uint64_t sign = 0;
  std::uint64_t cut = ~0ULL;
  bool boolean = false;
};

struct TransferPlan::Program {
  Place from_place, to_place;
  PointerSize from_pointer, to_pointer;
  ast::StringEncoding from_encoding, to_encoding;
  std::uint64_t from_size = 0, to_size = 0;  ///< of the record in memory, or slots
  std::uint32_t from_align = 1, to_align = 1;

  std::vector<Op> ops;
  std::vector<Block> blocks;
  std::vector<ListCopy> lists;
  std::vector<LoopCopy> loops;
  std::vector<VariantCopy> variants;
  std::vector<ChannelCopy> channels;
  std::vector<std::uint32_t> cases;  ///< blocks of payloads; kNoBlock: none
  std::uint32_t main = 0;            ///< block

  bool trivial = false;
  std::vector<SlotCopy> slots;  ///< of a trivial plan

  bool copies_strings = false;  ///< both sides have UTF-8

  /// A memory is read or written. Otherwise no side is asked for one.
  bool reads_memory = false, writes_memory = false;
};

/// Runs a program of one value in memory for each of `count` elements that lie one after the other; both
/// ranges were checked before (run.cpp).
[[nodiscard]] Result<> execute_elements(const TransferPlan::Program& program, Side& from,
                                        std::uint64_t source, Side& to, std::uint64_t target,
                                        std::uint32_t count);

/// Runs a program (run.cpp).
[[nodiscard]] Result<> execute(const TransferPlan::Program& program, Side& from,
                               std::span<const wasmtime_val_raw_t> source, Side& to, FlatSpan target,
                               TransferPlan::Target how);

}  // namespace wisp::component
