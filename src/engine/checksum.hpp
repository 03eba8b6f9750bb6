#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace wisp::engine {

/// A fast 64-bit hash against corruption, not against attackers. The same on every machine of one byte order.
[[nodiscard]] std::uint64_t checksum(std::span<const std::byte> bytes) noexcept;

}  // namespace wisp::engine
