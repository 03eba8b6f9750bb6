#include "wasi/system/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace wisp::wasi {

void fill_random(std::span<std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(got));
    } else if (errno != EINTR) {
      // No source of randomness is a broken machine; going on with zeros would be a silent security hole.
      std::abort();
    }
  }
}

std::uint64_t random_u64() noexcept {
  std::uint64_t value = 0;
  fill_random(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

}  // namespace wisp::wasi
