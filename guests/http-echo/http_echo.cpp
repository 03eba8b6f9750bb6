// A server for tests: each path is one behaviour, the good ones and the bad. Anything unknown echoes the
// body.
#include "http.hpp"

#include <algorithm>

namespace {

using guest::Outparam;
using guest::text_of;

/// What a handler gets: the borrowed request, its target ("/path?query"), and where the answer goes.
struct Exchange {
  wasi_http_types_borrow_incoming_request_t request;
  std::string_view target;
  Outparam out;
};

/// Sends the request body back as it comes, its content type and trailers too.
void echo(const Exchange& exchange) {
  std::vector<guest::Field> head;
  for (auto& field : guest::entries_of(wasi_http_types_method_incoming_request_headers(exchange.request))) {
    if (guest::same_name(field.name, "content-type")) head.push_back(std::move(field));
  }
  auto reader = guest::body_of(exchange.request);
  auto writer = guest::respond(exchange.out, 200, guest::make_fields(head));
  while (const auto bytes = reader.next()) {
    if (!writer.write(*bytes)) break;
  }
  // A body that broke off must not look complete to whoever reads the echo.
  if (reader.failed()) guest::give_up();
  auto trailers = reader.finish();
  if (trailers) {
    const auto copy = wasi_http_types_method_fields_clone(wasi_http_types_borrow_fields(*trailers));
    wasi_http_types_fields_drop_own(*trailers);
    trailers = copy;
  }
  writer.finish(trailers);
}

/// Reads the whole body and answers with its length and the sum of its bytes.
void count(const Exchange& exchange) {
  auto reader = guest::body_of(exchange.request);
  std::uint64_t length = 0, sum = 0;
  while (const auto bytes = reader.next()) {
    length += bytes->size();
    for (const char c : *bytes) sum += static_cast<unsigned char>(c);
  }
  const bool broken = reader.failed();
  if (const auto trailers = reader.finish()) wasi_http_types_fields_drop_own(*trailers);
  guest::respond_text(
      exchange.out, broken ? 400 : 200,
      (broken ? "broken after " : "") + text_of(length) + " bytes, sum " + text_of(sum) + "\n");
}

/// Lists method, target, authority, scheme and every header, a line each.
void headers(const Exchange& exchange) {
  static constexpr std::string_view kMethods[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                  "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  wasi_http_types_method_t method;
  wasi_http_types_method_incoming_request_method(exchange.request, &method);
  std::string text = method.tag == WASI_HTTP_TYPES_METHOD_OTHER ? std::string{guest::view(method.val.other)}
                                                                : std::string{kMethods[method.tag]};
  wasi_http_types_method_free(&method);
  text += " " + std::string{exchange.target};
  proxy_string_t authority;
  if (wasi_http_types_method_incoming_request_authority(exchange.request, &authority)) {
    text += "\nauthority " + guest::take(authority);
  }
  wasi_http_types_scheme_t scheme;
  if (wasi_http_types_method_incoming_request_scheme(exchange.request, &scheme)) {
    text += scheme.tag == WASI_HTTP_TYPES_SCHEME_HTTPS ? "\nscheme https" : "\nscheme http";
    wasi_http_types_scheme_free(&scheme);
  }
  text += "\n";
  for (const auto& [name, value] :
       guest::entries_of(wasi_http_types_method_incoming_request_headers(exchange.request))) {
    text += name + ": " + value + "\n";
  }
  guest::respond_text(exchange.out, 200, text);
}

/// `n` bytes of a repeating alphabet; `flush=1` flushes each 16 KiB; `length=1` announces the length.
void stream(const Exchange& exchange) {
  const auto total = guest::query_number(exchange.target, "n", 0);
  const bool flush = guest::query_number(exchange.target, "flush", 0) == 1;
  std::vector<guest::Field> head{{"content-type", "application/octet-stream"}};
  if (guest::query_number(exchange.target, "length", 0) == 1)
    head.push_back({"content-length", text_of(total)});
  auto writer = guest::respond(exchange.out, 200, guest::make_fields(head));
  std::string block(26 * 630, '\0');
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<char>('a' + i % 26);
  for (std::uint64_t sent = 0; sent < total;) {
    const auto part = std::min<std::uint64_t>(block.size(), total - sent);
    if (!writer.write(std::string_view{block}.substr(0, part)) || (flush && !writer.flush())) break;
    sent += part;
  }
  writer.finish();
}

/// `n` bytes of body, then a trap: the peer must see a body that broke off.
void broken(const Exchange& exchange) {
  auto writer = guest::respond(exchange.out, 200, guest::make_fields({}));
  writer.write(std::string(guest::query_number(exchange.target, "n", 10), 'x'));
  writer.flush();
  guest::give_up();
}

/// Announces `length` bytes and writes `n`.
void mismatch(const Exchange& exchange) {
  const auto length = guest::query_number(exchange.target, "length", 10);
  auto writer = guest::respond(exchange.out, 200, guest::make_fields({{"content-length", text_of(length)}}));
  writer.write(std::string(guest::query_number(exchange.target, "n", 5), 'x'));
  writer.finish();
}

/// A response with `n` headers of its own.
void many_headers(const Exchange& exchange) {
  std::vector<guest::Field> head;
  for (std::uint64_t i = 0; i < guest::query_number(exchange.target, "n", 10); ++i) {
    head.push_back({"x-header-" + text_of(i), "value " + text_of(i)});
  }
  guest::respond(exchange.out, 200, guest::make_fields(head)).finish();
}

/// A body of one line and a trailer.
void trailers(const Exchange& exchange) {
  auto writer = guest::respond(exchange.out, 200, guest::make_fields({{"trailer", "x-checksum"}}));
  writer.write("with trailers\n");
  writer.finish(guest::make_fields({{"x-checksum", "1234"}}));
}

/// Tries to set header `name` to `value` and says what the host answered.
void set_header(const Exchange& exchange) {
  static constexpr std::string_view kErrors[] = {"invalid-syntax", "forbidden", "immutable", "size-exceeded"};
  const auto name = guest::query_value(exchange.target, "name").value_or("x-test");
  const auto value = guest::query_value(exchange.target, "value").value_or("");
  const auto fields = wasi_http_types_constructor_fields();
  auto lent_name = guest::lend(name);
  const auto lent_value = guest::lend(value);
  wasi_http_types_field_value_t item{lent_value.ptr, lent_value.len};
  wasi_http_types_header_error_t error;
  const bool ok =
      wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(fields), &lent_name, &item, &error);
  const std::string text = ok ? "ok\n" : std::string{kErrors[error.tag]} + "\n";
  auto writer = guest::respond(exchange.out, 200, fields);
  writer.write(text);
  writer.finish();
}

/// Creates header resources without end: the host's limit ends it.
void handles(const Exchange&) {
  for (;;) wasi_http_types_constructor_fields();
}

/// Answers, closes the response, and works on for `ms` milliseconds.
void after(const Exchange& exchange) {
  guest::respond_text(exchange.out, 200, "answered\n");
  guest::sleep_for_milliseconds(guest::query_number(exchange.target, "ms", 100));
}

/// A line at once, another after `ms` milliseconds.
void slow(const Exchange& exchange) {
  auto writer = guest::respond(exchange.out, 200, guest::make_fields({}));
  writer.write("first\n");
  writer.flush();
  guest::sleep_for_milliseconds(guest::query_number(exchange.target, "ms", 100));
  writer.write("second\n");
  writer.finish();
}

void sleep(const Exchange& exchange) {
  const auto milliseconds = guest::query_number(exchange.target, "ms", 100);
  guest::sleep_for_milliseconds(milliseconds);
  guest::respond_text(exchange.out, 200, "slept " + text_of(milliseconds) + " ms\n");
}

/// How many requests this instance has had: 1 in a fresh one.
void instance(const Exchange& exchange) {
  static std::uint64_t requests = 0;
  guest::respond_text(exchange.out, 200, text_of(++requests) + "\n");
}

/// Writes a line to standard output and one to standard error.
void print(const Exchange& exchange) {
  const auto write = [](wasi_io_streams_own_output_stream_t stream, std::string_view line) {
    const auto bytes = guest::lend(line);
    proxy_list_u8_t list{bytes.ptr, bytes.len};
    wasi_io_streams_stream_error_t error;
    if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(
            wasi_io_streams_borrow_output_stream(stream), &list, &error)) {
      wasi_io_streams_stream_error_free(&error);
    }
    wasi_io_streams_output_stream_drop_own(stream);
  };
  write(wasi_cli_stdout_get_stdout(), "to standard output\n");
  write(wasi_cli_stderr_get_stderr(), "to standard error\n");
  guest::respond_text(exchange.out, 200, "printed\n");
}

/// Answers with an error code instead of a response.
void refuse(const Exchange& exchange) {
  wasi_http_types_result_own_outgoing_response_error_code_t result;
  result.is_err = true;
  result.val.err = {.tag = WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_DENIED, .val = {}};
  wasi_http_types_static_response_outparam_set(exchange.out, &result);
}

void greet(const Exchange& exchange) { guest::respond_text(exchange.out, 200, "http-echo\n"); }

void status(const Exchange& exchange) {
  const auto code = guest::path_of(exchange.target).substr(std::string_view{"/status/"}.size());
  guest::respond_text(exchange.out, static_cast<std::uint16_t>(guest::number(code)), "status\n");
}

/// Returns without an answer: the outparam is dropped.
void never(const Exchange& exchange) { wasi_http_types_response_outparam_drop_own(exchange.out); }

/// Returns with the outparam still held and never set.
void keep(const Exchange&) {}

void trap(const Exchange&) { guest::give_up(); }

void spin(const Exchange&) {
  for (volatile std::uint32_t turns = 0;; turns = turns + 1) {
  }
}

/// Takes and touches memory until there is none.
void allocate(const Exchange&) {
  for (;;) {
    volatile char* block = new char[1 << 20];
    for (std::size_t i = 0; i < 1 << 20; i += 4096) block[i] = 1;
  }
}

/// Recurses until the stack ends. What follows the call keeps it from becoming a loop.
[[gnu::noinline]] std::uint64_t descend(std::uint64_t depth) {
  volatile std::uint64_t kept = depth;
  return depth == UINT64_MAX ? 0 : descend(depth + 1) + kept;
}

void recurse(const Exchange& exchange) { guest::respond_text(exchange.out, 200, text_of(descend(0))); }

struct Route {
  std::string_view path;
  void (*run)(const Exchange&);
};

constexpr Route kRoutes[] = {
    {"/", greet},
    {"/count", count},
    {"/headers", headers},
    {"/stream", stream},
    {"/broken", broken},
    {"/mismatch", mismatch},
    {"/many-headers", many_headers},
    {"/trailers", trailers},
    {"/set-header", set_header},
    {"/handles", handles},
    {"/after", after},
    {"/slow", slow},
    {"/sleep", sleep},
    {"/instance", instance},
    {"/print", print},
    {"/refuse", refuse},
    {"/never", never},
    {"/keep", keep},
    {"/trap", trap},
    {"/spin", spin},
    {"/alloc", allocate},
    {"/recurse", recurse},
};

void dispatch(const Exchange& exchange) {
  const auto path = guest::path_of(exchange.target);
  if (path.starts_with("/status/")) return status(exchange);
  for (const auto& route : kRoutes) {
    if (route.path == path) return route.run(exchange);
  }
  echo(exchange);
}

}  // namespace

void exports_wasi_http_incoming_handler_handle(wasi_http_types_own_incoming_request_t request, Outparam out) {
  const auto borrowed = wasi_http_types_borrow_incoming_request(request);
  const auto target = guest::target_of(borrowed);
  dispatch({borrowed, target, out});
  wasi_http_types_incoming_request_drop_own(request);
}
