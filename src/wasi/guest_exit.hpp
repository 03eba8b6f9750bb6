#pragma once

#include "base/result.hpp"

#include <fmt/format.h>

namespace wisp::wasi {

/// What wasi:cli/exit returns: ends the guest as a trap would, with the status that it asked for.
[[nodiscard]] inline Result<> exit_with(int status) {
  Error ended(Errc::guest_exit, fmt::format("the component ended itself with status {}", status));
  ended.set_exit_status(status);
  return std::unexpected(std::move(ended));
}

}  // namespace wisp::wasi
