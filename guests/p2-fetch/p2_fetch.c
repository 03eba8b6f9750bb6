// A command that asks http://back.internal/ and prints the status, or the number of the error.
#include "fetch.h"

#include <stdio.h>

bool exports_wasi_cli_run_run(void) {
  const wasi_http_types_own_outgoing_request_t request =
      wasi_http_types_constructor_outgoing_request(wasi_http_types_constructor_fields());
  const wasi_http_types_borrow_outgoing_request_t self = wasi_http_types_borrow_outgoing_request(request);
  wasi_http_types_scheme_t scheme = {.tag = WASI_HTTP_TYPES_SCHEME_HTTP};
  fetch_string_t authority;
  fetch_string_set(&authority, "back.internal");
  wasi_http_types_method_outgoing_request_set_scheme(self, &scheme);
  wasi_http_types_method_outgoing_request_set_authority(self, &authority);
  wasi_http_outgoing_handler_own_future_incoming_response_t future;
  wasi_http_outgoing_handler_error_code_t refused;
  if (!wasi_http_outgoing_handler_handle(request, NULL, &future, &refused)) {
    printf("error %d\n", refused.tag);
    fflush(stdout);
    return false;
  }
  const wasi_http_types_borrow_future_incoming_response_t pending =
      wasi_http_types_borrow_future_incoming_response(future);
  const wasi_io_poll_own_pollable_t pollable =
      wasi_http_types_method_future_incoming_response_subscribe(pending);
  wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(pollable));
  wasi_io_poll_pollable_drop_own(pollable);
  wasi_http_types_result_result_own_incoming_response_error_code_void_t answer;
  if (!wasi_http_types_method_future_incoming_response_get(pending, &answer)) __builtin_trap();
  if (answer.val.ok.is_err) {
    printf("error %d\n", answer.val.ok.val.err.tag);
  } else {
    printf("status %d\n", wasi_http_types_method_incoming_response_status(
                              wasi_http_types_borrow_incoming_response(answer.val.ok.val.ok)));
  }
  fflush(stdout);
  return !answer.val.ok.is_err;
}
