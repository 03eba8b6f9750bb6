// What the askers of both versions say alike.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say_bytes(const char* what, const asks_list_u8_t* bytes, uint64_t number) {
  printf("%s %zu bytes, ", what, bytes->len);
  size_t same = 0;
  while (same < bytes->len && bytes->ptr[same] == bytes->ptr[0]) ++same;
  printf("%zu of them %02x, %llu\n", same, bytes->len ? bytes->ptr[0] : 0, (unsigned long long)number);
}

static void say_surroundings(const asks_list_tuple2_string_string_t* variables,
                             const asks_list_string_t* arguments, const asks_string_t* folder) {
  for (size_t i = 0; i < variables->len; ++i) {
    const asks_string_t name = variables->ptr[i].f0, value = variables->ptr[i].f1;
    if (name.len == 7 && memcmp(name.ptr, "VIRTUAL", 7) == 0)
      printf("VIRTUAL=%.*s ", (int)value.len, (const char*)value.ptr);
  }
  printf("in %.*s:", (int)folder->len, (const char*)folder->ptr);
  for (size_t i = 1; i < arguments->len; ++i)
    printf(" %.*s", (int)arguments->ptr[i].len, (const char*)arguments->ptr[i].ptr);
  printf("\n");
}

/// Whether the first argument is `wanted`.
static int verb_is(const char* wanted) {
  asks_list_string_t arguments;
  wasi_cli_environment_get_arguments(&arguments);
  return arguments.len > 1 && arguments.ptr[1].len == strlen(wanted) &&
         memcmp(arguments.ptr[1].ptr, wanted, arguments.ptr[1].len) == 0;
}

enum { kHour = 3600 };
static const unsigned long long kSecond = 1000000000;
