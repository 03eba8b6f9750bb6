#pragma once

#include "base/result.hpp"
#include "cli/terminal.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace wisp::cli {

/// One command of the program: declares its options, then runs. Made by main(), used once.
class Command {
 public:
  virtual ~Command() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;
  /// One line for the list of commands.
  [[nodiscard]] virtual std::string_view summary() const = 0;
  /// What follows the name on a command line: "[options] FILE".
  [[nodiscard]] virtual std::string_view usage() const = 0;

  /// Adds the options; what they are bound to lives in the command.
  virtual void declare(CLI::App& app) = 0;

  /// The exit status, or why it could not be done (failure.hpp says which status that is).
  [[nodiscard]] virtual Result<int> execute(Console& console) = 0;
};

using Commands = std::vector<std::unique_ptr<Command>>;

[[nodiscard]] std::unique_ptr<Command> make_run_command();
[[nodiscard]] std::unique_ptr<Command> make_serve_command();
[[nodiscard]] std::unique_ptr<Command> make_compile_command();
[[nodiscard]] std::unique_ptr<Command> make_inspect_command();
[[nodiscard]] std::unique_ptr<Command> make_explain_command();
/// Completes the options of `app`, the whole program, which outlives the command.
[[nodiscard]] std::unique_ptr<Command> make_completion_command(const CLI::App& app);

}  // namespace wisp::cli
