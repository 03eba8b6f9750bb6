// Middleware for wasi:http 0.3: adds a field to the request and to the response, and hands both bodies on
// without looking into them. With `plain` in the target the response is handed on as it is, and nothing is
// left to do after that.
#include "world.hpp"

#include "p3_task.hpp"

#include <string_view>

using guest::Call;
using guest::Job;
using guest::Operation;

namespace {

using Request = exports_wasi_http_handler_own_request_t;
using Fields = wasi_http_types_own_fields_t;
using SentFuture = wasi_http_types_future_result_void_error_code_t;
using SentEnd = wasi_http_types_future_result_void_error_code_writer_t;
using Body = wasi_http_types_tuple2_stream_u8_future_result_option_own_trailers_error_code_t;

service_string_t lend(std::string_view text) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())), text.size()};
}

/// A copy of a message's fields with one more.
Fields with(Fields fields, std::string_view name, std::string_view value) {
  const Fields more = wasi_http_types_method_fields_clone(wasi_http_types_borrow_fields(fields));
  wasi_http_types_fields_drop_own(fields);
  service_string_t key = lend(name);
  const service_string_t text = lend(value);
  wasi_http_types_field_value_t bytes{text.ptr, text.len};
  wasi_http_types_header_error_t error;
  if (!wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(more), &key, &bytes, &error))
    __builtin_trap();
  return more;
}

/// What the message was handled with is what became of the one made of it, which is said in any case.
Job pass_on(SentFuture from, SentEnd to) {
  co_await guest::Stays();
  wasi_http_types_result_void_error_code_t sent{};
  (void)co_await Operation{from, wasi_http_types_future_result_void_error_code_read(from, &sent),
                           wasi_http_types_future_result_void_error_code_cancel_read};
  wasi_http_types_future_result_void_error_code_drop_readable(from);
  (void)co_await Operation{to, wasi_http_types_future_result_void_error_code_write(to, &sent),
                           wasi_http_types_future_result_void_error_code_cancel_write};
  wasi_http_types_future_result_void_error_code_drop_writable(to);
}

Job pass_ok(SentEnd to) {
  const wasi_http_types_result_void_error_code_t ok{};
  co_await guest::Stays();
  (void)co_await Operation{to, wasi_http_types_future_result_void_error_code_write(to, &ok),
                           wasi_http_types_future_result_void_error_code_cancel_write};
  wasi_http_types_future_result_void_error_code_drop_writable(to);
}

Request forwarded(Request request, bool* plain) {
  const auto self = wasi_http_types_borrow_request(request);
  wasi_http_types_method_t method;
  wasi_http_types_method_request_get_method(self, &method);
  wasi_http_types_scheme_t scheme;
  const bool has_scheme = wasi_http_types_method_request_get_scheme(self, &scheme);
  service_string_t authority, path;
  const bool has_authority = wasi_http_types_method_request_get_authority(self, &authority);
  const bool has_path = wasi_http_types_method_request_get_path_with_query(self, &path);
  *plain = has_path && std::string_view(reinterpret_cast<char*>(path.ptr), path.len).contains("plain");
  const Fields fields = with(wasi_http_types_method_request_get_headers(self), "x-middleware", "seen");

  SentEnd end;
  const SentFuture handled = wasi_http_types_future_result_void_error_code_new(&end);
  Body body;
  wasi_http_types_static_request_consume_body(request, handled, &body);
  wasi_http_types_tuple2_own_request_future_result_void_error_code_t made;
  wasi_http_types_static_request_new(fields, &body.f0, body.f1, nullptr, &made);
  if (*plain) {
    wasi_http_types_future_result_void_error_code_drop_readable(made.f1);
    pass_ok(end);
  } else {
    pass_on(made.f1, end);
  }
  const auto next = wasi_http_types_borrow_request(made.f0);
  wasi_http_types_method_request_set_method(next, &method);
  if (has_scheme) wasi_http_types_method_request_set_scheme(next, &scheme);
  if (has_authority) wasi_http_types_method_request_set_authority(next, &authority);
  if (has_path) wasi_http_types_method_request_set_path_with_query(next, &path);
  return made.f0;
}

Job handle(Request request) {
  wasi_http_handler_result_own_response_error_code_t answer;
  bool plain = false;
  const Request next = forwarded(request, &plain);
  co_await Call{wasi_http_handler_handle(next, &answer)};
  if (answer.is_err) {
    exports_wasi_http_handler_result_own_response_error_code_t error{};
    error.is_err = true;
    static_assert(sizeof error.val.err == sizeof answer.val.err);
    __builtin_memcpy(&error.val.err, &answer.val.err, sizeof error.val.err);
    exports_wasi_http_handler_handle_return(error);
    co_return;
  }
  if (plain) {
    exports_wasi_http_handler_handle_return({.is_err = false, .val = {.ok = answer.val.ok}});
    co_return;
  }
  const auto self = wasi_http_types_borrow_response(answer.val.ok);
  const auto status = wasi_http_types_method_response_get_status_code(self);
  const Fields fields = with(wasi_http_types_method_response_get_headers(self), "x-passed", "yes");
  SentEnd end;
  const SentFuture handled = wasi_http_types_future_result_void_error_code_new(&end);
  Body body;
  wasi_http_types_static_response_consume_body(answer.val.ok, handled, &body);
  wasi_http_types_tuple2_own_response_future_result_void_error_code_t made;
  wasi_http_types_static_response_new(fields, &body.f0, body.f1, &made);
  wasi_http_types_method_response_set_status_code(wasi_http_types_borrow_response(made.f0), status);
  pass_on(made.f1, end);
  exports_wasi_http_handler_handle_return({.is_err = false, .val = {.ok = made.f0}});
}

}  // namespace

service_callback_code_t exports_wasi_http_handler_handle(Request request) {
  return guest::Task::start([&] { handle(request); });
}

service_callback_code_t exports_wasi_http_handler_handle_callback(service_event_t* event) {
  return guest::Task::resume(*event);
}
