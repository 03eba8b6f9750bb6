#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace wisp::engine {

/// The adapter for WASI preview 1 turns proc_exit(status) into wasi:cli/exit.exit, which knows success and
/// failure only. This makes a module import wasi:cli/exit.exit-with-code in its place, so that the status
/// survives: the name of the import changes, and a section that says what it is in WIT is added. Nothing if
/// `module` does not import proc_exit or has an import section that this does not read; bounds are checked,
/// the rest is for the validator.
[[nodiscard]] std::optional<std::vector<std::byte>> keep_exit_status(std::span<const std::byte> module);

}  // namespace wisp::engine
