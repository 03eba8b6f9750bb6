// Standard streams for whoever imports WASI 0.2: stdout and stderr in each other's place. MODE=files: stdin
// is the file "in" of the first folder that it was given, and stdout "out". MODE=trap traps.
#include "stdio.h"

typedef stdio_string_t string_t;
typedef stdio_list_tuple2_string_string_t variables_t;
#include "mode.h"

static wasi_filesystem_types_borrow_descriptor_t file(const char* name, unsigned open, unsigned flags) {
  wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t all;
  wasi_filesystem_preopens_get_directories(&all);
  if (all.len == 0) __builtin_trap();
  stdio_string_t path = {(uint8_t*)name, strlen(name)};
  wasi_filesystem_types_own_descriptor_t made;
  wasi_filesystem_types_error_code_t error;
  if (!wasi_filesystem_types_method_descriptor_open_at(wasi_filesystem_types_borrow_descriptor(all.ptr[0].f0),
                                                       0, &path, (wasi_filesystem_types_open_flags_t)open,
                                                       (wasi_filesystem_types_descriptor_flags_t)flags, &made,
                                                       &error))
    __builtin_trap();
  // The streams on it are its children: it stays open.
  return wasi_filesystem_types_borrow_descriptor(made);
}

exports_wasi_cli_stdin_own_input_stream_t exports_wasi_cli_stdin_get_stdin(void) {
  if (mode_is("trap")) __builtin_trap();
  if (!mode_is("files")) return wasi_cli_stdin_get_stdin();
  exports_wasi_cli_stdin_own_input_stream_t stream;
  wasi_filesystem_types_error_code_t error;
  if (!wasi_filesystem_types_method_descriptor_read_via_stream(
          file("in", 0, WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ), 0, &stream, &error))
    __builtin_trap();
  return stream;
}

exports_wasi_cli_stdout_own_output_stream_t exports_wasi_cli_stdout_get_stdout(void) {
  if (mode_is("trap")) __builtin_trap();
  if (!mode_is("files")) return wasi_cli_stderr_get_stderr();
  exports_wasi_cli_stdout_own_output_stream_t stream;
  wasi_filesystem_types_error_code_t error;
  if (!wasi_filesystem_types_method_descriptor_write_via_stream(
          file("out", WASI_FILESYSTEM_TYPES_OPEN_FLAGS_CREATE,
               WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ | WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_WRITE),
          0, &stream, &error))
    __builtin_trap();
  return stream;
}

exports_wasi_cli_stderr_own_output_stream_t exports_wasi_cli_stderr_get_stderr(void) {
  return wasi_cli_stdout_get_stdout();
}
