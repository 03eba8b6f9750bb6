// What the virtual providers are told to do, in the environment that they were given.
#pragma once

#include <stdbool.h>
#include <string.h>

/// Whether MODE is `wanted`.
static bool mode_is(const char* wanted) {
  virtual_list_tuple2_string_string_t all;
  wasi_cli_environment_get_environment(&all);
  bool found = false;
  for (size_t i = 0; i < all.len; ++i) {
    const virtual_string_t name = all.ptr[i].f0, value = all.ptr[i].f1;
    found |= name.len == 4 && memcmp(name.ptr, "MODE", 4) == 0 && value.len == strlen(wanted) &&
             memcmp(value.ptr, wanted, value.len) == 0;
  }
  virtual_list_tuple2_string_string_free(&all);
  return found;
}

static void fill(virtual_list_u8_t* out, uint64_t count, int byte) {
  out->ptr = malloc(count ? count : 1);
  if (!out->ptr) __builtin_trap();
  out->len = count;
  memset(out->ptr, byte, count);
}

/// Adds a variable and an argument to what it was given.
static void add_variable(virtual_list_tuple2_string_string_t* out, const char* value) {
  wasi_cli_environment_get_environment(out);
  out->ptr = realloc(out->ptr, (out->len + 1) * sizeof *out->ptr);
  virtual_string_dup(&out->ptr[out->len].f0, "VIRTUAL");
  virtual_string_dup(&out->ptr[out->len].f1, value);
  ++out->len;
}

static void add_argument(virtual_list_string_t* out) {
  wasi_cli_environment_get_arguments(out);
  out->ptr = realloc(out->ptr, (out->len + 1) * sizeof *out->ptr);
  virtual_string_dup(&out->ptr[out->len], "more");
  ++out->len;
}
