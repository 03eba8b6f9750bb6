// A clock of WASI 0.2 with pollables of its own: a wait is over when it was asked for the third time, unless
// it is of weeks. One of 77 ms traps then.
#include "own_clock.h"

#include <stdlib.h>

struct exports_wasi_io_poll_pollable_t {
  uint64_t when;
  int asked;
};

bool exports_wasi_io_poll_method_pollable_ready(exports_wasi_io_poll_borrow_pollable_t self) {
  if (self->when == 77000007) __builtin_trap();
  return self->when < 1000000000000000 && ++self->asked >= 3;
}
void exports_wasi_io_poll_method_pollable_block(exports_wasi_io_poll_borrow_pollable_t self) { (void)self; }
void exports_wasi_io_poll_poll(exports_wasi_io_poll_list_borrow_pollable_t* in, own_clock_list_u32_t* out) {
  out->ptr = malloc(in->len * sizeof *out->ptr);
  out->len = in->len;
  for (uint32_t i = 0; i < in->len; ++i) out->ptr[i] = i;
}
void exports_wasi_io_poll_pollable_destructor(exports_wasi_io_poll_pollable_t* self) { free(self); }

uint64_t exports_wasi_clocks_monotonic_clock_now(void) { return 7; }
uint64_t exports_wasi_clocks_monotonic_clock_resolution(void) { return 1; }
exports_wasi_clocks_monotonic_clock_own_pollable_t exports_wasi_clocks_monotonic_clock_subscribe_instant(
    uint64_t when) {
  exports_wasi_io_poll_pollable_t* const made = malloc(sizeof *made);
  made->when = when;
  made->asked = 0;
  return exports_wasi_io_poll_pollable_new(made);
}
exports_wasi_clocks_monotonic_clock_own_pollable_t exports_wasi_clocks_monotonic_clock_subscribe_duration(
    uint64_t duration) {
  return exports_wasi_clocks_monotonic_clock_subscribe_instant(7 + duration);
}
