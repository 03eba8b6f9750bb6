// An interface of our own over descriptors of 0.3: hands out the first folder it was given.
#include "provider.h"

exports_wisp_vault_vault_own_descriptor_t exports_wisp_vault_vault_give(void) {
  wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t all;
  wasi_filesystem_preopens_get_directories(&all);
  if (all.len == 0) __builtin_trap();
  return (exports_wisp_vault_vault_own_descriptor_t){all.ptr[0].f0.__handle};
}

/// Files answer at once here: `wisp run` calls them on its own thread.
static bool is_folder(wasi_filesystem_types_borrow_descriptor_t what) {
  wasi_filesystem_types_result_descriptor_type_error_code_t result;
  const provider_subtask_status_t status = wasi_filesystem_types_method_descriptor_get_type(what, &result);
  if (PROVIDER_SUBTASK_STATE(status) != PROVIDER_SUBTASK_RETURNED) __builtin_trap();
  return !result.is_err && result.val.ok.tag == WASI_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_DIRECTORY;
}

bool exports_wisp_vault_vault_is_folder(exports_wisp_vault_vault_borrow_descriptor_t what) {
  const wasi_filesystem_types_borrow_descriptor_t self = {what.__handle};
  const bool folder = is_folder(self);
  wasi_filesystem_types_descriptor_drop_borrow(self);
  return folder;
}

uint32_t exports_wisp_vault_vault_take(exports_wisp_vault_vault_list_own_descriptor_t* what) {
  uint32_t folders = 0;
  for (size_t i = 0; i < what->len; ++i) {
    const wasi_filesystem_types_own_descriptor_t own = {what->ptr[i].__handle};
    folders += is_folder(wasi_filesystem_types_borrow_descriptor(own));
    wasi_filesystem_types_descriptor_drop_own(own);
  }
  return folders;
}
