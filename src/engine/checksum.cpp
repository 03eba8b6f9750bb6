#include "engine/checksum.hpp"

#include <array>
#include <cstring>

namespace wisp::engine {
namespace {

constexpr std::array<std::uint64_t, 4> kSecrets = {0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3,
                                                   0x589965cc75374cc3};
constexpr std::size_t kBlock = 64;

__extension__ using Wide = unsigned __int128;

/// Multiplies to 128 bits and folds the halves: each input bit reaches about half of the output bits.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t word(const std::byte* from) noexcept {
  std::uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

using Lanes = std::array<std::uint64_t, 4>;

/// Four independent lanes, so that multiplications overlap and memory is the limit.
void mix(Lanes& lanes, const std::byte* block) noexcept {
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    lanes[i] =
        fold(word(block + 16 * i) ^ kSecrets[i] ^ lanes[i], word(block + 16 * i + 8) ^ kSecrets[3 - i]) +
        lanes[i];
  }
}

}  // namespace

std::uint64_t checksum(std::span<const std::byte> bytes) noexcept {
  Lanes lanes = kSecrets;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= kBlock; left -= kBlock, at += kBlock) mix(lanes, at);
  std::array<std::byte, kBlock> last{};
  if (left != 0) std::memcpy(last.data(), at, left);
  mix(lanes, last.data());
  return fold(fold(lanes[0] ^ kSecrets[1], lanes[1] ^ bytes.size()),
              fold(lanes[2] ^ kSecrets[3], lanes[3]) ^ kSecrets[0]);
}

}  // namespace wisp::engine
