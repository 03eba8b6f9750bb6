// The sample for wasi:http 0.3: `GET /?name=you` is answered with a greeting, anything else with the 13 bytes
// the benchmark counts. All of it is done before the handler returns when the host takes what it is given.
#include "service.h"

#include <stdlib.h>
#include <string.h>

typedef wasi_http_types_result_option_own_trailers_error_code_t trailers_t;
typedef wasi_http_types_future_result_option_own_trailers_error_code_writer_t trailers_writer_t;

typedef struct {
  service_waitable_set_t set;
  wasi_http_types_stream_u8_writer_t body;  // 0: dropped
  trailers_writer_t trailers;
  size_t length, sent;
  uint8_t text[256];
} task_t;

static const trailers_t no_trailers = {.is_err = false, .val.ok.is_some = false};

static service_callback_code_t wait_for(task_t* task, uint32_t waitable) {
  if (task->set == 0) {
    task->set = service_waitable_set_new();
    service_context_set_0(task);
  }
  service_waitable_join(waitable, task->set);
  return SERVICE_CALLBACK_CODE_WAIT(task->set);
}

static service_callback_code_t finish(task_t* task) {
  wasi_http_types_future_result_option_own_trailers_error_code_drop_writable(task->trailers);
  if (task->set != 0) service_waitable_set_drop(task->set);
  free(task);
  return SERVICE_CALLBACK_CODE_EXIT;
}

static service_callback_code_t go_on(task_t* task) {
  while (task->body != 0) {
    if (task->sent == task->length) {
      wasi_http_types_stream_u8_drop_writable(task->body);
      task->body = 0;
      break;
    }
    const service_waitable_status_t status =
        wasi_http_types_stream_u8_write(task->body, task->text + task->sent, task->length - task->sent);
    if (status == SERVICE_WAITABLE_STATUS_BLOCKED) return wait_for(task, task->body);
    task->sent += SERVICE_WAITABLE_COUNT(status);
    if (SERVICE_WAITABLE_STATE(status) != SERVICE_WAITABLE_COMPLETED) task->sent = task->length;
  }
  const service_waitable_status_t status =
      wasi_http_types_future_result_option_own_trailers_error_code_write(task->trailers, &no_trailers);
  if (status == SERVICE_WAITABLE_STATUS_BLOCKED) return wait_for(task, task->trailers);
  return finish(task);
}

/// The value of `name` in the query, as it stands there.
static size_t query_name(const service_string_t* target, const uint8_t** value) {
  const uint8_t* const end = target->ptr + target->len;
  const uint8_t* at = target->len != 0 ? memchr(target->ptr, '?', target->len) : NULL;
  while (at != NULL && at < end) {
    ++at;
    const uint8_t* next = at < end ? memchr(at, '&', (size_t)(end - at)) : NULL;
    if (next == NULL) next = end;
    if (next - at > 5 && memcmp(at, "name=", 5) == 0) {
      *value = at + 5;
      return (size_t)(next - at) - 5;
    }
    at = next;
  }
  return 0;
}

service_callback_code_t exports_wasi_http_handler_handle(exports_wasi_http_handler_own_request_t request) {
  task_t* const task = calloc(1, sizeof *task);
  service_string_t target = {0};
  const uint8_t* name = NULL;
  size_t named = 0;
  if (wasi_http_types_method_request_get_path_with_query(wasi_http_types_borrow_request(request), &target))
    named = query_name(&target, &name);
  if (named > 200) named = 200;
  memcpy(task->text, "Hello, ", 7);
  memcpy(task->text + 7, named != 0 ? name : (const uint8_t*)"world", named != 0 ? named : 5);
  task->length = 7 + (named != 0 ? named : 5);
  task->text[task->length++] = '!';
  if (named != 0) task->text[task->length++] = '\n';
  service_string_free(&target);
  wasi_http_types_request_drop_own(request);

  wasi_http_types_stream_u8_t body = wasi_http_types_stream_u8_new(&task->body);
  const wasi_http_types_future_result_option_own_trailers_error_code_t trailers =
      wasi_http_types_future_result_option_own_trailers_error_code_new(&task->trailers);
  wasi_http_types_tuple2_own_response_future_result_void_error_code_t made;
  wasi_http_types_static_response_new(wasi_http_types_constructor_fields(), &body, trailers, &made);
  wasi_http_types_future_result_void_error_code_drop_readable(made.f1);
  const exports_wasi_http_handler_result_own_response_error_code_t reply = {.is_err = false,
                                                                            .val.ok = made.f0};
  exports_wasi_http_handler_handle_return(reply);
  return go_on(task);
}

service_callback_code_t exports_wasi_http_handler_handle_callback(service_event_t* event) {
  task_t* const task = service_context_get_0();
  service_waitable_join(event->waitable, 0);
  if (event->event == SERVICE_EVENT_FUTURE_WRITE) return finish(task);
  if (event->event == SERVICE_EVENT_STREAM_WRITE) {
    task->sent += SERVICE_WAITABLE_COUNT(event->code);
    if (SERVICE_WAITABLE_STATE(event->code) != SERVICE_WAITABLE_COMPLETED) task->sent = task->length;
  }
  return go_on(task);
}
