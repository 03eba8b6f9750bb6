#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace wisp::wasi {

/// Fills `bytes` from the kernel's generator; never blocks once the machine has booted.
void fill_random(std::span<std::byte> bytes) noexcept;

[[nodiscard]] std::uint64_t random_u64() noexcept;

}  // namespace wisp::wasi
