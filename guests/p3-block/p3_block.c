// Blocks as components of two worlds do: in wasi:http 0.3 a request that sleeps in libc (`poll` of WASI 0.2)
// beside requests that wait for a clock of 0.3. `/block?ms=N`, `/sleep?ms=N`, `/spin`; anything else is
// answered at once.
#include "service.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef wasi_http_types_result_option_own_trailers_error_code_t trailers_t;
typedef wasi_http_types_future_result_option_own_trailers_error_code_writer_t trailers_writer_t;

typedef struct {
  service_waitable_set_t set;
  service_subtask_t timer;
  trailers_writer_t trailers;
} task_t;

static const trailers_t no_trailers = {.is_err = false, .val.ok.is_some = false};

static service_callback_code_t wait_for(task_t* task, uint32_t waitable) {
  if (task->set == 0) task->set = service_waitable_set_new();
  service_context_set_0(task);
  service_waitable_join(waitable, task->set);
  return SERVICE_CALLBACK_CODE_WAIT(task->set);
}

static service_callback_code_t finish(task_t* task) {
  wasi_http_types_future_result_option_own_trailers_error_code_drop_writable(task->trailers);
  if (task->set != 0) service_waitable_set_drop(task->set);
  free(task);
  return SERVICE_CALLBACK_CODE_EXIT;
}

/// 200 without a body.
static service_callback_code_t answer(task_t* task) {
  wasi_http_types_own_fields_t headers = wasi_http_types_constructor_fields();
  wasi_http_types_future_result_option_own_trailers_error_code_t trailers =
      wasi_http_types_future_result_option_own_trailers_error_code_new(&task->trailers);
  wasi_http_types_tuple2_own_response_future_result_void_error_code_t made;
  wasi_http_types_static_response_new(headers, NULL, trailers, &made);
  wasi_http_types_future_result_void_error_code_drop_readable(made.f1);
  exports_wasi_http_handler_result_own_response_error_code_t result = {.is_err = false, .val.ok = made.f0};
  exports_wasi_http_handler_handle_return(result);
  const service_waitable_status_t status =
      wasi_http_types_future_result_option_own_trailers_error_code_write(task->trailers, &no_trailers);
  return status == SERVICE_WAITABLE_STATUS_BLOCKED ? wait_for(task, task->trailers) : finish(task);
}

static uint64_t milliseconds(const char* target) {
  const char* const at = strstr(target, "ms=");
  return at != NULL ? strtoull(at + 3, NULL, 10) : 0;
}

service_callback_code_t exports_wasi_http_handler_handle(exports_wasi_http_handler_own_request_t request) {
  task_t* const task = calloc(1, sizeof *task);
  service_string_t text = {0};
  char target[64] = "";
  if (wasi_http_types_method_request_get_path_with_query(wasi_http_types_borrow_request(request), &text)) {
    memcpy(target, text.ptr, text.len < sizeof target ? text.len : sizeof target - 1);
    service_string_free(&text);
  }
  wasi_http_types_request_drop_own(request);
  if (strncmp(target, "/spin", 5) == 0) {
    for (volatile uint64_t i = 0;; i = i + 1) {
    }
  }
  const uint64_t pause = milliseconds(target);
  if (strncmp(target, "/block", 6) == 0) {
    const struct timespec time = {.tv_sec = (time_t)(pause / 1000),
                                  .tv_nsec = (long)(pause % 1000) * 1000000};
    nanosleep(&time, NULL);
  } else if (strncmp(target, "/sleep", 6) == 0) {
    const service_subtask_status_t status = wasi_clocks_monotonic_clock_wait_for(pause * 1000000);
    if (SERVICE_SUBTASK_STATE(status) != SERVICE_SUBTASK_RETURNED) {
      task->timer = SERVICE_SUBTASK_HANDLE(status);
      return wait_for(task, task->timer);
    }
  }
  return answer(task);
}

service_callback_code_t exports_wasi_http_handler_handle_callback(service_event_t* event) {
  task_t* const task = service_context_get_0();
  if (event->event == SERVICE_EVENT_CANCEL) {
    if (task->timer != 0) {
      service_subtask_cancel(task->timer);
      service_waitable_join(task->timer, 0);
      service_subtask_drop(task->timer);
    }
    if (task->set != 0) service_waitable_set_drop(task->set);
    free(task);
    service_task_cancel();
    return SERVICE_CALLBACK_CODE_EXIT;
  }
  if (task->timer != 0) {
    service_waitable_join(task->timer, 0);
    service_subtask_drop(task->timer);
    task->timer = 0;
    return answer(task);
  }
  return finish(task);
}
