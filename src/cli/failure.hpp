#pragma once

#include "base/error.hpp"
#include "cli/terminal.hpp"

#include <string>
#include <string_view>

namespace wisp::cli {

/// Exit statuses of our own; a guest's own status goes through unchanged (docs/cli.md).
inline constexpr int kExitFailure = 1;   ///< the machine or wisp failed
inline constexpr int kExitUsage = 2;     ///< the command line cannot be understood
inline constexpr int kExitRefused = 3;   ///< the file cannot be run
inline constexpr int kExitTrap = 134;    ///< the guest trapped
inline constexpr int kExitSignal = 128;  ///< plus the number of the signal that ended it

/// What the process ends with because of this error.
[[nodiscard]] int exit_status(const Error& error);

/// The error as people read it (design.md §14): `error[E0207]: …`, then its details, aligned, then the
/// backtrace. Ends with a line break.
[[nodiscard]] std::string render(const Error& error, Colour colour);

/// The error as one line of JSON; the keys are listed in docs/cli.md.
[[nodiscard]] std::string render_json(const Error& error);

/// Writes the error as the console wants it.
void report(const Error& error, const Console& console);

/// The same error about `file`: "the component imports …" becomes "broken.wasm imports …"; other sentences
/// get the name in front.
[[nodiscard]] Error about(std::string_view file, const Error& error);

}  // namespace wisp::cli
