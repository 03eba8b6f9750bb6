// wasi:http in its corners: each path is a step that answers "ok" or what it found wrong. Those under /trap/
// do what a host must answer with a trap. Imports every function of wasi:http, so that linking it checks all
// their types.
#include "http.hpp"

namespace {

using guest::lend;
using guest::Outparam;

/// What a step has found wrong so far.
class Report {
 public:
  void expect(bool fine, std::string_view what) {
    if (!fine) text_ += std::string{what} + "\n";
  }
  std::string text() const { return text_.empty() ? "ok\n" : text_; }

 private:
  std::string text_;
};

struct Exchange {
  wasi_http_types_own_incoming_request_t request;
  std::string_view target;
  Outparam out;

  wasi_http_types_borrow_incoming_request_t borrowed() const {
    return wasi_http_types_borrow_incoming_request(request);
  }
};

wasi_http_types_field_value_t value(std::string_view text) {
  const auto lent = lend(text);
  return {lent.ptr, lent.len};
}

bool append(wasi_http_types_own_fields_t fields, std::string_view name, std::string_view text,
            wasi_http_types_header_error_t& error) {
  auto lent = lend(name);
  auto item = value(text);
  return wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(fields), &lent, &item, &error);
}

std::string listed(wasi_http_types_own_fields_t fields) {
  std::string out;
  for (const auto& [name, text] : guest::entries_of(fields)) out += name + "=" + text + ";";
  return out;
}

std::string values_of(wasi_http_types_own_fields_t fields, std::string_view name) {
  auto lent = lend(name);
  wasi_http_types_list_field_value_t list;
  wasi_http_types_method_fields_get(wasi_http_types_borrow_fields(fields), &lent, &list);
  std::string out;
  for (std::size_t i = 0; i < list.len; ++i)
    out += std::string{reinterpret_cast<const char*>(list.ptr[i].ptr), list.ptr[i].len} + ";";
  wasi_http_types_list_field_value_free(&list);
  return out;
}

bool has(wasi_http_types_own_fields_t fields, std::string_view name) {
  auto lent = lend(name);
  return wasi_http_types_method_fields_has(wasi_http_types_borrow_fields(fields), &lent);
}

// --- the steps

void fields(const Exchange& exchange, Report& report) {
  wasi_http_types_header_error_t error;
  const auto made = guest::make_fields({{"A", "1"}, {"b", ""}, {"a", "2"}});
  report.expect(values_of(made, "a") == "1;2;", "get");
  report.expect(values_of(made, "b") == ";", "get of an empty value");
  report.expect(values_of(made, "c").empty() && values_of(made, "not a name").empty(), "get of nothing");
  report.expect(has(made, "B") && !has(made, "c") && !has(made, "not a name"), "has");
  report.expect(append(made, "c", "3", error), "append");
  auto name = lend("A");
  wasi_http_types_field_value_t items[] = {value("x"), value("y")};
  wasi_http_types_list_field_value_t list{items, 2};
  report.expect(wasi_http_types_method_fields_set(wasi_http_types_borrow_fields(made), &name, &list, &error),
                "set");
  auto gone = lend("C");
  report.expect(wasi_http_types_method_fields_delete(wasi_http_types_borrow_fields(made), &gone, &error),
                "delete");
  const auto copy = wasi_http_types_method_fields_clone(wasi_http_types_borrow_fields(made));
  report.expect(append(copy, "d", "4", error), "a clone is mutable");
  report.expect(listed(made) == "b=;A=x;A=y;", "entries");
  report.expect(listed(copy) == "b=;A=x;A=y;d=4;", "entries of the clone");

  const auto theirs = wasi_http_types_method_incoming_request_headers(exchange.borrowed());
  report.expect(!append(theirs, "x", "1", error) && error.tag == WASI_HTTP_TYPES_HEADER_ERROR_IMMUTABLE,
                "headers of a request are immutable");
  wasi_http_types_fields_drop_own(theirs);
  const auto response = wasi_http_types_constructor_outgoing_response(guest::make_fields({{"x", "1"}}));
  const auto ours =
      wasi_http_types_method_outgoing_response_headers(wasi_http_types_borrow_outgoing_response(response));
  report.expect(!append(ours, "x", "1", error) && error.tag == WASI_HTTP_TYPES_HEADER_ERROR_IMMUTABLE,
                "headers of a response are immutable");
  report.expect(listed(ours) == "x=1;", "headers of a response");
  wasi_http_types_outgoing_response_drop_own(response);
}

void once(const Exchange& exchange, Report& report) {
  wasi_http_types_own_incoming_body_t body, more;
  report.expect(wasi_http_types_method_incoming_request_consume(exchange.borrowed(), &body), "consume");
  report.expect(!wasi_http_types_method_incoming_request_consume(exchange.borrowed(), &more),
                "consume twice");
  wasi_http_types_own_input_stream_t stream, again;
  const auto borrowed = wasi_http_types_borrow_incoming_body(body);
  report.expect(wasi_http_types_method_incoming_body_stream(borrowed, &stream), "stream");
  report.expect(!wasi_http_types_method_incoming_body_stream(borrowed, &again), "stream twice");
  wasi_io_streams_input_stream_drop_own(stream);
  // The body has not been read: its rest is skipped.
  const auto future = wasi_http_types_static_incoming_body_finish(body);
  const auto waiting = wasi_http_types_borrow_future_trailers(future);
  guest::wait_and_drop(wasi_http_types_method_future_trailers_subscribe(waiting));
  wasi_http_types_result_result_option_own_trailers_error_code_void_t result;
  report.expect(
      wasi_http_types_method_future_trailers_get(waiting, &result) && !result.is_err && !result.val.ok.is_err,
      "trailers");
  report.expect(wasi_http_types_method_future_trailers_get(waiting, &result) && result.is_err,
                "trailers twice");
  wasi_http_types_future_trailers_drop_own(future);

  const auto response = wasi_http_types_constructor_outgoing_response(guest::make_fields({}));
  const auto lent = wasi_http_types_borrow_outgoing_response(response);
  wasi_http_types_own_outgoing_body_t written, twice;
  report.expect(wasi_http_types_method_outgoing_response_status_code(lent) == 200, "200 is the default");
  report.expect(!wasi_http_types_method_outgoing_response_set_status_code(lent, 99) &&
                    !wasi_http_types_method_outgoing_response_set_status_code(lent, 1000),
                "statuses out of range");
  report.expect(wasi_http_types_method_outgoing_response_body(lent, &written), "body");
  report.expect(!wasi_http_types_method_outgoing_response_body(lent, &twice), "body twice");
  wasi_http_types_own_output_stream_t out, out_again;
  report.expect(
      wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(written), &out),
      "write");
  report.expect(
      !wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(written), &out_again),
      "write twice");
  wasi_io_streams_output_stream_drop_own(out);
  wasi_http_types_outgoing_body_drop_own(written);
  wasi_http_types_outgoing_response_drop_own(response);

  const auto nonsense =
      wasi_http_types_constructor_outgoing_response(guest::make_fields({{"content-length", "+5"}}));
  report.expect(!wasi_http_types_method_outgoing_response_body(
                    wasi_http_types_borrow_outgoing_response(nonsense), &twice),
                "a body of length +5");
  wasi_http_types_outgoing_response_drop_own(nonsense);
}

void request(const Exchange&, Report& report) {
  const auto made = wasi_http_types_constructor_outgoing_request(guest::make_fields({{"x", "1"}}));
  const auto it = wasi_http_types_borrow_outgoing_request(made);
  proxy_string_t text;
  wasi_http_types_method_t method;
  wasi_http_types_scheme_t scheme;
  wasi_http_types_method_outgoing_request_method(it, &method);
  report.expect(method.tag == WASI_HTTP_TYPES_METHOD_GET, "GET is the default");
  report.expect(!wasi_http_types_method_outgoing_request_path_with_query(it, &text) &&
                    !wasi_http_types_method_outgoing_request_authority(it, &text) &&
                    !wasi_http_types_method_outgoing_request_scheme(it, &scheme),
                "none is the default");
  for (const std::string_view token : {"BREW", "get", "M-SEARCH"}) {
    method = {.tag = WASI_HTTP_TYPES_METHOD_OTHER, .val = {.other = lend(token)}};
    report.expect(wasi_http_types_method_outgoing_request_set_method(it, &method), token);
    wasi_http_types_method_outgoing_request_method(it, &method);
    report.expect(method.tag == WASI_HTTP_TYPES_METHOD_OTHER && guest::view(method.val.other) == token,
                  token);
    wasi_http_types_method_free(&method);
  }
  for (const std::string_view token : {"", "a b", "a\r\n"}) {
    method = {.tag = WASI_HTTP_TYPES_METHOD_OTHER, .val = {.other = lend(token)}};
    report.expect(!wasi_http_types_method_outgoing_request_set_method(it, &method),
                  "a method that is no token");
  }
  for (const std::string_view path : {"/a b", "/a\r\nx: y", "a"}) {
    auto lent = lend(path);
    report.expect(!wasi_http_types_method_outgoing_request_set_path_with_query(it, &lent), path);
  }
  auto path = lend("/a?b");
  report.expect(wasi_http_types_method_outgoing_request_set_path_with_query(it, &path), "a path");
  report.expect(
      wasi_http_types_method_outgoing_request_path_with_query(it, &text) && guest::take(text) == "/a?b",
      "the path");
  report.expect(wasi_http_types_method_outgoing_request_set_path_with_query(it, nullptr), "no path");
  for (const std::string_view authority : {"a:", "a:99999", "a:+1", "u@h", "[::1", "", "a b"}) {
    auto lent = lend(authority);
    report.expect(!wasi_http_types_method_outgoing_request_set_authority(it, &lent), authority);
  }
  for (const std::string_view authority : {"a", "a:80", "[::1]:80", "10.0.0.1"}) {
    auto lent = lend(authority);
    report.expect(wasi_http_types_method_outgoing_request_set_authority(it, &lent), authority);
    report.expect(
        wasi_http_types_method_outgoing_request_authority(it, &text) && guest::take(text) == authority,
        authority);
  }
  scheme = {.tag = WASI_HTTP_TYPES_SCHEME_OTHER, .val = {.other = lend("no scheme")}};
  report.expect(!wasi_http_types_method_outgoing_request_set_scheme(it, &scheme), "a scheme that is none");
  scheme = {.tag = WASI_HTTP_TYPES_SCHEME_HTTP, .val = {}};
  report.expect(wasi_http_types_method_outgoing_request_set_scheme(it, &scheme), "http");
  report.expect(wasi_http_types_method_outgoing_request_scheme(it, &scheme) &&
                    scheme.tag == WASI_HTTP_TYPES_SCHEME_HTTP,
                "the scheme");
  report.expect(listed(wasi_http_types_method_outgoing_request_headers(it)) == "x=1;",
                "headers of a request");
  wasi_http_types_outgoing_request_drop_own(made);

  const auto options = wasi_http_types_constructor_request_options();
  const auto opt = wasi_http_types_borrow_request_options(options);
  const auto check = [&](auto getter, auto setter, std::string_view what) {
    std::uint64_t got = 0, sent = 0xFFFFFFFFFFFFFFFF;
    report.expect(!getter(opt, &got), what);
    report.expect(setter(opt, &sent) && getter(opt, &got) && got == sent, what);
    report.expect(setter(opt, nullptr) && !getter(opt, &got), what);
  };
  check(wasi_http_types_method_request_options_connect_timeout,
        wasi_http_types_method_request_options_set_connect_timeout, "connect-timeout");
  check(wasi_http_types_method_request_options_first_byte_timeout,
        wasi_http_types_method_request_options_set_first_byte_timeout, "first-byte-timeout");
  check(wasi_http_types_method_request_options_between_bytes_timeout,
        wasi_http_types_method_request_options_set_between_bytes_timeout, "between-bytes-timeout");
  wasi_http_types_request_options_drop_own(options);
}

/// Bodies that are shorter and longer than announced.
void length(const Exchange&, Report& report) {
  for (const std::string_view text : {"abc", "abcdefgh"}) {
    const auto made =
        wasi_http_types_constructor_outgoing_request(guest::make_fields({{"Content-Length", "5"}}));
    wasi_http_types_own_outgoing_body_t body;
    wasi_http_types_method_outgoing_request_body(wasi_http_types_borrow_outgoing_request(made), &body);
    wasi_http_types_own_output_stream_t stream;
    wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream);
    const auto out = wasi_io_streams_borrow_output_stream(stream);
    std::uint64_t room;
    wasi_io_streams_stream_error_t error;
    wasi_http_types_error_code_t code;
    wasi_io_streams_method_output_stream_check_write(out, &room, &error);
    const auto lent = lend(text);
    proxy_list_u8_t bytes{lent.ptr, lent.len};
    const bool written = wasi_io_streams_method_output_stream_write(out, &bytes, &error);
    if (text.size() > 5) {
      report.expect(!written && error.tag == WASI_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED,
                    "an overrun");
      if (!written) {
        report.expect(wasi_http_types_http_error_code(
                          wasi_io_error_borrow_error(error.val.last_operation_failed), &code) &&
                          code.tag == WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_BODY_SIZE,
                      "the code of an overrun");
        wasi_io_streams_stream_error_free(&error);
      }
      report.expect(!wasi_io_streams_method_output_stream_check_write(out, &room, &error) &&
                        error.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED,
                    "closed after an overrun");
    } else {
      report.expect(written, "a short write");
    }
    wasi_io_streams_output_stream_drop_own(stream);
    report.expect(!wasi_http_types_static_outgoing_body_finish(body, nullptr, &code) &&
                      code.tag == WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_BODY_SIZE,
                  "finish with the wrong length");
    wasi_http_types_outgoing_request_drop_own(made);
  }
}

/// Two interim responses, then the final one; refused are those that are none.
void informational(const Exchange& exchange, Report& report) {
  const auto out = wasi_http_types_borrow_response_outparam(exchange.out);
  const auto send = [&](std::uint16_t status) {
    wasi_http_types_error_code_t error;
    const auto head = guest::make_fields({{"link", "</a.css>"}});
    return wasi_http_types_method_response_outparam_send_informational(out, status, head, &error);
  };
  report.expect(send(103) && send(102), "informational responses");
  report.expect(!send(200) && !send(101) && !send(99), "statuses that are not informational");
}

/// More interim responses than may wait at once, with time between them.
void progress(const Exchange& exchange, Report& report) {
  const auto out = wasi_http_types_borrow_response_outparam(exchange.out);
  for (int i = 0; i < 40; ++i) {
    wasi_http_types_error_code_t error;
    report.expect(wasi_http_types_method_response_outparam_send_informational(
                      out, 102, guest::make_fields({{"x-done", "some"}}), &error),
                  "an informational response");
    guest::sleep_for_milliseconds(1);
  }
}

// --- what must trap

void drop_request_first(const Exchange& exchange) {
  wasi_http_types_method_incoming_request_headers(exchange.borrowed());
  wasi_http_types_incoming_request_drop_own(exchange.request);
}

void drop_body_first(const Exchange& exchange) {
  wasi_http_types_own_incoming_body_t body;
  wasi_http_types_own_input_stream_t stream;
  wasi_http_types_method_incoming_request_consume(exchange.borrowed(), &body);
  wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(body), &stream);
  wasi_http_types_incoming_body_drop_own(body);
}

void finish_while_reading(const Exchange& exchange) {
  wasi_http_types_own_incoming_body_t body;
  wasi_http_types_own_input_stream_t stream;
  wasi_http_types_method_incoming_request_consume(exchange.borrowed(), &body);
  wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(body), &stream);
  wasi_http_types_static_incoming_body_finish(body);
}

void finish_while_writing(const Exchange&) {
  const auto response = wasi_http_types_constructor_outgoing_response(guest::make_fields({}));
  wasi_http_types_own_outgoing_body_t body;
  wasi_http_types_own_output_stream_t stream;
  wasi_http_types_error_code_t error;
  wasi_http_types_method_outgoing_response_body(wasi_http_types_borrow_outgoing_response(response), &body);
  wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream);
  wasi_http_types_static_outgoing_body_finish(body, nullptr, &error);
}

void answer_with_headers_held(const Exchange& exchange) {
  const auto response = wasi_http_types_constructor_outgoing_response(guest::make_fields({}));
  wasi_http_types_method_outgoing_response_headers(wasi_http_types_borrow_outgoing_response(response));
  wasi_http_types_result_own_outgoing_response_error_code_t result{.is_err = false, .val = {.ok = response}};
  wasi_http_types_static_response_outparam_set(exchange.out, &result);
}

void too_many_fields(const Exchange&) {
  wasi_http_types_header_error_t error;
  const auto fields = wasi_http_types_constructor_fields();
  while (append(fields, "name", "value", error)) {
  }
}

// What follows takes without end and gives nothing back.

wasi_http_types_own_fields_t large_fields(std::size_t size = 100'000) {
  return guest::make_fields({{"large", std::string(size, 'x')}});
}

void hoard_handles(const Exchange&) {
  for (;;) wasi_http_types_constructor_fields();
}

void hoard_fields(const Exchange&) {
  for (;;) large_fields();
}

void hoard_clones(const Exchange&) {
  const auto fields = large_fields();
  for (;;) wasi_http_types_method_fields_clone(wasi_http_types_borrow_fields(fields));
}

/// Fields that are empty again, after they were large.
void hoard_emptied_fields(const Exchange&) {
  auto name = lend("large");
  wasi_http_types_header_error_t error;
  for (;;)
    wasi_http_types_method_fields_delete(wasi_http_types_borrow_fields(large_fields(20'000)), &name, &error);
}

/// Bodies, full of what nobody has read.
void hoard_bodies(const Exchange&) {
  const std::string bytes(65'536, 'x');
  for (;;) {
    const auto response = wasi_http_types_constructor_outgoing_response(guest::make_fields({}));
    wasi_http_types_own_outgoing_body_t body;
    wasi_http_types_method_outgoing_response_body(wasi_http_types_borrow_outgoing_response(response), &body);
    guest::Writer(body).write(bytes);
  }
}

void hoard_targets(const Exchange&) {
  const std::string target = "/" + std::string(1'000'000, 'x');
  for (;;) {
    const auto request = wasi_http_types_constructor_outgoing_request(guest::make_fields({}));
    auto path = lend(target);
    wasi_http_types_method_outgoing_request_set_path_with_query(
        wasi_http_types_borrow_outgoing_request(request), &path);
  }
}

void write_beyond_permit(const Exchange&) {
  const auto response = wasi_http_types_constructor_outgoing_response(guest::make_fields({}));
  wasi_http_types_own_outgoing_body_t body;
  wasi_http_types_own_output_stream_t stream;
  wasi_http_types_method_outgoing_response_body(wasi_http_types_borrow_outgoing_response(response), &body);
  wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream);
  const auto text = lend("x");
  proxy_list_u8_t bytes{text.ptr, text.len};
  wasi_io_streams_stream_error_t error;
  wasi_io_streams_method_output_stream_write(wasi_io_streams_borrow_output_stream(stream), &bytes, &error);
}

// --- what must break the response

/// Drops the body where it should finish it.
void unfinished(const Exchange& exchange) {
  const auto response = wasi_http_types_constructor_outgoing_response(guest::make_fields({}));
  wasi_http_types_own_outgoing_body_t body;
  wasi_http_types_method_outgoing_response_body(wasi_http_types_borrow_outgoing_response(response), &body);
  wasi_http_types_result_own_outgoing_response_error_code_t result{.is_err = false, .val = {.ok = response}};
  wasi_http_types_static_response_outparam_set(exchange.out, &result);
  wasi_http_types_outgoing_body_drop_own(body);
}

/// Returns while it still holds the body.
void kept(const Exchange& exchange) {
  const auto response = wasi_http_types_constructor_outgoing_response(guest::make_fields({}));
  wasi_http_types_own_outgoing_body_t body;
  wasi_http_types_method_outgoing_response_body(wasi_http_types_borrow_outgoing_response(response), &body);
  wasi_http_types_result_own_outgoing_response_error_code_t result{.is_err = false, .val = {.ok = response}};
  wasi_http_types_static_response_outparam_set(exchange.out, &result);
}

/// Keeps the request of one invocation and looks at it in the next.
void keep_request(const Exchange& exchange, Report& report) {
  static wasi_http_types_own_incoming_request_t held;
  static bool holds = false;
  if (holds) {
    const auto it = wasi_http_types_borrow_incoming_request(held);
    report.expect(guest::target_of(it) == exchange.target, "the target of an earlier request");
    wasi_http_types_own_incoming_body_t body;
    if (wasi_http_types_method_incoming_request_consume(it, &body)) {
      wasi_http_types_own_input_stream_t stream;
      wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(body), &stream);
      proxy_list_u8_t bytes;
      wasi_io_streams_stream_error_t error;
      report.expect(!wasi_io_streams_method_input_stream_blocking_read(
                        wasi_io_streams_borrow_input_stream(stream), 10, &bytes, &error),
                    "the body of an earlier request");
    }
  }
  held = exchange.request;
  holds = true;
}

/// Sends a request to `host` that is not answered, and does not finish its body; false when it is refused.
bool send_silent(const std::string& host, wasi_http_types_own_future_incoming_response_t& future,
                 wasi_http_types_error_code_t& error) {
  const auto made = wasi_http_types_constructor_outgoing_request(guest::make_fields({}));
  const auto it = wasi_http_types_borrow_outgoing_request(made);
  wasi_http_types_scheme_t scheme{.tag = WASI_HTTP_TYPES_SCHEME_HTTP, .val = {}};
  auto authority = lend(host);
  auto path = lend("/silent");
  wasi_http_types_own_outgoing_body_t body;
  if (!wasi_http_types_method_outgoing_request_set_scheme(it, &scheme) ||
      !wasi_http_types_method_outgoing_request_set_authority(it, &authority) ||
      !wasi_http_types_method_outgoing_request_set_path_with_query(it, &path) ||
      !wasi_http_types_method_outgoing_request_body(it, &body)) {
    guest::give_up();
  }
  return wasi_http_outgoing_handler_handle(made, nullptr, &future, &error);
}

/// Sends requests to the authority in the query until the host refuses one; says how many it took.
void hoard(const Exchange& exchange) {
  const auto host = guest::query_value(exchange.target, "host").value_or("");
  for (std::uint64_t sent = 0;; ++sent) {
    wasi_http_types_own_future_incoming_response_t future;
    wasi_http_types_error_code_t error;
    if (send_silent(host, future, error)) continue;
    const bool full = error.tag == WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_LIMIT_REACHED;
    return guest::respond_text(exchange.out, full ? 200 : 502, guest::text_of(sent) + "\n");
  }
}

/// Sends 300 requests and gives each up at once; says how many were taken.
void give_up_requests(const Exchange& exchange) {
  const auto host = guest::query_value(exchange.target, "host").value_or("");
  std::uint64_t taken = 0;
  for (int i = 0; i < 300; ++i) {
    wasi_http_types_own_future_incoming_response_t future;
    wasi_http_types_error_code_t error;
    if (!send_silent(host, future, error)) continue;
    ++taken;
    guest::sleep_for_milliseconds(i % 2);
    wasi_http_types_future_incoming_response_drop_own(future);
    guest::sleep_for_milliseconds(1);
  }
  guest::respond_text(exchange.out, 200, guest::text_of(taken) + "\n");
}

/// A response without a body of its own.
void bodiless(const Exchange& exchange) {
  const auto response = wasi_http_types_constructor_outgoing_response(guest::make_fields({{"x", "1"}}));
  wasi_http_types_method_outgoing_response_set_status_code(wasi_http_types_borrow_outgoing_response(response),
                                                           204);
  wasi_http_types_result_own_outgoing_response_error_code_t result{.is_err = false, .val = {.ok = response}};
  wasi_http_types_static_response_outparam_set(exchange.out, &result);
}

struct Step {
  std::string_view path;
  void (*run)(const Exchange&, Report&);
};
constexpr Step kSteps[] = {{"/fields", fields},
                           {"/once", once},
                           {"/request", request},
                           {"/length", length},
                           {"/informational", informational},
                           {"/progress", progress},
                           {"/keep-request", keep_request}};

struct Deed {
  std::string_view path;
  void (*run)(const Exchange&);
};
constexpr Deed kDeeds[] = {{"/trap/drop-request", drop_request_first},
                           {"/trap/drop-body", drop_body_first},
                           {"/trap/finish-reading", finish_while_reading},
                           {"/trap/finish-writing", finish_while_writing},
                           {"/trap/headers-held", answer_with_headers_held},
                           {"/trap/fields", too_many_fields},
                           {"/trap/hoard-handles", hoard_handles},
                           {"/trap/hoard-fields", hoard_fields},
                           {"/trap/hoard-clones", hoard_clones},
                           {"/trap/hoard-emptied-fields", hoard_emptied_fields},
                           {"/trap/hoard-bodies", hoard_bodies},
                           {"/trap/hoard-targets", hoard_targets},
                           {"/trap/permit", write_beyond_permit},
                           {"/unfinished", unfinished},
                           {"/kept", kept},
                           {"/bodiless", bodiless},
                           {"/hoard", hoard},
                           {"/give-up", give_up_requests}};

}  // namespace

void exports_wasi_http_incoming_handler_handle(wasi_http_types_own_incoming_request_t request, Outparam out) {
  const auto target = guest::target_of(wasi_http_types_borrow_incoming_request(request));
  const Exchange exchange{request, target, out};
  for (const auto& deed : kDeeds) {
    if (guest::path_of(target) == deed.path) return deed.run(exchange);
  }
  for (const auto& step : kSteps) {
    if (guest::path_of(target) != step.path) continue;
    Report report;
    step.run(exchange, report);
    return guest::respond_text(out, 200, report.text());
  }
  guest::respond_text(out, 404, "no such step\n");
}

/// Never called: refers to what no step uses.
extern "C" [[gnu::used]] void* const volatile kRest[] = {
    reinterpret_cast<void*>(wasi_http_outgoing_handler_handle),
    reinterpret_cast<void*>(wasi_http_types_constructor_fields),
    reinterpret_cast<void*>(wasi_http_types_constructor_outgoing_request),
    reinterpret_cast<void*>(wasi_http_types_constructor_outgoing_response),
    reinterpret_cast<void*>(wasi_http_types_constructor_request_options),
    reinterpret_cast<void*>(wasi_http_types_http_error_code),
    reinterpret_cast<void*>(wasi_http_types_method_fields_append),
    reinterpret_cast<void*>(wasi_http_types_method_fields_clone),
    reinterpret_cast<void*>(wasi_http_types_method_fields_delete),
    reinterpret_cast<void*>(wasi_http_types_method_fields_entries),
    reinterpret_cast<void*>(wasi_http_types_method_fields_get),
    reinterpret_cast<void*>(wasi_http_types_method_fields_has),
    reinterpret_cast<void*>(wasi_http_types_method_fields_set),
    reinterpret_cast<void*>(wasi_http_types_method_free),
    reinterpret_cast<void*>(wasi_http_types_method_future_incoming_response_get),
    reinterpret_cast<void*>(wasi_http_types_method_future_incoming_response_subscribe),
    reinterpret_cast<void*>(wasi_http_types_method_future_trailers_get),
    reinterpret_cast<void*>(wasi_http_types_method_future_trailers_subscribe),
    reinterpret_cast<void*>(wasi_http_types_method_incoming_body_stream),
    reinterpret_cast<void*>(wasi_http_types_method_incoming_request_authority),
    reinterpret_cast<void*>(wasi_http_types_method_incoming_request_consume),
    reinterpret_cast<void*>(wasi_http_types_method_incoming_request_headers),
    reinterpret_cast<void*>(wasi_http_types_method_incoming_request_method),
    reinterpret_cast<void*>(wasi_http_types_method_incoming_request_path_with_query),
    reinterpret_cast<void*>(wasi_http_types_method_incoming_request_scheme),
    reinterpret_cast<void*>(wasi_http_types_method_incoming_response_consume),
    reinterpret_cast<void*>(wasi_http_types_method_incoming_response_headers),
    reinterpret_cast<void*>(wasi_http_types_method_incoming_response_status),
    reinterpret_cast<void*>(wasi_http_types_method_outgoing_body_write),
    reinterpret_cast<void*>(wasi_http_types_method_outgoing_request_authority),
    reinterpret_cast<void*>(wasi_http_types_method_outgoing_request_body),
    reinterpret_cast<void*>(wasi_http_types_method_outgoing_request_headers),
    reinterpret_cast<void*>(wasi_http_types_method_outgoing_request_method),
    reinterpret_cast<void*>(wasi_http_types_method_outgoing_request_path_with_query),
    reinterpret_cast<void*>(wasi_http_types_method_outgoing_request_scheme),
    reinterpret_cast<void*>(wasi_http_types_method_outgoing_request_set_authority),
    reinterpret_cast<void*>(wasi_http_types_method_outgoing_request_set_method),
    reinterpret_cast<void*>(wasi_http_types_method_outgoing_request_set_path_with_query),
    reinterpret_cast<void*>(wasi_http_types_method_outgoing_request_set_scheme),
    reinterpret_cast<void*>(wasi_http_types_method_outgoing_response_body),
    reinterpret_cast<void*>(wasi_http_types_method_outgoing_response_headers),
    reinterpret_cast<void*>(wasi_http_types_method_outgoing_response_set_status_code),
    reinterpret_cast<void*>(wasi_http_types_method_outgoing_response_status_code),
    reinterpret_cast<void*>(wasi_http_types_method_request_options_between_bytes_timeout),
    reinterpret_cast<void*>(wasi_http_types_method_request_options_connect_timeout),
    reinterpret_cast<void*>(wasi_http_types_method_request_options_first_byte_timeout),
    reinterpret_cast<void*>(wasi_http_types_method_request_options_set_between_bytes_timeout),
    reinterpret_cast<void*>(wasi_http_types_method_request_options_set_connect_timeout),
    reinterpret_cast<void*>(wasi_http_types_method_request_options_set_first_byte_timeout),
    reinterpret_cast<void*>(wasi_http_types_method_response_outparam_send_informational),
    reinterpret_cast<void*>(wasi_http_types_static_fields_from_list),
    reinterpret_cast<void*>(wasi_http_types_static_incoming_body_finish),
    reinterpret_cast<void*>(wasi_http_types_static_outgoing_body_finish),
    reinterpret_cast<void*>(wasi_http_types_static_response_outparam_set),
};
