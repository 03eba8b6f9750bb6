// Folders for whoever imports WASI 0.3: of the first one that it was given itself, only "inner", and under
// another name.
#include "folders.h"

#include <stdlib.h>

void exports_wasi_filesystem_preopens_get_directories(
    exports_wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t* out) {
  wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t all;
  wasi_filesystem_preopens_get_directories(&all);
  if (all.len == 0) __builtin_trap();
  wasi_filesystem_types_method_descriptor_open_at_args_t args = {
      .self = wasi_filesystem_types_borrow_descriptor(all.ptr[0].f0),
      .open_flags = WASI_FILESYSTEM_TYPES_OPEN_FLAGS_DIRECTORY,
      .flags = WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ};
  folders_string_set(&args.path, "inner");
  wasi_filesystem_types_result_own_descriptor_error_code_t made;
  // Files answer at once here: `wisp run` calls them on its own thread.
  const folders_subtask_status_t status = wasi_filesystem_types_method_descriptor_open_at(&args, &made);
  if (FOLDERS_SUBTASK_STATE(status) != FOLDERS_SUBTASK_RETURNED || made.is_err) __builtin_trap();
  out->ptr = malloc(sizeof *out->ptr);
  out->len = 1;
  out->ptr[0].f0.__handle = made.val.ok.__handle;
  folders_string_dup(&out->ptr[0].f1, "/virtual");
}
