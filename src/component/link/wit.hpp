#pragma once

#include "component/abi/side.hpp"
#include "component/instance/call_side.hpp"
#include "component/instance/host_function.hpp"

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The mapping between C++ and WIT types, one header per kind of type (all of them: host_abi.hpp). This one:
/// what they share.
namespace wisp::component {

/// list<u8> without a copy.
using ByteView = std::span<const std::byte>;
using Bytes = std::vector<std::byte>;

/// The absent payload of a case or of `result<_, _>`.
struct Unit {
  friend bool operator==(Unit, Unit) = default;
};

/// State of lifting one call's parameters: views into guest memory stay valid while the guest does not run.
struct LiftContext {
  CallSide& side;
  GuestMemory memory;
  std::forward_list<std::string> scratch;  ///< text that had to be transcoded; no allocation while empty
};

/// State of lowering one call's result; `memory` is fresh after each allocation.
struct LowerContext {
  CallSide& side;
  GuestMemory memory;

  [[nodiscard]] Result<std::uint32_t> allocate(std::uint64_t bytes, std::uint32_t align);
  /// Bytes of a place that was allocated or checked before.
  [[nodiscard]] Result<std::byte*> at(std::uint64_t address, std::uint32_t size);
};

/// The mapping of one C++ type; specialised in the other wit_*.hpp. `Stored` is what a lifted parameter is
/// kept as during the call.
template <class T>
struct Wit;

namespace host_abi {

template <class A>
constexpr std::uint32_t align_up(A offset, std::uint32_t align) {
  return (static_cast<std::uint32_t>(offset) + align - 1) & ~(align - 1);
}

/// CanonicalABI.md, "join".
constexpr Flat join(Flat a, Flat b) {
  if (a == b) return a;
  const bool narrow = (a == Flat::i32 || a == Flat::f32) && (b == Flat::i32 || b == Flat::f32);
  return narrow ? Flat::i32 : Flat::i64;
}

[[nodiscard]] bool labels_match(const Type* type, std::span<const std::string_view> labels);
[[nodiscard]] std::string braces(std::string_view head, std::span<const std::string> parts);
[[nodiscard]] Unexpected bad_discriminant(std::uint32_t value);
[[nodiscard]] Unexpected bad_char(std::uint32_t value);
[[nodiscard]] Result<ByteView> lift_bytes(LiftContext& in, std::uint64_t address, std::uint64_t length);
[[nodiscard]] Result<std::string_view> lift_view(LiftContext& in, std::uint64_t address, std::uint64_t units);
[[nodiscard]] Result<std::pair<std::uint32_t, std::uint32_t>> lower_text(LowerContext& out,
                                                                         std::string_view text);
[[nodiscard]] Result<std::pair<std::uint32_t, std::uint32_t>> lower_bytes(LowerContext& out, ByteView bytes);

inline void put_pair(wasmtime_val_raw_t* slots, std::pair<std::uint32_t, std::uint32_t> pair) {
  slots[0].i32 = static_cast<std::int32_t>(pair.first);
  slots[1].i32 = static_cast<std::int32_t>(pair.second);
}
inline Result<> put_pair(LowerContext& out, std::uint64_t address,
                         std::pair<std::uint32_t, std::uint32_t> pair) {
  std::byte* to = TRY(out.at(address, 8));
  store(to, pair.first);
  store(to + 4, pair.second);
  return {};
}
inline std::uint64_t word(wasmtime_val_raw_t slot) { return static_cast<std::uint32_t>(slot.i32); }

}  // namespace host_abi

}  // namespace wisp::component
