// wasi:http 0.3, a path for each behaviour; see guests/README.md.
#include "p3_task.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

using guest::Call;
using guest::Job;
using guest::Operation;
using guest::Owned;

namespace {

using Request = exports_wasi_http_handler_own_request_t;
using Stream = wasi_http_types_stream_u8_t;
using StreamEnd = wasi_http_types_stream_u8_writer_t;
using TrailersFuture = wasi_http_types_future_result_option_own_trailers_error_code_t;
using TrailersEnd = wasi_http_types_future_result_option_own_trailers_error_code_writer_t;
using Trailers = wasi_http_types_result_option_own_trailers_error_code_t;
using SentFuture = wasi_http_types_future_result_void_error_code_t;
using SentEnd = wasi_http_types_future_result_void_error_code_writer_t;
using Sent = wasi_http_types_result_void_error_code_t;
using Fields = wasi_http_types_own_fields_t;

/// Ends of streams and futures that this instance holds.
using InStream = Owned<wasi_http_types_stream_u8_drop_readable>;
using OutStream = Owned<wasi_http_types_stream_u8_drop_writable>;
using InTrailers = Owned<wasi_http_types_future_result_option_own_trailers_error_code_drop_readable>;
using InSent = Owned<wasi_http_types_future_result_void_error_code_drop_readable>;

int requests = 0;
/// How the response before this one was transmitted: "ok", or the number of the error.
std::string last_transmission = "none";

std::string text_of(std::uint64_t value) {
  char digits[20];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

service_string_t lend(std::string_view text) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())), text.size()};
}

std::string target_of(Request request) {
  service_string_t text;
  if (!wasi_http_types_method_request_get_path_with_query(wasi_http_types_borrow_request(request), &text))
    return {};
  std::string copy(reinterpret_cast<char*>(text.ptr), text.len);
  service_string_free(&text);
  return copy;
}

std::string query(std::string_view target, std::string_view name) {
  auto at = target.find('?');
  while (at != std::string_view::npos) {
    ++at;
    const auto end = std::min(target.find('&', at), target.size());
    const auto pair = target.substr(at, end - at);
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('='))
      return std::string(pair.substr(name.size() + 1));
    at = end < target.size() ? end : std::string_view::npos;
  }
  return {};
}

std::uint64_t number(std::string_view target, std::string_view name, std::uint64_t otherwise = 0) {
  const std::string text = query(target, name);
  std::from_chars(text.data(), text.data() + text.size(), otherwise);
  return otherwise;
}

Fields make_fields(std::initializer_list<std::pair<std::string_view, std::string>> entries) {
  const Fields fields = wasi_http_types_constructor_fields();
  for (const auto& [name, value] : entries) {
    service_string_t key = lend(name);
    const service_string_t text = lend(value);
    wasi_http_types_field_value_t bytes{text.ptr, text.len};
    wasi_http_types_header_error_t error;
    if (!wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(fields), &key, &bytes, &error))
      __builtin_trap();
  }
  return fields;
}

Operation write(StreamEnd end, std::string_view text) {
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  return {end, wasi_http_types_stream_u8_write(end, bytes, text.size()),
          wasi_http_types_stream_u8_cancel_write};
}

Operation read(Stream stream, std::vector<std::uint8_t>& into) {
  return {stream, wasi_http_types_stream_u8_read(stream, into.data(), into.size()),
          wasi_http_types_stream_u8_cancel_read};
}

/// Writes all of it; `reads` becomes false if nobody reads any more. What is written outlives it.
Job write_all(StreamEnd end, std::string_view text, bool* reads) {
  while (!text.empty()) {
    const auto status = co_await write(end, text);
    text.remove_prefix(SERVICE_WAITABLE_COUNT(status));
    if (SERVICE_WAITABLE_STATE(status) != SERVICE_WAITABLE_COMPLETED) {
      *reads = false;
      co_return;
    }
  }
}

/// A future's end that can be written is dropped only when it was written.
Job settle(TrailersEnd end, Trailers value) {
  co_await guest::Stays();
  (void)co_await Operation{end,
                           wasi_http_types_future_result_option_own_trailers_error_code_write(end, &value),
                           wasi_http_types_future_result_option_own_trailers_error_code_cancel_write};
  wasi_http_types_future_result_option_own_trailers_error_code_drop_writable(end);
}

void give_up(TrailersEnd end) {
  Trailers error{};
  error.is_err = true;
  error.val.err.tag = WASI_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR;
  settle(end, error);
}
using OutTrailers = Owned<give_up>;

Job say_handled(SentEnd end) {
  co_await guest::Stays();
  const Sent ok{};
  (void)co_await Operation{end, wasi_http_types_future_result_void_error_code_write(end, &ok),
                           wasi_http_types_future_result_void_error_code_cancel_write};
  wasi_http_types_future_result_void_error_code_drop_writable(end);
}

/// Remembers how a message was transmitted.
Job remember(InSent future) {
  Sent sent;
  (void)co_await Operation{future.get(),
                           wasi_http_types_future_result_void_error_code_read(future.get(), &sent),
                           wasi_http_types_future_result_void_error_code_cancel_read};
  last_transmission = sent.is_err ? text_of(sent.val.err.tag) : "ok";
  wasi_http_types_result_void_error_code_free(&sent);
}

/// The two ends of a response's body.
struct Body {
  OutStream stream;
  OutTrailers trailers;
};

/// Answers; what the body is comes later.
Body respond(std::uint16_t status, Fields headers) {
  StreamEnd stream_end;
  TrailersEnd trailers_end;
  Stream stream = wasi_http_types_stream_u8_new(&stream_end);
  const TrailersFuture trailers =
      wasi_http_types_future_result_option_own_trailers_error_code_new(&trailers_end);
  wasi_http_types_tuple2_own_response_future_result_void_error_code_t made;
  wasi_http_types_static_response_new(headers, &stream, trailers, &made);
  if (!wasi_http_types_method_response_set_status_code(wasi_http_types_borrow_response(made.f0), status))
    __builtin_trap();
  remember(InSent(made.f1));
  exports_wasi_http_handler_handle_return({.is_err = false, .val = {.ok = made.f0}});
  return {OutStream(stream_end), OutTrailers(trailers_end)};
}

void finish(Body& body, Trailers trailers = {}) {
  body.stream.drop();
  settle(body.trailers.release(), trailers);
}

Job respond_text(std::uint16_t status, std::string text) {
  Body body = respond(status, make_fields({{"content-type", "text/plain"}}));
  bool reads = true;
  co_await write_all(body.stream.get(), text, &reads);
  finish(body);
}

/// The body of a request or response that came in.
struct Incoming {
  InStream stream;
  InTrailers trailers;
};

Incoming consume_request(Request request) {
  SentEnd end;
  const SentFuture handled = wasi_http_types_future_result_void_error_code_new(&end);
  wasi_http_types_tuple2_stream_u8_future_result_option_own_trailers_error_code_t body;
  wasi_http_types_static_request_consume_body(request, handled, &body);
  say_handled(end);
  return {InStream(body.f0), InTrailers(body.f1)};
}

Incoming consume_response(wasi_http_types_own_response_t response) {
  SentEnd end;
  const SentFuture handled = wasi_http_types_future_result_void_error_code_new(&end);
  wasi_http_types_tuple2_stream_u8_future_result_option_own_trailers_error_code_t body;
  wasi_http_types_static_response_consume_body(response, handled, &body);
  say_handled(end);
  return {InStream(body.f0), InTrailers(body.f1)};
}

Job read_trailers(const InTrailers& future, Trailers* out) {
  (void)co_await Operation{
      future.get(), wasi_http_types_future_result_option_own_trailers_error_code_read(future.get(), out),
      wasi_http_types_future_result_option_own_trailers_error_code_cancel_read};
}

constexpr std::size_t kPiece = 65536;

/// Copies a body through this instance's memory, trailers included.
Job copy(Incoming in, Body out) {
  std::vector<std::uint8_t> piece(kPiece);
  bool reads = true;
  for (;;) {
    const auto status = co_await read(in.stream.get(), piece);
    const std::size_t count = SERVICE_WAITABLE_COUNT(status);
    if (count != 0)
      co_await write_all(out.stream.get(), {reinterpret_cast<const char*>(piece.data()), count}, &reads);
    if (SERVICE_WAITABLE_STATE(status) != SERVICE_WAITABLE_COMPLETED || !reads) break;
  }
  in.stream.drop();
  out.stream.drop();
  Trailers trailers{};
  // Whoever waits for them has the rest of the body sent.
  if (reads) {
    co_await read_trailers(in.trailers, &trailers);
  } else {
    in.trailers.drop();
  }
  co_await settle(out.trailers.release(), trailers);
}

Job echo(Request request) { co_await copy(consume_request(request), respond(200, make_fields({}))); }

/// Hands the streams on without touching what is in them.
void pass(Request request) {
  Incoming in = consume_request(request);
  Stream stream = in.stream.release();
  wasi_http_types_tuple2_own_response_future_result_void_error_code_t made;
  wasi_http_types_static_response_new(make_fields({}), &stream, in.trailers.release(), &made);
  wasi_http_types_future_result_void_error_code_drop_readable(made.f1);
  exports_wasi_http_handler_handle_return({.is_err = false, .val = {.ok = made.f0}});
}

void fail_with(const wasi_http_types_error_code_t& error) {
  exports_wasi_http_handler_result_own_response_error_code_t reply{.is_err = true, .val = {}};
  std::memcpy(&reply.val.err, &error, sizeof error);
  exports_wasi_http_handler_handle_return(reply);
}

struct Target {
  std::string authority, path;
};

Target split(std::string_view url) {
  url.remove_prefix(std::string_view("http://").size());
  const auto slash = std::min(url.find('/'), url.size());
  return {std::string(url.substr(0, slash)), std::string(url.substr(slash))};
}

std::string authority_of(Request request) {
  service_string_t text;
  if (!wasi_http_types_method_request_get_authority(wasi_http_types_borrow_request(request), &text))
    return {};
  std::string copy(reinterpret_cast<char*>(text.ptr), text.len);
  service_string_free(&text);
  return copy;
}

bool is_grpc(Request request) {
  const Fields fields = wasi_http_types_method_request_get_headers(wasi_http_types_borrow_request(request));
  service_string_t name = lend("content-type");
  wasi_http_types_list_field_value_t values;
  wasi_http_types_method_fields_get(wasi_http_types_borrow_fields(fields), &name, &values);
  const bool is =
      values.len != 0 && std::string_view(reinterpret_cast<char*>(values.ptr[0].ptr), values.ptr[0].len)
                             .starts_with("application/grpc");
  wasi_http_types_list_field_value_free(&values);
  wasi_http_types_fields_drop_own(fields);
  return is;
}

/// Sends a request on to `target`; the answer goes back. Both bodies flow through this instance at once.
Job proxy(Request request, Target target) {
  const Fields headers = wasi_http_types_method_request_get_headers(wasi_http_types_borrow_request(request));
  wasi_http_types_method_t method;
  wasi_http_types_method_request_get_method(wasi_http_types_borrow_request(request), &method);
  Incoming upload = consume_request(request);

  StreamEnd stream_end;
  TrailersEnd trailers_end;
  Stream stream = wasi_http_types_stream_u8_new(&stream_end);
  const TrailersFuture trailers =
      wasi_http_types_future_result_option_own_trailers_error_code_new(&trailers_end);
  Body out{OutStream(stream_end), OutTrailers(trailers_end)};
  wasi_http_types_tuple2_own_request_future_result_void_error_code_t made;
  wasi_http_types_static_request_new(headers, method.tag == WASI_HTTP_TYPES_METHOD_GET ? nullptr : &stream,
                                     trailers, nullptr, &made);
  if (method.tag == WASI_HTTP_TYPES_METHOD_GET) {
    wasi_http_types_stream_u8_drop_readable(stream);
    upload = {};
    finish(out);
  } else {
    copy(std::move(upload), std::move(out));
  }
  const auto self = wasi_http_types_borrow_request(made.f0);
  wasi_http_types_scheme_t scheme{.tag = WASI_HTTP_TYPES_SCHEME_HTTP, .val = {}};
  service_string_t authority = lend(target.authority), path = lend(target.path);
  wasi_http_types_method_request_set_method(self, &method);
  wasi_http_types_method_request_set_scheme(self, &scheme);
  wasi_http_types_method_request_set_authority(self, &authority);
  wasi_http_types_method_request_set_path_with_query(self, &path);
  wasi_http_types_future_result_void_error_code_drop_readable(made.f1);

  wasi_http_client_result_own_response_error_code_t answer;
  co_await Call{wasi_http_client_send(made.f0, &answer)};
  if (answer.is_err) {
    wasi_http_types_error_code_t error;
    std::memcpy(&error, &answer.val.err, sizeof error);
    fail_with(error);
    co_return;
  }
  const auto response = answer.val.ok;
  const auto status =
      wasi_http_types_method_response_get_status_code(wasi_http_types_borrow_response(response));
  const Fields answered =
      wasi_http_types_method_response_get_headers(wasi_http_types_borrow_response(response));
  Incoming download = consume_response(response);
  co_await copy(std::move(download), respond(status, answered));
}

Job pause(std::uint64_t milliseconds) {
  co_await Call{wasi_clocks_monotonic_clock_wait_for(milliseconds * 1'000'000)};
}

/// Trailers that are known only after a while; `sum` empty: that there are none.
Job settle_late(OutTrailers end, std::uint64_t milliseconds, std::string sum) {
  if (milliseconds != 0) co_await pause(milliseconds);
  Trailers trailers{};
  if (!sum.empty()) trailers.val.ok = {.is_some = true, .val = make_fields({{"x-sum", sum}})};
  co_await settle(end.release(), trailers);
}

/// GET without contents, with trailers that come after it was sent; the answer goes back.
Job ask_late(Target target, std::string type, std::uint64_t milliseconds, std::string sum, bool announced) {
  TrailersEnd trailers_end;
  const TrailersFuture trailers =
      wasi_http_types_future_result_option_own_trailers_error_code_new(&trailers_end);
  wasi_http_types_tuple2_own_request_future_result_void_error_code_t made;
  const auto fields = announced ? make_fields({{"content-type", type}, {"trailer", "x-sum"}})
                                : make_fields({{"content-type", type}});
  wasi_http_types_static_request_new(fields, nullptr, trailers, nullptr, &made);
  const auto self = wasi_http_types_borrow_request(made.f0);
  wasi_http_types_scheme_t scheme{.tag = WASI_HTTP_TYPES_SCHEME_HTTP, .val = {}};
  service_string_t authority = lend(target.authority), path = lend(target.path);
  wasi_http_types_method_request_set_scheme(self, &scheme);
  wasi_http_types_method_request_set_authority(self, &authority);
  wasi_http_types_method_request_set_path_with_query(self, &path);
  wasi_http_types_future_result_void_error_code_drop_readable(made.f1);

  wasi_http_client_result_own_response_error_code_t answer;
  Call sent{wasi_http_client_send(made.f0, &answer)};
  settle_late(OutTrailers(trailers_end), milliseconds, sum);
  co_await sent;
  if (answer.is_err) {
    wasi_http_types_error_code_t error;
    std::memcpy(&error, &answer.val.err, sizeof error);
    fail_with(error);
    co_return;
  }
  const auto status =
      wasi_http_types_method_response_get_status_code(wasi_http_types_borrow_response(answer.val.ok));
  co_await copy(consume_response(answer.val.ok), respond(status, make_fields({})));
}

/// A response without contents, with trailers that come after it was returned.
Job answer_late(std::uint64_t milliseconds, std::string sum) {
  TrailersEnd trailers_end;
  const TrailersFuture trailers =
      wasi_http_types_future_result_option_own_trailers_error_code_new(&trailers_end);
  wasi_http_types_tuple2_own_response_future_result_void_error_code_t made;
  wasi_http_types_static_response_new(make_fields({}), nullptr, trailers, &made);
  wasi_http_types_future_result_void_error_code_drop_readable(made.f1);
  exports_wasi_http_handler_handle_return({.is_err = false, .val = {.ok = made.f0}});
  co_await settle_late(OutTrailers(trailers_end), milliseconds, sum);
}

Job count_body(Request request) {
  Incoming in = consume_request(request);
  std::vector<std::uint8_t> piece(kPiece);
  std::uint64_t length = 0, sum = 0;
  for (;;) {
    const auto status = co_await read(in.stream.get(), piece);
    const std::size_t count = SERVICE_WAITABLE_COUNT(status);
    length += count;
    for (std::size_t i = 0; i < count; ++i) sum += piece[i];
    if (SERVICE_WAITABLE_STATE(status) != SERVICE_WAITABLE_COMPLETED) break;
  }
  in.stream.drop();
  Trailers trailers{};
  co_await read_trailers(in.trailers, &trailers);
  std::string text = text_of(length) + " " + text_of(sum);
  if (trailers.is_err) text += " broken " + text_of(trailers.val.err.tag);
  co_await respond_text(200, text + "\n");
}

Job stream(std::uint64_t left) {
  Body body = respond(200, make_fields({}));
  const std::string piece(kPiece, 'x');
  bool reads = true;
  while (left != 0 && reads) {
    const std::size_t count = std::min<std::uint64_t>(left, kPiece);
    co_await write_all(body.stream.get(), std::string_view(piece).substr(0, count), &reads);
    left -= count;
  }
  finish(body);
}

Job with_trailers() {
  Body body = respond(200, make_fields({{"trailer", "x-sum"}}));
  bool reads = true;
  co_await write_all(body.stream.get(), "body\n", &reads);
  Trailers trailers{};
  trailers.val.ok = {.is_some = true, .val = make_fields({{"x-sum", "42"}})};
  finish(body, trailers);
}

/// A trailers future that resolves to an error, after some bytes.
Job broken() {
  Body body = respond(200, make_fields({}));
  bool reads = true;
  co_await write_all(body.stream.get(), "half", &reads);
  Trailers trailers{};
  trailers.is_err = true;
  trailers.val.err.tag = WASI_HTTP_TYPES_ERROR_CODE_HTTP_PROTOCOL_ERROR;
  finish(body, trailers);
}

/// Announces a length and sends another.
Job mismatch(std::uint64_t announced, std::uint64_t sent) {
  Body body = respond(200, make_fields({{"content-length", text_of(announced)}}));
  bool reads = true;
  const std::string text(sent, 'x');
  co_await write_all(body.stream.get(), text, &reads);
  finish(body);
}

/// Names as they come back, of which some differ in case alone.
std::string spellings() {
  const Fields fields = make_fields({{"x-one", "1"}, {"X-Two", "2"}, {"X-ONE", "3"}, {"x-two", "4"}});
  wasi_http_types_list_tuple2_field_name_field_value_t all;
  wasi_http_types_method_fields_copy_all(wasi_http_types_borrow_fields(fields), &all);
  std::string names;
  for (std::size_t i = 0; i < all.len; ++i)
    names += std::string(reinterpret_cast<char*>(all.ptr[i].f0.ptr), all.ptr[i].f0.len) + "\n";
  wasi_http_types_list_tuple2_field_name_field_value_free(&all);
  wasi_http_types_fields_drop_own(fields);
  return names;
}

Job slow(std::uint64_t milliseconds) {
  co_await pause(milliseconds);
  co_await respond_text(200, "slept\n");
}

Job slow_body(std::uint64_t before, std::uint64_t milliseconds) {
  if (before != 0) co_await pause(before);
  Body body = respond(200, make_fields({}));
  bool reads = true;
  co_await write_all(body.stream.get(), "one\n", &reads);
  co_await pause(milliseconds);
  co_await write_all(body.stream.get(), "two\n", &reads);
  finish(body);
}

/// Works on after its answer.
Job after(std::uint64_t milliseconds) {
  co_await respond_text(200, "answered\n");
  co_await pause(milliseconds);
  last_transmission = "after";
}

Job trap_later(std::uint64_t milliseconds) {
  Body body = respond(200, make_fields({}));
  bool reads = true;
  co_await write_all(body.stream.get(), "some\n", &reads);
  co_await pause(milliseconds);
  __builtin_trap();
}

void handle(Request request) {
  ++requests;
  const std::string target = target_of(request);
  const std::string_view path = std::string_view(target).substr(0, target.find('?'));
  if (path == "/echo") return (void)echo(request);
  if (path == "/pass") return pass(request);
  if (path == "/count") return (void)count_body(request);
  if (path == "/proxy") return (void)proxy(request, split(query(target, "url")));
  if (is_grpc(request)) return (void)proxy(request, {authority_of(request), target});
  wasi_http_types_request_drop_own(request);
  if (path == "/stream") return (void)stream(number(target, "n"));
  if (path == "/trailers") return (void)with_trailers();
  if (path == "/late") return (void)answer_late(number(target, "ms"), query(target, "sum"));
  if (path == "/ask-late")
    return (void)ask_late(split(query(target, "url")), query(target, "type"), number(target, "ms"),
                          query(target, "sum"), number(target, "announced") != 0);
  if (path == "/broken") return (void)broken();
  if (path == "/mismatch") return (void)mismatch(number(target, "length"), number(target, "n"));
  if (path == "/sleep") return (void)slow(number(target, "ms"));
  if (path == "/slow") return (void)slow_body(number(target, "before"), number(target, "ms"));
  if (path == "/after") return (void)after(number(target, "ms"));
  if (path == "/instance") return (void)respond_text(200, text_of(requests) + "\n");
  if (path == "/memory")
    return (void)respond_text(200, text_of(__builtin_wasm_memory_size(0) * 65'536) + "\n");
  if (path == "/jobs") return (void)respond_text(200, text_of(guest::jobs) + "\n");
  if (path == "/spellings") return (void)respond_text(200, spellings());
  if (path == "/transmission") return (void)respond_text(200, last_transmission + "\n");
  if (path == "/status") return (void)respond_text(number(target, "code", 200), "status\n");
  if (path == "/refuse") {
    wasi_http_types_error_code_t error{};
    error.tag = WASI_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR;
    return fail_with(error);
  }
  if (path == "/trap") __builtin_trap();
  if (path == "/trap-later") return (void)trap_later(number(target, "ms"));
  if (path == "/spin") {
    for (volatile std::uint64_t i = 0;; i = i + 1) {
    }
  }
  // The task ends without an answer, which traps.
  if (path == "/nothing") return;
  respond_text(200, "hello\n");
}

}  // namespace

service_callback_code_t exports_wasi_http_handler_handle(Request request) {
  return guest::Task::start([&] { handle(request); });
}

service_callback_code_t exports_wasi_http_handler_handle_callback(service_event_t* event) {
  return guest::Task::resume(*event);
}
