// Runs another command through wasi:cli/run 0.2 and says how that went.
#include "runner.h"

#include <stdio.h>

bool exports_wasi_cli_run_run(void) {
  const bool ok = wasi_cli_run_run();
  printf("it said %s\n", ok ? "ok" : "err");
  fflush(stdout);
  return true;
}
