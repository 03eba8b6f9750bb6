// What providers are told to do, in the environment that they were given. Before it: typedefs string_t and
// variables_t of the world's own string and list of pairs.
#pragma once

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/// Whether MODE is `wanted`.
static bool mode_is(const char* wanted) {
  variables_t all;
  wasi_cli_environment_get_environment(&all);
  bool found = false;
  for (size_t i = 0; i < all.len; ++i) {
    const string_t name = all.ptr[i].f0, value = all.ptr[i].f1;
    found |= name.len == 4 && memcmp(name.ptr, "MODE", 4) == 0 && value.len == strlen(wanted) &&
             memcmp(value.ptr, wanted, value.len) == 0;
  }
  // A provider serves a call or a few.
  return found;
}
