#include "cli/program.hpp"

#include <unistd.h>

#include <csignal>

int main(int argc, char** argv) {
  using namespace wisp::cli;
  hold_standard_descriptors();
  // A reader that left is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  Program program({.out = Terminal::of(STDOUT_FILENO), .err = Terminal::of(STDERR_FILENO)});
  program.add(make_run_command());
  program.add(make_serve_command());
  program.add(make_compile_command());
  program.add(make_inspect_command());
  program.add(make_explain_command());
  program.add(make_completion_command(program.app()));
  return program.run({argv + 1, static_cast<std::size_t>(argc > 0 ? argc - 1 : 0)});
}
