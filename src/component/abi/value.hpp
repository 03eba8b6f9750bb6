#pragma once

#include "component/abi/side.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace wisp::component {

/// A component value as a tree, for tests, --invoke, WAVE and generic tools; never on the data plane.
/// record, tuple, list, map (of pairs) → List; variant, enum, option, result → Case; flags → Flags.
struct Value {
  struct List {
    std::vector<Value> items;
  };
  struct Case {
    std::uint32_t index;             ///< option: 0 none, 1 some; result: 0 ok, 1 error
    std::unique_ptr<Value> payload;  ///< null: the case has none
  };
  struct Flags {
    std::vector<bool> bits;  ///< by label
  };
  struct Handle {
    ResourceId resource;
    Rep rep;
  };
  std::variant<bool, std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t, std::int32_t,
               std::uint64_t, std::int64_t, float, double, char32_t, std::string, List, Case, Flags, Handle>
      data;

  /// Floats by bits, except that all NaNs agree.
  friend bool operator==(const Value& a, const Value& b);
};

/// Reads one value of `type` from the first type->flat_count slots (lift_flat), of which there may be at
/// most 16.
///
/// All four functions: Errc::trap_abi for what breaks the ABI (discriminant, char, text, alignment, lengths),
/// Errc::trap_memory out of bounds, Errc::unsupported_feature for streams, futures and error contexts.
/// Lifting charges the size of each node it makes, so a guest cannot make a tree of more than the side's
/// budget.
[[nodiscard]] Result<Value> lift_value(Side& side, const Type* type,
                                       std::span<const wasmtime_val_raw_t> flat);

/// Reads one value from memory (load); `address` is checked.
[[nodiscard]] Result<Value> load_value(Side& side, const Type* type, std::uint64_t address);

/// Writes one value to the first type->flat_count slots (lower_flat). Errc::trap_host if `value` is not of
/// `type`.
[[nodiscard]] Result<> lower_value(Side& side, const Type* type, const Value& value, FlatSpan flat);

/// Writes one value to memory (store); `address` is checked. Errc::trap_host if `value` is not of `type`.
[[nodiscard]] Result<> store_value(Side& side, const Type* type, const Value& value, std::uint64_t address);

}  // namespace wisp::component
