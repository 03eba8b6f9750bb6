#pragma once

#include "component/abi/side.hpp"

namespace wisp::component {

/// The checks that lifting makes whichever way the value goes on (Canonical ABI, "Loading" and "Flat
/// Lifting").

[[nodiscard]] Unexpected invalid_char(std::uint32_t bits);
[[nodiscard]] Unexpected invalid_discriminant(std::uint32_t index, std::uint32_t count);
[[nodiscard]] Unexpected list_too_long(std::uint64_t length, std::uint32_t element_size);

[[nodiscard]] constexpr bool is_char(std::uint32_t bits) noexcept {
  return bits < 0xd800 || (bits > 0xdfff && bits < 0x110000);
}

/// The bits that `count` labels use; what a guest sets beyond them is dropped.
[[nodiscard]] constexpr std::uint32_t flags_mask(std::size_t count) noexcept {
  return count >= 32 ? ~0U : (1U << count) - 1;
}

/// Bytes of a list of a guest: not more than kMaxListBytes, aligned and inside the memory
/// (load_list_from_range).
[[nodiscard]] inline Result<std::span<std::byte>> list_range(const GuestMemory& memory, std::uint64_t address,
                                                             std::uint64_t length, Layout element) {
  if (length > kMaxListBytes / element.size) [[unlikely]]
    return list_too_long(length, element.size);
  return memory.range(address, length * element.size, element.align);
}

}  // namespace wisp::component
