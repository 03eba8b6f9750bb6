// Time that passes a thousand times faster, chance that is none and comes in small pieces, and an environment
// with something added, for whoever imports WASI 0.3. MODE says how it misbehaves.
#include "virtual.h"

#include "virtual_parts.h"

enum { kFaster = 1000 };
static const uint64_t kNow = 7000000000;

uint64_t exports_wasi_clocks_monotonic_clock_now(void) { return kNow; }
uint64_t exports_wasi_clocks_monotonic_clock_get_resolution(void) { return 1000; }

/// A wait of ours: the one it is made of, and how it ends.
typedef struct {
  virtual_waitable_set_t set;
  virtual_subtask_t subtask;
  void (*end)(void);
} wait_t;

static virtual_callback_code_t begin(uint64_t duration, void (*end)(void)) {
  if (mode_is("trap")) __builtin_trap();
  const virtual_subtask_status_t status = wasi_clocks_monotonic_clock_wait_for(duration / kFaster);
  if (VIRTUAL_SUBTASK_STATE(status) == VIRTUAL_SUBTASK_RETURNED) {
    end();
    return VIRTUAL_CALLBACK_CODE_EXIT;
  }
  wait_t* const wait = malloc(sizeof *wait);
  *wait = (wait_t){virtual_waitable_set_new(), VIRTUAL_SUBTASK_HANDLE(status), end};
  virtual_waitable_join(wait->subtask, wait->set);
  virtual_context_set_0(wait);
  return VIRTUAL_CALLBACK_CODE_WAIT(wait->set);
}

static virtual_callback_code_t go_on(const virtual_event_t* event) {
  wait_t* const wait = virtual_context_get_0();
  if (event->event == VIRTUAL_EVENT_SUBTASK && event->code < VIRTUAL_SUBTASK_RETURNED)
    return VIRTUAL_CALLBACK_CODE_WAIT(wait->set);
  if (mode_is("later")) __builtin_trap();
  virtual_waitable_join(wait->subtask, 0);
  if (event->event == VIRTUAL_EVENT_CANCEL) {
    virtual_subtask_cancel(wait->subtask);
    virtual_task_cancel();
  } else {
    wait->end();
  }
  virtual_subtask_drop(wait->subtask);
  virtual_waitable_set_drop(wait->set);
  free(wait);
  return VIRTUAL_CALLBACK_CODE_EXIT;
}

virtual_callback_code_t exports_wasi_clocks_monotonic_clock_wait_for(uint64_t duration) {
  return begin(duration, exports_wasi_clocks_monotonic_clock_wait_for_return);
}
virtual_callback_code_t exports_wasi_clocks_monotonic_clock_wait_for_callback(virtual_event_t* event) {
  return go_on(event);
}
virtual_callback_code_t exports_wasi_clocks_monotonic_clock_wait_until(uint64_t when) {
  return begin(when > kNow ? when - kNow : 0, exports_wasi_clocks_monotonic_clock_wait_until_return);
}
virtual_callback_code_t exports_wasi_clocks_monotonic_clock_wait_until_callback(virtual_event_t* event) {
  return go_on(event);
}

void exports_wasi_clocks_system_clock_now(exports_wasi_clocks_system_clock_instant_t* out) {
  out->seconds = mode_is("before") ? -5 : 1234567890;
  out->nanoseconds = mode_is("nanoseconds") ? 1000000000 : 500000000;
}
uint64_t exports_wasi_clocks_system_clock_get_resolution(void) { return 2000000005; }

static void bytes(uint64_t most, virtual_list_u8_t* out, int byte) {
  if (most > 3) most = 3;
  if (mode_is("none")) most = 0;
  if (mode_is("many")) most = 1000;
  fill(out, most, byte);
}
void exports_wasi_random_random_get_random_bytes(uint64_t most, virtual_list_u8_t* out) {
  bytes(most, out, 0x52);
}
uint64_t exports_wasi_random_random_get_random_u64(void) { return 42; }
void exports_wasi_random_insecure_get_insecure_random_bytes(uint64_t most, virtual_list_u8_t* out) {
  bytes(most, out, 0x49);
}
uint64_t exports_wasi_random_insecure_get_insecure_random_u64(void) { return 43; }
void exports_wasi_random_insecure_seed_get_insecure_seed(virtual_tuple2_u64_u64_t* out) {
  *out = (virtual_tuple2_u64_u64_t){1, 2};
}

void exports_wasi_cli_environment_get_environment(virtual_list_tuple2_string_string_t* out) {
  add_variable(out, "p3");
}
void exports_wasi_cli_environment_get_arguments(virtual_list_string_t* out) { add_argument(out); }
bool exports_wasi_cli_environment_get_initial_cwd(virtual_string_t* out) {
  virtual_string_dup(out, "/virtual");
  return true;
}
