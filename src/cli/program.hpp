#pragma once

#include "cli/command.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace wisp::cli {

/// The command line as a whole: reads it, runs the command it names, writes the error if there is one. Owned
/// by main().
class Program {
 public:
  explicit Program(Console console);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void add(std::unique_ptr<Command> command);
  /// All options and commands, for the completion of shells.
  [[nodiscard]] const CLI::App& app() const noexcept { return *app_; }

  /// `arguments` without the program's name. The exit status.
  [[nodiscard]] int run(std::span<const char* const> arguments);

 private:
  struct Entry {
    std::unique_ptr<Command> command;
    CLI::App* app;
  };
  [[nodiscard]] Result<int> execute(std::span<const char* const> arguments);
  [[nodiscard]] Result<int> print_version() const;
  [[nodiscard]] Error usage_error(const CLI::ParseError& error) const;
  [[nodiscard]] const CLI::App* chosen() const;

  Console console_;
  std::string format_ = "text";
  std::unique_ptr<CLI::App> app_;
  std::vector<Entry> entries_;
};

}  // namespace wisp::cli
