#pragma once

#include "component/abi/side.hpp"

#include <memory>
#include <vector>

namespace wisp::component {

/// Where the values of a parameter list or result lie: flat slots, or one record in memory behind a pointer.
enum class Place : std::uint8_t { flat, memory };

/// A compiled copy of a list of values from one instance to another: a linear program, made once per (types,
/// places, options of both sides) and run for each call. Contiguous scalars coalesce, elements without
/// anything to check are one copy a list, strings take the direct path of their encoding pair. Immutable,
/// shareable between threads.
///
/// Semantics of lift then lower (Canonical ABI): bool, char, enum, flags and variants are checked and
/// normalised, NaNs kept, padding not copied, bounds and alignment checked once per list, memories looked up
/// again after each realloc, lengths read once. Lifting and lowering alternate value by value, so a realloc
/// of the target may have run when a later value turns out to be invalid; the order of realloc calls and of
/// handle numbers is the specification's.
class TransferPlan {
 public:
  /// `from` and `to` are the same list of types as each side's arena knows them (equal but for resource ids);
  /// those of streams and futures must outlive the plan, the others may go after compile(). In Place::flat
  /// they have at most 16 flat values together. Errc::import_type if the lists differ, Errc::internal for too
  /// many flat values.
  [[nodiscard]] static Result<TransferPlan> compile(std::span<const Type* const> from, Place from_place,
                                                    PointerSize from_pointer,
                                                    ast::StringEncoding from_encoding,
                                                    std::span<const Type* const> to, Place to_place,
                                                    PointerSize to_pointer, ast::StringEncoding to_encoding);
  TransferPlan(TransferPlan&&) noexcept;
  TransferPlan& operator=(TransferPlan&&) noexcept;
  ~TransferPlan();

  /// What becomes of a target in memory.
  enum class Target : std::uint8_t {
    given,     ///< target[0] holds the address of the record
    allocate,  ///< run() reallocs a record and writes its address to target[0]
  };

  /// Runs it. Place::flat: `source` and `target` are the slots, at least slots_in() and slots_out(); they may
  /// be the same array. Place::memory: source[0] and target[0] are the address of the record, checked here;
  /// `how` is ignored for a flat target. Slots of the target are written whole. Nothing is undone on failure:
  /// Errc::trap_abi, trap_memory, trap_handle, trap_limit (Side::charge), or what the side's functions
  /// return.
  [[nodiscard]] Result<> run(Side& from, std::span<const wasmtime_val_raw_t> source, Side& to,
                             FlatSpan target, Target how) const;

  /// Runs a plan of one value, Place::memory on both sides, for each of `count` elements of a list or buffer.
  /// Both ranges are inside their memories and aligned: the caller has checked them.
  [[nodiscard]] Result<> run_elements(Side& from, std::uint64_t source, Side& to, std::uint64_t target,
                                      std::uint32_t count) const;

  /// Slots that run() reads and writes.
  [[nodiscard]] std::size_t slots_in() const noexcept;
  [[nodiscard]] std::size_t slots_out() const noexcept;

  /// Flat to flat, and nothing in it can fail or needs a side: run_trivial() does it.
  [[nodiscard]] bool is_trivial() const noexcept;

  /// As run(), without sides; only for trivial plans.
  void run_trivial(std::span<const wasmtime_val_raw_t> source, FlatSpan target) const noexcept;

  struct Program;

 private:
  explicit TransferPlan(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

}  // namespace wisp::component
