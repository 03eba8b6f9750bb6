// exit CODE: ends with any exit code, through the part of WASI 0.2 that can say more than success or failure.
#include "command.hpp"

bool exports_wasi_cli_run_run() {
  const auto arguments = guest::arguments();
  wasi_cli_exit_exit_with_code(arguments.size() > 1 ? static_cast<std::uint8_t>(guest::number(arguments[1]))
                                                    : 1);
  return true;
}
