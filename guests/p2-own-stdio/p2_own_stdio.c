// Standard streams of WASI 0.2 with resources of its own: what goes through them is what it was given, with
// small letters made large. MODE says how it misbehaves: "trap", "fail": so does what is read and written ·
// "closed": stdout is.
#include "own_stdio.h"

#include <stdlib.h>
#include <string.h>

typedef own_stdio_string_t string_t;
typedef own_stdio_list_tuple2_string_string_t variables_t;
#include "mode.h"

typedef exports_wasi_io_streams_stream_error_t error_t;
typedef exports_wasi_io_streams_borrow_input_stream_t in_t;
typedef exports_wasi_io_streams_borrow_output_stream_t out_t;
typedef own_stdio_list_u8_t bytes_t;

struct exports_wasi_io_streams_input_stream_t {
  wasi_io_streams_own_input_stream_t of;
};
struct exports_wasi_io_streams_output_stream_t {
  wasi_io_streams_own_output_stream_t of;
};
struct exports_wasi_io_error_error_t {
  int unused;
};
struct exports_wasi_io_poll_pollable_t {
  int unused;
};

static bool fails(error_t* err) {
  err->tag = EXPORTS_WASI_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED;
  err->val.last_operation_failed =
      exports_wasi_io_error_error_new(calloc(1, sizeof(exports_wasi_io_error_error_t)));
  return false;
}
/// As the stream behind it has ended.
static bool ends(const wasi_io_streams_stream_error_t* why, error_t* err) {
  if (why->tag != WASI_IO_STREAMS_STREAM_ERROR_CLOSED) return fails(err);
  err->tag = EXPORTS_WASI_IO_STREAMS_STREAM_ERROR_CLOSED;
  return false;
}
static void enlarge(bytes_t* bytes) {
  for (size_t i = 0; i < bytes->len; ++i)
    if (bytes->ptr[i] >= 'a' && bytes->ptr[i] <= 'z') bytes->ptr[i] -= 'a' - 'A';
}

exports_wasi_cli_stdin_own_input_stream_t exports_wasi_cli_stdin_get_stdin(void) {
  exports_wasi_io_streams_input_stream_t* const made = malloc(sizeof *made);
  made->of = wasi_cli_stdin_get_stdin();
  return exports_wasi_io_streams_input_stream_new(made);
}
static exports_wasi_io_streams_own_output_stream_t output(wasi_io_streams_own_output_stream_t of) {
  exports_wasi_io_streams_output_stream_t* const made = malloc(sizeof *made);
  made->of = of;
  return exports_wasi_io_streams_output_stream_new(made);
}
exports_wasi_cli_stdout_own_output_stream_t exports_wasi_cli_stdout_get_stdout(void) {
  return output(wasi_cli_stdout_get_stdout());
}
exports_wasi_cli_stderr_own_output_stream_t exports_wasi_cli_stderr_get_stderr(void) {
  return output(wasi_cli_stderr_get_stderr());
}

bool exports_wasi_io_streams_method_input_stream_blocking_read(in_t self, uint64_t len, bytes_t* ret,
                                                               error_t* err) {
  if (mode_is("trap")) __builtin_trap();
  if (mode_is("fail")) return fails(err);
  wasi_io_streams_stream_error_t why;
  if (!wasi_io_streams_method_input_stream_blocking_read(wasi_io_streams_borrow_input_stream(self->of), len,
                                                         ret, &why))
    return ends(&why, err);
  enlarge(ret);
  return true;
}
bool exports_wasi_io_streams_method_output_stream_blocking_write_and_flush(out_t self, bytes_t* contents,
                                                                           error_t* err) {
  if (mode_is("trap")) __builtin_trap();
  if (mode_is("fail")) return fails(err);
  if (mode_is("closed")) return err->tag = EXPORTS_WASI_IO_STREAMS_STREAM_ERROR_CLOSED, false;
  enlarge(contents);
  wasi_io_streams_stream_error_t why;
  return wasi_io_streams_method_output_stream_blocking_write_and_flush(
             wasi_io_streams_borrow_output_stream(self->of), contents, &why) ||
         ends(&why, err);
}

void exports_wasi_io_streams_input_stream_destructor(exports_wasi_io_streams_input_stream_t* self) {
  wasi_io_streams_input_stream_drop_own(self->of);
  free(self);
}
void exports_wasi_io_streams_output_stream_destructor(exports_wasi_io_streams_output_stream_t* self) {
  wasi_io_streams_output_stream_drop_own(self->of);
  free(self);
}
void exports_wasi_io_error_error_destructor(exports_wasi_io_error_error_t* self) { free(self); }
void exports_wasi_io_poll_pollable_destructor(exports_wasi_io_poll_pollable_t* self) { free(self); }

// ---- what nobody calls
#pragma clang diagnostic ignored "-Wunused-parameter"
#define UNUSED(name, ...) \
  bool exports_wasi_io_streams_method_##name(__VA_ARGS__, error_t* err) { return fails(err); }
UNUSED(input_stream_read, in_t self, uint64_t len, bytes_t* ret)
UNUSED(input_stream_skip, in_t self, uint64_t len, uint64_t* ret)
UNUSED(input_stream_blocking_skip, in_t self, uint64_t len, uint64_t* ret)
UNUSED(output_stream_check_write, out_t self, uint64_t* ret)
UNUSED(output_stream_write, out_t self, bytes_t* contents)
UNUSED(output_stream_flush, out_t self)
UNUSED(output_stream_blocking_flush, out_t self)
UNUSED(output_stream_write_zeroes, out_t self, uint64_t len)
UNUSED(output_stream_blocking_write_zeroes_and_flush, out_t self, uint64_t len)
UNUSED(output_stream_splice, out_t self, in_t src, uint64_t len, uint64_t* ret)
UNUSED(output_stream_blocking_splice, out_t self, in_t src, uint64_t len, uint64_t* ret)

exports_wasi_io_streams_own_pollable_t exports_wasi_io_streams_method_input_stream_subscribe(in_t self) {
  __builtin_trap();
}
exports_wasi_io_streams_own_pollable_t exports_wasi_io_streams_method_output_stream_subscribe(out_t self) {
  __builtin_trap();
}
void exports_wasi_io_error_method_error_to_debug_string(exports_wasi_io_error_borrow_error_t self,
                                                        own_stdio_string_t* ret) {
  own_stdio_string_dup(ret, "it fails");
}
bool exports_wasi_io_poll_method_pollable_ready(exports_wasi_io_poll_borrow_pollable_t self) { return true; }
void exports_wasi_io_poll_method_pollable_block(exports_wasi_io_poll_borrow_pollable_t self) {}
void exports_wasi_io_poll_poll(exports_wasi_io_poll_list_borrow_pollable_t* in, own_stdio_list_u32_t* out) {
  __builtin_trap();
}
