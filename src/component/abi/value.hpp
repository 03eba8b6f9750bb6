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
    std::uint32_t index;
    std::unique_ptr<Value> payload;
  };  ///< option: 0 none, 1 some; result: 0 ok, 1 error
  struct Flags {
    std::vector<bool> bits;
  };
  struct Handle {
    ResourceId resource;
    Rep rep;
  };
  std::variant<bool, std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t, std::int32_t,
               std::uint64_t, std::int64_t, float, double, char32_t, std::string, List, Case, Flags, Handle>
      data;
  [[nodiscard]] friend bool operator==(const Value& a,
                                       const Value& b);  ///< floats by bits except that all NaNs agree
};

/// Reads one value of `type` from flat slots, taking type->flat_count of them (lift_flat).
[[nodiscard]] Result<Value> lift_value(Side& side, const Type* type,
                                       std::span<const wasmtime_val_raw_t> flat);
/// Reads one value from memory (load).
[[nodiscard]] Result<Value> load_value(Side& side, const Type* type, std::uint64_t address);
/// Writes one value to flat slots (lower_flat).
[[nodiscard]] Result<> lower_value(Side& side, const Type* type, const Value& value, FlatSpan flat);
/// Writes one value to memory (store).
[[nodiscard]] Result<> store_value(Side& side, const Type* type, const Value& value, std::uint64_t address);

}  // namespace wisp::component
