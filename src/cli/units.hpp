#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace wisp::cli {

/// Bytes from "64MiB", "1.5 GiB", "200kB" or a bare number: Ki, Mi, Gi, Ti (with or without B) count in
/// 1024s; kB, MB, GB, TB in 1000s. "64M" could be either and is refused. Errc::usage.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

/// "96 kB", "1.5 MB": for people, in 1000s as file sizes are.
[[nodiscard]] std::string format_size(std::uint64_t bytes);

/// "64 KiB", "2.5 MiB": for people, in 1024s as memory is.
[[nodiscard]] std::string format_memory(std::uint64_t bytes);

/// "256MiB": what parse_size() reads back exactly, for defaults in help.
[[nodiscard]] std::string spell_size(std::uint64_t bytes);

}  // namespace wisp::cli
