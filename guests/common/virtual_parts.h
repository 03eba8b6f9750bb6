// What the virtual providers have in common.
#pragma once

typedef virtual_string_t string_t;
typedef virtual_list_tuple2_string_string_t variables_t;
#include "mode.h"

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
