// Time that passes a thousand times faster, chance that is none, and an environment with something added, for
// whoever imports WASI 0.2. MODE says how it misbehaves.
#include "virtual.h"

#include "virtual_parts.h"

enum { kFaster = 1000 };
static const uint64_t kNow = 7000000000;

uint64_t exports_wasi_clocks_monotonic_clock_now(void) { return kNow; }
uint64_t exports_wasi_clocks_monotonic_clock_resolution(void) { return 1000; }

exports_wasi_clocks_monotonic_clock_own_pollable_t exports_wasi_clocks_monotonic_clock_subscribe_duration(
    uint64_t duration) {
  if (mode_is("trap")) __builtin_trap();
  const wasi_io_poll_own_pollable_t made = wasi_clocks_monotonic_clock_subscribe_duration(duration / kFaster);
  return (exports_wasi_clocks_monotonic_clock_own_pollable_t){made.__handle};
}
exports_wasi_clocks_monotonic_clock_own_pollable_t exports_wasi_clocks_monotonic_clock_subscribe_instant(
    uint64_t when) {
  return exports_wasi_clocks_monotonic_clock_subscribe_duration(when > kNow ? when - kNow : 0);
}

void exports_wasi_clocks_wall_clock_now(exports_wasi_clocks_wall_clock_datetime_t* out) {
  out->seconds = mode_is("beyond") ? 1ULL << 63 : 1234567890;
  out->nanoseconds = mode_is("nanoseconds") ? 1000000000 : 500000000;
}
void exports_wasi_clocks_wall_clock_resolution(exports_wasi_clocks_wall_clock_datetime_t* out) {
  out->seconds = mode_is("coarse") ? 1ULL << 40 : 2;
  out->nanoseconds = 5;
}

static void bytes(uint64_t length, virtual_list_u8_t* out, int byte) {
  if (mode_is("many")) ++length;
  if (mode_is("few") && length > 3) length = 3;
  fill(out, length, byte);
}
void exports_wasi_random_random_get_random_bytes(uint64_t length, virtual_list_u8_t* out) {
  bytes(length, out, 0x52);
}
uint64_t exports_wasi_random_random_get_random_u64(void) { return 42; }
void exports_wasi_random_insecure_get_insecure_random_bytes(uint64_t length, virtual_list_u8_t* out) {
  bytes(length, out, 0x49);
}
uint64_t exports_wasi_random_insecure_get_insecure_random_u64(void) { return 43; }
void exports_wasi_random_insecure_seed_insecure_seed(virtual_tuple2_u64_u64_t* out) {
  *out = (virtual_tuple2_u64_u64_t){1, 2};
}

void exports_wasi_cli_environment_get_environment(virtual_list_tuple2_string_string_t* out) {
  add_variable(out, "p2");
}
void exports_wasi_cli_environment_get_arguments(virtual_list_string_t* out) { add_argument(out); }
bool exports_wasi_cli_environment_initial_cwd(virtual_string_t* out) {
  virtual_string_dup(out, "/virtual");
  return true;
}
