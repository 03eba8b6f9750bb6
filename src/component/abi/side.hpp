#pragma once

#include "base/result.hpp"
#include "component/binary/ast.hpp"
#include "component/types/type.hpp"

#include <wisp_engine.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace wisp::component {

/// A linear memory as it is right now: base and length, checked on every access. Re-derived after anything
/// that may run guest code (realloc, a call), because a memory can grow and move.
class GuestMemory {
 public:
  GuestMemory() = default;
  GuestMemory(std::byte* base, std::uint64_t size) : base_(base), size_(size) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  /// The bytes [address, address + length). Errc::trap_memory if they are not all inside.
  [[nodiscard]] Result<std::span<std::byte>> range(std::uint64_t address, std::uint64_t length) const {
    if (length > size_ || address > size_ - length) [[unlikely]]
      return out_of_bounds(address, length);
    return std::span(base_ + address, static_cast<std::size_t>(length));
  }

  /// As range(), and `address` is a multiple of `align` (a power of two); Errc::trap_abi if it is not.
  [[nodiscard]] Result<std::span<std::byte>> range(std::uint64_t address, std::uint64_t length,
                                                   std::uint32_t align) const {
    if ((address & (align - 1)) != 0) [[unlikely]]
      return misaligned(address, align);
    return range(address, length);
  }

 private:
  [[nodiscard]] static Unexpected out_of_bounds(std::uint64_t address, std::uint64_t length);
  [[nodiscard]] static Unexpected misaligned(std::uint64_t address, std::uint32_t align);

  std::byte* base_ = nullptr;
  std::uint64_t size_ = 0;
};

/// Unaligned little-endian access to bytes that were checked before.
template <class T>
[[nodiscard]] T load(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}
template <class T>
void store(std::byte* to, T value) noexcept {
  std::memcpy(to, &value, sizeof(T));
}

/// What stands behind a handle: a number of the component that defines the resource, or a host object's
/// address.
struct Rep {
  std::uint64_t value;
};

/// One side of a transfer: the instance whose memory and handles are meant, under the canonical options of
/// one lift or lower. "Lifting" takes values out of this side, "lowering" puts them into it. Lives on the
/// stack of the call; used on the instance's shard only. An Error from any of these ends the call as a trap.
class Side {
 public:
  Side(ast::StringEncoding encoding, PointerSize pointer) : encoding_(encoding), pointer_(pointer) {}
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  [[nodiscard]] ast::StringEncoding encoding() const noexcept { return encoding_; }
  [[nodiscard]] PointerSize pointer() const noexcept { return pointer_; }

  /// The memory of the options, as it is now.
  [[nodiscard]] virtual GuestMemory memory() = 0;

  /// Calls the guest's realloc. The result is not checked: the caller checks alignment and bounds against a
  /// fresh memory(). Invalidates every GuestMemory of this side.
  [[nodiscard]] virtual Result<std::uint64_t> realloc(std::uint64_t old_address, std::uint64_t old_size,
                                                      std::uint32_t align, std::uint64_t new_size) = 0;

  /// Takes an own handle out of the table (Canonical ABI, lift_own).
  [[nodiscard]] virtual Result<Rep> lift_own(ResourceId resource, std::uint32_t handle) = 0;
  /// Reads an own or borrow handle and lends it for the call (lift_borrow).
  [[nodiscard]] virtual Result<Rep> lift_borrow(ResourceId resource, std::uint32_t handle) = 0;
  /// Adds an own handle (lower_own).
  [[nodiscard]] virtual Result<std::uint32_t> lower_own(ResourceId resource, Rep rep) = 0;
  /// Adds a borrow handle scoped to the call, or yields the rep where this side defines the resource
  /// (lower_borrow).
  [[nodiscard]] virtual Result<std::uint32_t> lower_borrow(ResourceId resource, Rep rep) = 0;

  /// Takes the readable end `handle` of a stream or future of `type` out of the table: what stands behind it,
  /// which the caller then owns (lift_stream, lift_future).
  [[nodiscard]] virtual Result<Rep> lift_channel(const Type& type, std::uint32_t handle);
  /// Adds a readable end; takes what `channel` owns, also when it fails (lower_stream, lower_future).
  [[nodiscard]] virtual Result<std::uint32_t> lower_channel(const Type& type, Rep channel);
  /// Lets go of what lift_channel has returned: the readable end is dropped.
  virtual void release_channel(Rep channel) noexcept;
  /// The message of an error context (📝).
  [[nodiscard]] virtual Result<std::string> lift_error_context(std::uint32_t handle);
  [[nodiscard]] virtual Result<std::uint32_t> lower_error_context(std::string message);

  /// Counts bytes that lifting copies to the host or to another instance; Errc::trap_limit beyond the call's
  /// budget.
  [[nodiscard]] Result<> charge(std::uint64_t bytes) {
    if (bytes > budget_) [[unlikely]]
      return over_budget(bytes);
    budget_ -= bytes;
    return {};
  }

  /// Default of bytes lifted per call.
  static constexpr std::uint64_t kDefaultBudget = 128ull << 20;
  void set_budget(std::uint64_t bytes) noexcept { budget_ = bytes; }

 protected:
  ~Side() = default;

 private:
  [[nodiscard]] static Unexpected over_budget(std::uint64_t bytes);

  ast::StringEncoding encoding_;
  PointerSize pointer_;
  std::uint64_t budget_ = kDefaultBudget;
};

/// What realloc returned is a multiple of `align` (else Errc::trap_abi), and [address, address + size) is all
/// inside `memory` (else Errc::trap_memory).
[[nodiscard]] Result<> check_allocation(const GuestMemory& memory, std::uint64_t address, std::uint32_t align,
                                        std::uint64_t size);

/// Calls `side`'s realloc and checks what it returns: Errc::trap_abi if it is no multiple of `align`,
/// Errc::trap_memory if [result, result + new_size) is not all inside the memory as it is then (Canonical
/// ABI, "store_list_into_range").
[[nodiscard]] Result<std::uint64_t> reallocate(Side& side, std::uint64_t old_address, std::uint64_t old_size,
                                               std::uint32_t align, std::uint64_t new_size);

/// Fresh guest memory, as reallocate().
[[nodiscard]] inline Result<std::uint64_t> allocate(Side& side, std::uint32_t align, std::uint64_t size) {
  return reallocate(side, 0, 0, align, size);
}

/// Bytes of a pointer or length in memory.
[[nodiscard]] constexpr std::uint32_t pointer_bytes(PointerSize size) noexcept {
  return size == PointerSize::p32 ? 4 : 8;
}

/// A pointer or length at `from`, which holds pointer_bytes(size).
[[nodiscard]] inline std::uint64_t load_pointer(const std::byte* from, PointerSize size) noexcept {
  return size == PointerSize::p32 ? load<std::uint32_t>(from) : load<std::uint64_t>(from);
}
inline void store_pointer(std::byte* to, PointerSize size, std::uint64_t value) noexcept {
  if (size == PointerSize::p32)
    store(to, static_cast<std::uint32_t>(value));
  else
    store(to, value);
}

/// Longest list in guest memory, in bytes (Canonical ABI, MAX_LIST_BYTE_LENGTH).
inline constexpr std::uint64_t kMaxListBytes = (1ULL << 28) - 1;

/// Flat values as the engine passes them: one slot each. A value narrower than 64 bits lies in the low bits;
/// whoever writes one clears the bits above it, so a slot can be read at any width of at most 64.
using FlatSpan = std::span<wasmtime_val_raw_t>;

/// The low bits of a slot.
[[nodiscard]] inline std::uint64_t load_slot(const wasmtime_val_raw_t& slot) noexcept {
  return load<std::uint64_t>(reinterpret_cast<const std::byte*>(&slot));
}
inline void store_slot(wasmtime_val_raw_t& slot, std::uint64_t bits) noexcept {
  store(reinterpret_cast<std::byte*>(&slot), bits);
}

}  // namespace wisp::component
