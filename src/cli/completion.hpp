#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace wisp::cli {

/// Scripts that complete commands, options and files, made from what the program declares.
[[nodiscard]] std::string bash_completion(const CLI::App& app);
[[nodiscard]] std::string zsh_completion(const CLI::App& app);
[[nodiscard]] std::string fish_completion(const CLI::App& app);

}  // namespace wisp::cli
