#pragma once

#include "component/abi/side.hpp"

#include <string>
#include <string_view>

namespace wisp::component {

/// A string in guest memory as the ABI passes it: address, and code units (latin1+utf16: with the tag bit).
struct StringRef {
  std::uint64_t address;
  std::uint64_t units;
};

/// Longest string in guest memory (Canonical ABI, MAX_STRING_BYTE_LENGTH).
inline constexpr std::uint64_t kMaxStringBytes = (1ULL << 28) - 1;

/// Reads a string of the side's encoding as UTF-8 (Canonical ABI, load_string_from_range). Charges its bytes.
/// Errc::trap_abi for invalid text, an unaligned address or one longer than kMaxStringBytes,
/// Errc::trap_memory out of bounds.
[[nodiscard]] Result<std::string> lift_string(Side& side, StringRef text);

/// Writes UTF-8 text, valid by the caller's promise, into fresh guest memory (store_string_into_range). Calls
/// realloc as often and with the sizes that the specification says. Errc::trap_limit for text longer than
/// kMaxStringBytes, Errc::trap_host if it is not valid after all.
[[nodiscard]] Result<StringRef> lower_string(Side& side, std::string_view utf8);

/// Copies a string from one guest to the other without a stop in between (all nine encoding pairs):
/// lift_string, then lower_string with the source's encoding known, as the specification does. Charges
/// `from`.
[[nodiscard]] Result<StringRef> transfer_string(Side& from, StringRef text, Side& to);

}  // namespace wisp::component
