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

inline constexpr std::uint64_t kMaxStringBytes = (1ull << 31) - 1;

/// Reads a string of the side's encoding as UTF-8 (Canonical ABI, load_string). Charges its bytes.
/// Errc::trap_abi for invalid text, Errc::trap_memory out of bounds.
[[nodiscard]] Result<std::string> lift_string(Side& side, StringRef text);

/// Writes UTF-8 text, valid by the caller's promise, into fresh guest memory (store_string).
[[nodiscard]] Result<StringRef> lower_string(Side& side, std::string_view utf8);

/// Copies a string from one guest to the other with at most one pass per realloc (all nine encoding pairs).
[[nodiscard]] Result<StringRef> transfer_string(Side& from, StringRef text, Side& to);

}  // namespace wisp::component
