// Runs another command through wasi:cli/run 0.3 and says how that went.
#include "runner.h"

#include <stdio.h>

static wasi_cli_run_result_void_void_t said;
static runner_waitable_set_t set;

static runner_callback_code_t finish(void) {
  printf("it said %s\n", said.is_err ? "err" : "ok");
  fflush(stdout);
  const exports_wasi_cli_run_result_void_void_t result = {.is_err = false};
  exports_wasi_cli_run_run_return(result);
  return RUNNER_CALLBACK_CODE_EXIT;
}

runner_callback_code_t exports_wasi_cli_run_run(void) {
  const runner_subtask_status_t status = wasi_cli_run_run(&said);
  if (RUNNER_SUBTASK_STATE(status) == RUNNER_SUBTASK_RETURNED) return finish();
  set = runner_waitable_set_new();
  runner_waitable_join(RUNNER_SUBTASK_HANDLE(status), set);
  return RUNNER_CALLBACK_CODE_WAIT(set);
}

runner_callback_code_t exports_wasi_cli_run_run_callback(runner_event_t* event) {
  if (event->event == RUNNER_EVENT_SUBTASK && event->code < RUNNER_SUBTASK_RETURNED)
    return RUNNER_CALLBACK_CODE_WAIT(set);
  runner_waitable_join(event->waitable, 0);
  runner_subtask_drop(event->waitable);
  return finish();
}
