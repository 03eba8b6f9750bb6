// Uses the descriptors of somebody else's interface, as those of 0.3.
#include "user.h"

#include <stdio.h>
#include <stdlib.h>

user_callback_code_t exports_wasi_cli_run_run(void) {
  wisp_vault_vault_own_descriptor_t given[3];
  for (int i = 0; i < 3; ++i) given[i] = wisp_vault_vault_give();
  wasi_filesystem_types_result_descriptor_type_error_code_t type;
  const wasi_filesystem_types_borrow_descriptor_t first = {given[0].__handle};
  const user_subtask_status_t status = wasi_filesystem_types_method_descriptor_get_type(first, &type);
  if (USER_SUBTASK_STATE(status) != USER_SUBTASK_RETURNED) __builtin_trap();
  const bool folder = !type.is_err && type.val.ok.tag == WASI_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_DIRECTORY;
  printf("%s here, ", folder ? "a folder" : "none");
  const wisp_vault_vault_borrow_descriptor_t lent = {given[0].__handle};
  printf("%s there, ", wisp_vault_vault_is_folder(lent) ? "a folder" : "none");
  wisp_vault_vault_list_own_descriptor_t all = {given, 3};
  printf("%u taken\n", wisp_vault_vault_take(&all));
  fflush(stdout);
  const exports_wasi_cli_run_result_void_void_t result = {.is_err = false};
  exports_wasi_cli_run_run_return(result);
  return USER_CALLBACK_CODE_EXIT;
}

user_callback_code_t exports_wasi_cli_run_run_callback(user_event_t* event) {
  (void)event;
  abort();
}
