// 0.2 and 0.3 in one component: libc through the preview 1 adapter (0.2.x), wasi:cli and wasi:clocks 0.3
// beside it.
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t wait(uint32_t waitable, uint32_t status) {
  if (status != COMMAND_WAITABLE_STATUS_BLOCKED) return status;
  command_event_t event;
  const command_waitable_set_t set = command_waitable_set_new();
  command_waitable_join(waitable, set);
  command_waitable_set_wait(set, &event);
  command_waitable_join(waitable, 0);
  command_waitable_set_drop(set);
  return event.code;
}

command_callback_code_t exports_wasi_cli_run_run(void) {
  printf("one, by libc\n");
  fflush(stdout);

  wasi_cli_stdin_stream_u8_writer_t writer;
  const uint32_t done = wasi_cli_stdout_write_via_stream(wasi_cli_stdin_stream_u8_new(&writer));
  static const uint8_t text[] = "two, by a stream\n";
  wait(writer, wasi_cli_stdin_stream_u8_write(writer, text, sizeof text - 1));
  wasi_cli_stdin_stream_u8_drop_writable(writer);
  wasi_cli_stdout_result_void_error_code_t written;
  wait(done, wasi_cli_stdout_future_result_void_error_code_read(done, &written));

  printf("three, by libc%s\n", written.is_err ? ", but two failed" : "");
  fflush(stdout);
  const exports_wasi_cli_run_result_void_void_t result = {.is_err = written.is_err};
  exports_wasi_cli_run_run_return(result);
  return COMMAND_CALLBACK_CODE_EXIT;
}

command_callback_code_t exports_wasi_cli_run_run_callback(command_event_t* event) {
  (void)event;
  abort();
}
