#pragma once

#include "component/abi/side.hpp"

#include <memory>
#include <vector>

namespace wisp::component {

/// Where the values of a parameter list or result lie: flat slots, or one record in memory behind a pointer.
enum class Place : std::uint8_t { flat, memory };

/// A compiled copy of a list of values from one instance to another: a linear program, made once per (types,
/// places, options of both sides) and run for each call. Contiguous scalars coalesce, pointer-free elements
/// are one memcpy, strings take the direct path of their encoding pair. Immutable, shareable.
///
/// Semantics of lift then lower (Canonical ABI): bool, char, enum, flags and variants are checked and
/// normalised, NaNs kept, bounds and alignment checked once per list, the destination re-derived after each
/// realloc, lengths read once.
class TransferPlan {
 public:
  /// `from` and `to` are the same list of types as each side's arena knows them (equal but for resource ids).
  /// Errc::unsupported_feature for streams, futures and error contexts.
  [[nodiscard]] static Result<TransferPlan> compile(std::span<const Type* const> from, Place from_place,
                                                    PointerSize from_pointer,
                                                    ast::StringEncoding from_encoding,
                                                    std::span<const Type* const> to, Place to_place,
                                                    PointerSize to_pointer, ast::StringEncoding to_encoding);
  TransferPlan(TransferPlan&&) noexcept;
  TransferPlan& operator=(TransferPlan&&) noexcept;
  ~TransferPlan();

  /// Runs it. Place::flat: `source`/`target` are the slots (they may be the same array: all reads of a
  /// flat→flat plan happen before its writes). Place::memory: source[0] / target[0] is the address of the
  /// record, which for the target the caller has allocated (lower results) or which this function allocates
  /// when `target` asks for it.
  enum class Target : std::uint8_t {
    given,
    allocate
  };  ///< allocate: realloc a record, write its address to target[0]
  [[nodiscard]] Result<> run(Side& from, std::span<const wasmtime_val_raw_t> source, Side& to,
                             FlatSpan target, Target how) const;

  struct Program;

 private:
  explicit TransferPlan(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

}  // namespace wisp::component
