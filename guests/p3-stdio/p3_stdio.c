// Standard streams for whoever imports WASI 0.3: stdout and stderr in each other's place. MODE says what
// else: "text": stdin is 100,000 bytes of its own · "fail": stdin ends with an error, and so does stdout ·
// "pipe": nobody reads stdout · "little": five bytes of it are read · "trap".
#include "stdio.h"

typedef stdio_string_t string_t;
typedef stdio_list_tuple2_string_string_t variables_t;
#include "mode.h"

static wasi_cli_stdin_result_void_error_code_t outcome;

/// A future that says how a stream ended; it waits here for its reader.
static uint32_t ended(bool is_err, wasi_cli_types_error_code_t code) {
  outcome.is_err = is_err;
  if (is_err) outcome.val.err = code;
  wasi_cli_stdin_future_result_void_error_code_writer_t writer;
  const uint32_t reader = wasi_cli_stdin_future_result_void_error_code_new(&writer);
  wasi_cli_stdin_future_result_void_error_code_write(writer, &outcome);
  return reader;
}

void exports_wasi_cli_stdin_read_via_stream(
    exports_wasi_cli_stdin_tuple2_stream_u8_future_result_void_error_code_t* out) {
  if (mode_is("trap")) __builtin_trap();
  wasi_cli_stdin_stream_u8_writer_t writer;
  if (mode_is("text")) {
    static uint8_t text[100000];
    memset(text, 'T', sizeof text);
    out->f0 = wasi_cli_stdin_stream_u8_new(&writer);
    wasi_cli_stdin_stream_u8_write(writer, text, sizeof text);
    out->f1 = ended(false, 0);
  } else if (mode_is("fail")) {
    out->f0 = wasi_cli_stdin_stream_u8_new(&writer);
    wasi_cli_stdin_stream_u8_drop_writable(writer);
    out->f1 = ended(true, WASI_CLI_TYPES_ERROR_CODE_IO);
  } else {
    wasi_cli_stdin_tuple2_stream_u8_future_result_void_error_code_t both;
    wasi_cli_stdin_read_via_stream(&both);
    out->f0 = both.f0;
    out->f1 = both.f1;
  }
}

uint32_t exports_wasi_cli_stdout_write_via_stream(uint32_t data) {
  if (mode_is("trap")) __builtin_trap();
  if (mode_is("fail") || mode_is("pipe")) {
    wasi_cli_stdin_stream_u8_drop_readable(data);
    return ended(true, mode_is("pipe") ? WASI_CLI_TYPES_ERROR_CODE_PIPE : WASI_CLI_TYPES_ERROR_CODE_IO);
  }
  if (mode_is("little")) {
    static uint8_t read[5];
    wasi_cli_stdin_stream_u8_read(data, read, sizeof read);
    return ended(false, 0);
  }
  return wasi_cli_stderr_write_via_stream(data);
}

uint32_t exports_wasi_cli_stderr_write_via_stream(uint32_t data) {
  return wasi_cli_stdout_write_via_stream(data);
}
