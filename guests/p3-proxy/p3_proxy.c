// A reverse proxy for wasi:http 0.3: sends each request on to $UPSTREAM (http://host:port) and hands back
// what it answers. Bodies and trailers go through as they are, both ways at once. A request that is cancelled
// is cancelled there, too.
#include "proxy.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  proxy_subtask_t call;
  proxy_waitable_set_t set;
  wasi_http_client_result_own_response_error_code_t answer;
} task_t;

static wasi_http_types_scheme_t scheme;
static proxy_string_t authority;

static void find_upstream(void) {
  proxy_list_tuple2_string_string_t environment;
  wasi_cli_environment_get_environment(&environment);
  for (size_t i = 0; i < environment.len; ++i) {
    const proxy_string_t name = environment.ptr[i].f0;
    proxy_string_t value = environment.ptr[i].f1;
    if (name.len != 8 || memcmp(name.ptr, "UPSTREAM", 8) != 0) continue;
    const bool https = value.len > 8 && memcmp(value.ptr, "https://", 8) == 0;
    const size_t skip = https ? 8 : value.len > 7 && memcmp(value.ptr, "http://", 7) == 0 ? 7 : 0;
    scheme.tag = https ? WASI_HTTP_TYPES_SCHEME_HTTPS : WASI_HTTP_TYPES_SCHEME_HTTP;
    authority.len = value.len - skip;
    authority.ptr = malloc(authority.len);
    memcpy(authority.ptr, value.ptr + skip, authority.len);
  }
  proxy_list_tuple2_string_string_free(&environment);
}

static proxy_callback_code_t reply(task_t* task) {
  exports_wasi_http_handler_result_own_response_error_code_t answer;
  _Static_assert(sizeof answer == sizeof task->answer, "the same type by two names");
  memcpy(&answer, &task->answer, sizeof answer);
  free(task);
  exports_wasi_http_handler_handle_return(answer);
  return PROXY_CALLBACK_CODE_EXIT;
}

proxy_callback_code_t exports_wasi_http_handler_handle(exports_wasi_http_handler_own_request_t request) {
  if (authority.ptr == NULL) find_upstream();
  const wasi_http_types_borrow_request_t message = wasi_http_types_borrow_request(request);
  wasi_http_types_method_request_set_scheme(message, &scheme);
  wasi_http_types_method_request_set_authority(message, &authority);
  task_t* const task = malloc(sizeof *task);
  const proxy_subtask_status_t status = wasi_http_client_send(request, &task->answer);
  if (PROXY_SUBTASK_STATE(status) == PROXY_SUBTASK_RETURNED) return reply(task);
  task->call = PROXY_SUBTASK_HANDLE(status);
  task->set = proxy_waitable_set_new();
  proxy_waitable_join(task->call, task->set);
  proxy_context_set_0(task);
  return PROXY_CALLBACK_CODE_WAIT(task->set);
}

proxy_callback_code_t exports_wasi_http_handler_handle_callback(proxy_event_t* event) {
  task_t* const task = proxy_context_get_0();
  proxy_subtask_state_t state = event->code;
  if (event->event == PROXY_EVENT_CANCEL) {
    proxy_waitable_join(task->call, 0);
    state = PROXY_SUBTASK_STATE(proxy_subtask_cancel(task->call));
  } else if (state < PROXY_SUBTASK_RETURNED) {
    return PROXY_CALLBACK_CODE_WAIT(task->set);
  }
  proxy_subtask_drop(task->call);
  proxy_waitable_set_drop(task->set);
  if (state == PROXY_SUBTASK_RETURNED) return reply(task);
  free(task);
  proxy_task_cancel();
  return PROXY_CALLBACK_CODE_EXIT;
}
