// Uses the descriptors of somebody else's interface, as those of 0.2.
#include "user.h"

#include <stdio.h>

bool exports_wasi_cli_run_run(void) {
  wisp_vault_vault_own_descriptor_t given[3];
  for (int i = 0; i < 3; ++i) given[i] = wisp_vault_vault_give();
  wasi_filesystem_types_descriptor_type_t type;
  wasi_filesystem_types_error_code_t error;
  const wasi_filesystem_types_borrow_descriptor_t first = {given[0].__handle};
  const bool known = wasi_filesystem_types_method_descriptor_get_type(first, &type, &error);
  printf("%s here, ", known && type == WASI_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_DIRECTORY ? "a folder" : "none");
  const wisp_vault_vault_borrow_descriptor_t lent = {given[0].__handle};
  printf("%s there, ", wisp_vault_vault_is_folder(lent) ? "a folder" : "none");
  wisp_vault_vault_list_own_descriptor_t all = {given, 3};
  printf("%u taken\n", wisp_vault_vault_take(&all));
  fflush(stdout);
  return true;
}
