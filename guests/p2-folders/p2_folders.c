// Folders for whoever imports WASI 0.2: of the first one that it was given itself, only "inner", and under
// another name.
#include "folders.h"

#include <stdlib.h>

void exports_wasi_filesystem_preopens_get_directories(
    exports_wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t* out) {
  wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t all;
  wasi_filesystem_preopens_get_directories(&all);
  if (all.len == 0) __builtin_trap();
  folders_string_t inner;
  folders_string_set(&inner, "inner");
  wasi_filesystem_types_own_descriptor_t made;
  wasi_filesystem_types_error_code_t error;
  if (!wasi_filesystem_types_method_descriptor_open_at(wasi_filesystem_types_borrow_descriptor(all.ptr[0].f0),
                                                       0, &inner, WASI_FILESYSTEM_TYPES_OPEN_FLAGS_DIRECTORY,
                                                       WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ, &made,
                                                       &error))
    __builtin_trap();
  out->ptr = malloc(sizeof *out->ptr);
  out->len = 1;
  out->ptr[0].f0.__handle = made.__handle;
  folders_string_dup(&out->ptr[0].f1, "/virtual");
}
