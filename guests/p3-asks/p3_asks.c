// Asks WASI 0.3 for the time, for chance and for its surroundings, and says what it was told.
//   time · wall · wait · leave (begins to wait for what is far away, and goes) · cancel · many · random ·
//   around
#include "asks.h"

#include "asking.h"

static asks_waitable_set_t set;

static void await(asks_subtask_status_t status) {
  const asks_subtask_t subtask = ASKS_SUBTASK_HANDLE(status);
  while (ASKS_SUBTASK_STATE(status) != ASKS_SUBTASK_RETURNED) {
    asks_event_t event;
    if (set == 0) set = asks_waitable_set_new();
    asks_waitable_join(subtask, set);
    asks_waitable_set_wait(set, &event);
    status = event.code;
  }
  if (subtask != 0) asks_subtask_drop(subtask);
}

static void wait_for_both(void) {
  const asks_subtask_status_t first = wasi_clocks_monotonic_clock_wait_for(kHour / 60 * kSecond);
  const asks_subtask_status_t second =
      wasi_clocks_monotonic_clock_wait_until(wasi_clocks_monotonic_clock_now() + kHour / 60 * kSecond);
  await(wasi_clocks_monotonic_clock_wait_until(0));
  const bool early = ASKS_SUBTASK_STATE(first) == ASKS_SUBTASK_RETURNED;
  await(first);
  await(second);
  printf("%s, both\n", early ? "early" : "later");
}

static void many(void) {
  enum { kMany = 300 };
  asks_subtask_status_t all[kMany];
  for (int i = 0; i < kMany; ++i) all[i] = wasi_clocks_monotonic_clock_wait_for(kSecond);
  for (int i = 0; i < kMany; ++i) await(all[i]);
  printf("%d waits\n", kMany);
}

static void ask(void) {
  if (verb_is("time"))
    printf("monotonic %llu by %llu\n", (unsigned long long)wasi_clocks_monotonic_clock_now(),
           (unsigned long long)wasi_clocks_monotonic_clock_get_resolution());
  if (verb_is("wall")) {
    wasi_clocks_system_clock_instant_t now;
    wasi_clocks_system_clock_now(&now);
    const unsigned long long step = wasi_clocks_system_clock_get_resolution();
    printf("wall %lld.%09u by %llu.%09llu\n", (long long)now.seconds, now.nanoseconds, step / kSecond,
           step % kSecond);
  }
  if (verb_is("wait")) wait_for_both();
  if (verb_is("leave")) {
    wasi_clocks_monotonic_clock_wait_for(kHour * 10000 * kSecond);
    printf("left\n");
  }
  if (verb_is("cancel")) {
    const asks_subtask_status_t status = wasi_clocks_monotonic_clock_wait_for(kHour * 10000 * kSecond);
    const asks_subtask_status_t end = asks_subtask_cancel(ASKS_SUBTASK_HANDLE(status));
    asks_subtask_drop(ASKS_SUBTASK_HANDLE(status));
    printf("cancelled %d\n", end == ASKS_SUBTASK_RETURNED_CANCELLED);
  }
  if (verb_is("many")) many();
  if (verb_is("random")) {
    asks_list_u8_t bytes;
    wasi_random_random_get_random_bytes(100, &bytes);
    say_bytes("random", &bytes, wasi_random_random_get_random_u64());
    wasi_random_insecure_get_insecure_random_bytes(10, &bytes);
    say_bytes("insecure", &bytes, wasi_random_insecure_get_insecure_random_u64());
    asks_tuple2_u64_u64_t seed;
    wasi_random_insecure_seed_get_insecure_seed(&seed);
    printf("seed %llu %llu\n", (unsigned long long)seed.f0, (unsigned long long)seed.f1);
  }
  if (verb_is("around")) {
    asks_list_tuple2_string_string_t variables;
    asks_list_string_t arguments;
    asks_string_t folder = {0};
    wasi_cli_environment_get_environment(&variables);
    wasi_cli_environment_get_arguments(&arguments);
    wasi_cli_environment_get_initial_cwd(&folder);
    say_surroundings(&variables, &arguments, &folder);
  }
  fflush(stdout);
}

asks_callback_code_t exports_wasi_cli_run_run(void) {
  ask();
  const exports_wasi_cli_run_result_void_void_t result = {.is_err = false};
  exports_wasi_cli_run_run_return(result);
  return ASKS_CALLBACK_CODE_EXIT;
}

asks_callback_code_t exports_wasi_cli_run_run_callback(asks_event_t* event) {
  (void)event;
  abort();
}
