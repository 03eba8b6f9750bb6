// Asks WASI 0.2 for the time, for chance and for its surroundings, and says what it was told.
//   time · wall · wait · leave (subscribes to what is far away, and goes) · many · random · around · head (of
//   stdin)
#include "asks.h"

#include "asking.h"

static bool both_are_ready(wasi_io_poll_own_pollable_t first, wasi_io_poll_own_pollable_t second) {
  wasi_io_poll_borrow_pollable_t all[2] = {wasi_io_poll_borrow_pollable(first),
                                           wasi_io_poll_borrow_pollable(second)};
  wasi_io_poll_list_borrow_pollable_t list = {all, 2};
  asks_list_u32_t ready;
  wasi_io_poll_poll(&list, &ready);
  wasi_io_poll_method_pollable_block(all[0]);
  wasi_io_poll_method_pollable_block(all[1]);
  return ready.len > 0 && wasi_io_poll_method_pollable_ready(all[0]) &&
         wasi_io_poll_method_pollable_ready(all[1]);
}

static void wait_for_both(void) {
  const wasi_io_poll_own_pollable_t first =
      wasi_clocks_monotonic_clock_subscribe_duration(kHour / 60 * kSecond);
  const wasi_io_poll_own_pollable_t second =
      wasi_clocks_monotonic_clock_subscribe_instant(wasi_clocks_monotonic_clock_now() + kHour / 60 * kSecond);
  const wasi_io_poll_own_pollable_t past = wasi_clocks_monotonic_clock_subscribe_instant(0);
  wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(past));
  const bool early = wasi_io_poll_method_pollable_ready(wasi_io_poll_borrow_pollable(first));
  const bool both = both_are_ready(first, second);
  printf("%s, %s\n", early ? "early" : "later", both ? "both" : "not both");
  wasi_io_poll_pollable_drop_own(first);
  wasi_io_poll_pollable_drop_own(second);
  wasi_io_poll_pollable_drop_own(past);
}

static void many(void) {
  enum { kMany = 300 };
  wasi_io_poll_own_pollable_t all[kMany];
  for (int i = 0; i < kMany; ++i) all[i] = wasi_clocks_monotonic_clock_subscribe_duration(kSecond);
  for (int i = 0; i < kMany; ++i) wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(all[i]));
  for (int i = 0; i < kMany; ++i) wasi_io_poll_pollable_drop_own(all[i]);
  printf("%d waits\n", kMany);
}

bool exports_wasi_cli_run_run(void) {
  if (verb_is("time"))
    printf("monotonic %llu by %llu\n", (unsigned long long)wasi_clocks_monotonic_clock_now(),
           (unsigned long long)wasi_clocks_monotonic_clock_resolution());
  if (verb_is("wall")) {
    wasi_clocks_wall_clock_datetime_t now, step;
    wasi_clocks_wall_clock_now(&now);
    wasi_clocks_wall_clock_resolution(&step);
    printf("wall %lld.%09u by %lld.%09u\n", (long long)now.seconds, now.nanoseconds, (long long)step.seconds,
           step.nanoseconds);
  }
  if (verb_is("wait")) wait_for_both();
  if (verb_is("leave")) {
    wasi_clocks_monotonic_clock_subscribe_duration(kHour * 10000 * kSecond);
    wasi_io_poll_pollable_drop_own(wasi_clocks_monotonic_clock_subscribe_duration(kHour * 10000 * kSecond));
    printf("left\n");
  }
  if (verb_is("many")) many();
  if (verb_is("head")) {
    // As much as is asked for, in pieces that fit nothing.
    static char piece[7001];
    size_t read = 0, same = 0;
    while (read < 100000) {
      const size_t rest = 100000 - read;
      const size_t got = fread(piece, 1, rest < sizeof piece ? rest : sizeof piece, stdin);
      if (got == 0) break;
      for (size_t i = 0; i < got; ++i) same += piece[i] == 'T';
      read += got;
    }
    printf("%zu read, %zu of them T\n", read, same);
  }
  if (verb_is("random")) {
    asks_list_u8_t bytes;
    wasi_random_random_get_random_bytes(100, &bytes);
    say_bytes("random", &bytes, wasi_random_random_get_random_u64());
    wasi_random_insecure_get_insecure_random_bytes(10, &bytes);
    say_bytes("insecure", &bytes, wasi_random_insecure_get_insecure_random_u64());
    asks_tuple2_u64_u64_t seed;
    wasi_random_insecure_seed_insecure_seed(&seed);
    printf("seed %llu %llu\n", (unsigned long long)seed.f0, (unsigned long long)seed.f1);
  }
  if (verb_is("around")) {
    asks_list_tuple2_string_string_t variables;
    asks_list_string_t arguments;
    asks_string_t folder = {0};
    wasi_cli_environment_get_environment(&variables);
    wasi_cli_environment_get_arguments(&arguments);
    wasi_cli_environment_initial_cwd(&folder);
    say_surroundings(&variables, &arguments, &folder);
  }
  fflush(stdout);
  return true;
}
