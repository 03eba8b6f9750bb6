// A proxy: `/?url=http://host/path` passes the request on and streams the answer back, both ways at once.
// `connect-ms`, `first-byte-ms` and `between-ms` set the timeouts. A failure is answered with 502 and its
// name.
#include "http.hpp"

#include <algorithm>

namespace {

using guest::Outparam;
using Pollables = std::vector<wasi_io_poll_own_pollable_t>;

constexpr std::string_view kErrorNames[] = {"DNS-timeout",
                                            "DNS-error",
                                            "destination-not-found",
                                            "destination-unavailable",
                                            "destination-IP-prohibited",
                                            "destination-IP-unroutable",
                                            "connection-refused",
                                            "connection-terminated",
                                            "connection-timeout",
                                            "connection-read-timeout",
                                            "connection-write-timeout",
                                            "connection-limit-reached",
                                            "TLS-protocol-error",
                                            "TLS-certificate-error",
                                            "TLS-alert-received",
                                            "HTTP-request-denied",
                                            "HTTP-request-length-required",
                                            "HTTP-request-body-size",
                                            "HTTP-request-method-invalid",
                                            "HTTP-request-URI-invalid",
                                            "HTTP-request-URI-too-long",
                                            "HTTP-request-header-section-size",
                                            "HTTP-request-header-size",
                                            "HTTP-request-trailer-section-size",
                                            "HTTP-request-trailer-size",
                                            "HTTP-response-incomplete",
                                            "HTTP-response-header-section-size",
                                            "HTTP-response-header-size",
                                            "HTTP-response-body-size",
                                            "HTTP-response-trailer-section-size",
                                            "HTTP-response-trailer-size",
                                            "HTTP-response-transfer-coding",
                                            "HTTP-response-content-coding",
                                            "HTTP-response-timeout",
                                            "HTTP-upgrade-failed",
                                            "HTTP-protocol-error",
                                            "loop-detected",
                                            "configuration-error",
                                            "internal-error"};

/// What the two legs of a proxied exchange each settle for themselves.
bool is_hop_by_hop(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "connection", "host",    "keep-alive",        "te",
      "trailer",    "upgrade", "transfer-encoding", "proxy-connection"};
  return std::ranges::find(kNames, name) != std::end(kNames);
}

wasi_http_types_own_fields_t forwarded(wasi_http_types_own_fields_t fields) {
  auto entries = guest::entries_of(fields);
  std::erase_if(entries, [](const guest::Field& field) { return is_hop_by_hop(field.name); });
  return guest::make_fields(entries);
}

void report(Outparam out, wasi_http_types_error_code_t& error) {
  guest::respond_text(out, 502, "error " + std::string{kErrorNames[error.tag]} + "\n");
  wasi_http_types_error_code_free(&error);
}

/// Copies one body into another without waiting.
class Pump {
 public:
  enum class State { running, complete, broken };

  Pump(guest::Reader& from, guest::Writer& to) : from_(from), to_(to) {}

  State state() const { return state_; }

  /// Copies what can be copied now. While there is more to come, adds what to wait for to `pollables`.
  void step(Pollables& pollables) {
    while (state_ == State::running) {
      if (pending_.empty() ? !fill(pollables) : !drain(pollables)) return;
    }
  }

 private:
  bool fill(Pollables& pollables) {
    proxy_list_u8_t bytes;
    wasi_io_streams_stream_error_t error;
    if (!wasi_io_streams_method_input_stream_read(from_.stream(), 65536, &bytes, &error)) {
      state_ = error.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED ? State::complete : State::broken;
      wasi_io_streams_stream_error_free(&error);
      return true;
    }
    pending_.assign(reinterpret_cast<const char*>(bytes.ptr), bytes.len);
    proxy_list_u8_free(&bytes);
    if (pending_.empty()) pollables.push_back(wasi_io_streams_method_input_stream_subscribe(from_.stream()));
    return !pending_.empty();
  }

  bool drain(Pollables& pollables) {
    std::uint64_t room = 0;
    wasi_io_streams_stream_error_t error;
    if (!wasi_io_streams_method_output_stream_check_write(to_.stream(), &room, &error)) return lost(error);
    if (room == 0) {
      pollables.push_back(wasi_io_streams_method_output_stream_subscribe(to_.stream()));
      return false;
    }
    const auto part = guest::lend(std::string_view{pending_}.substr(0, room));
    proxy_list_u8_t list{part.ptr, part.len};
    if (!wasi_io_streams_method_output_stream_write(to_.stream(), &list, &error)) return lost(error);
    pending_.erase(0, part.len);
    return true;
  }

  bool lost(wasi_io_streams_stream_error_t& error) {
    wasi_io_streams_stream_error_free(&error);
    state_ = State::broken;
    return true;
  }

  guest::Reader& from_;
  guest::Writer& to_;
  std::string pending_;
  State state_ = State::running;
};

/// Waits until one of `pollables` is ready, and drops them all.
void wait_for_any(Pollables& pollables) {
  std::vector<wasi_io_poll_borrow_pollable_t> borrowed;
  for (const auto pollable : pollables) borrowed.push_back(wasi_io_poll_borrow_pollable(pollable));
  wasi_io_poll_list_borrow_pollable_t list{borrowed.data(), borrowed.size()};
  proxy_list_u32_t ready;
  wasi_io_poll_poll(&list, &ready);
  proxy_list_u32_free(&ready);
  for (const auto pollable : pollables) wasi_io_poll_pollable_drop_own(pollable);
  pollables.clear();
}

/// A request body on its way to the upstream server; its end is announced once.
class Upload {
 public:
  Upload(wasi_http_types_own_incoming_body_t from, wasi_http_types_own_outgoing_body_t to)
      : reader_(from), writer_(to), pump_(reader_, writer_) {}

  void step(Pollables& pollables) {
    if (finished_) return;
    pump_.step(pollables);
    if (pump_.state() == Pump::State::running) return;
    finished_ = true;
    // A request that broke off is not passed on as a whole one.
    if (reader_.failed()) guest::give_up();
    const auto trailers = reader_.finish();
    if (trailers) {
      writer_.finish(forwarded(*trailers));
    } else {
      writer_.finish();
    }
  }

 private:
  guest::Reader reader_;
  guest::Writer writer_;
  Pump pump_;
  bool finished_ = false;
};

struct Url {
  std::string_view scheme, authority, path;
};

std::optional<Url> parsed(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  const auto rest = text.substr(colon + 3);
  const auto slash = rest.find('/');
  return Url{text.substr(0, colon), rest.substr(0, slash),
             slash == std::string_view::npos ? std::string_view{"/"} : rest.substr(slash)};
}

wasi_http_types_own_request_options_t timeouts(std::string_view target) {
  const auto options = wasi_http_types_constructor_request_options();
  const auto borrowed = wasi_http_types_borrow_request_options(options);
  const auto set = [&](std::string_view key, auto setter) {
    std::uint64_t nanoseconds = guest::query_number(target, key, 0) * 1'000'000;
    if (nanoseconds != 0 && !setter(borrowed, &nanoseconds)) guest::give_up();
  };
  set("connect-ms", wasi_http_types_method_request_options_set_connect_timeout);
  set("first-byte-ms", wasi_http_types_method_request_options_set_first_byte_timeout);
  set("between-ms", wasi_http_types_method_request_options_set_between_bytes_timeout);
  return options;
}

/// The request for the upstream server, none when the host refuses the method or the URL.
std::optional<wasi_http_types_own_outgoing_request_t> outgoing(
    wasi_http_types_borrow_incoming_request_t request, const Url& url) {
  const auto made = wasi_http_types_constructor_outgoing_request(
      forwarded(wasi_http_types_method_incoming_request_headers(request)));
  const auto borrowed = wasi_http_types_borrow_outgoing_request(made);
  wasi_http_types_method_t method;
  wasi_http_types_method_incoming_request_method(request, &method);
  wasi_http_types_scheme_t scheme{};
  if (url.scheme == "http") {
    scheme.tag = WASI_HTTP_TYPES_SCHEME_HTTP;
  } else if (url.scheme == "https") {
    scheme.tag = WASI_HTTP_TYPES_SCHEME_HTTPS;
  } else {
    scheme.tag = WASI_HTTP_TYPES_SCHEME_OTHER;
    scheme.val.other = guest::lend(url.scheme);
  }
  auto authority = guest::lend(url.authority);
  auto path = guest::lend(url.path);
  const bool ok = wasi_http_types_method_outgoing_request_set_method(borrowed, &method) &&
                  wasi_http_types_method_outgoing_request_set_scheme(borrowed, &scheme) &&
                  wasi_http_types_method_outgoing_request_set_authority(borrowed, &authority) &&
                  wasi_http_types_method_outgoing_request_set_path_with_query(borrowed, &path);
  wasi_http_types_method_free(&method);
  if (ok) return made;
  wasi_http_types_outgoing_request_drop_own(made);
  return std::nullopt;
}

/// Waits for the response head while the request body goes up.
wasi_http_types_result_own_incoming_response_error_code_t head_of(
    wasi_http_types_own_future_incoming_response_t future, Upload& upload) {
  const auto borrowed = wasi_http_types_borrow_future_incoming_response(future);
  wasi_http_types_result_result_own_incoming_response_error_code_void_t result;
  Pollables pollables;
  for (;;) {
    if (wasi_http_types_method_future_incoming_response_get(borrowed, &result)) break;
    upload.step(pollables);
    pollables.push_back(wasi_http_types_method_future_incoming_response_subscribe(borrowed));
    wait_for_any(pollables);
  }
  wasi_http_types_future_incoming_response_drop_own(future);
  if (result.is_err) guest::give_up();
  return result.val.ok;
}

void pass_back(wasi_http_types_own_incoming_response_t response, Upload& upload, Outparam out) {
  const auto borrowed = wasi_http_types_borrow_incoming_response(response);
  wasi_http_types_own_incoming_body_t body;
  if (!wasi_http_types_method_incoming_response_consume(borrowed, &body)) guest::give_up();
  const auto status = wasi_http_types_method_incoming_response_status(borrowed);
  auto writer =
      guest::respond(out, status, forwarded(wasi_http_types_method_incoming_response_headers(borrowed)));
  guest::Reader reader{body};
  Pump download{reader, writer};
  Pollables pollables;
  for (;;) {
    download.step(pollables);
    if (download.state() != Pump::State::running) break;
    upload.step(pollables);
    wait_for_any(pollables);
  }
  // What broke off upstream must not look complete here.
  if (download.state() == Pump::State::broken) guest::give_up();
  const auto trailers = reader.finish();
  if (trailers) {
    writer.finish(forwarded(*trailers));
  } else {
    writer.finish();
  }
  wasi_http_types_incoming_response_drop_own(response);
}

}  // namespace

void exports_wasi_http_incoming_handler_handle(wasi_http_types_own_incoming_request_t request, Outparam out) {
  const auto borrowed = wasi_http_types_borrow_incoming_request(request);
  const auto target = guest::target_of(borrowed);
  const auto text = guest::query_value(target, "url");
  const auto url = text ? parsed(*text) : std::nullopt;
  if (!url) return guest::respond_text(out, 400, "say /?url=http://host/path\n");
  const auto made = outgoing(borrowed, *url);
  if (!made) return guest::respond_text(out, 400, "the host refuses this URL\n");

  wasi_http_types_own_outgoing_body_t outgoing_body;
  wasi_http_types_own_incoming_body_t incoming_body;
  if (!wasi_http_types_method_outgoing_request_body(wasi_http_types_borrow_outgoing_request(*made),
                                                    &outgoing_body) ||
      !wasi_http_types_method_incoming_request_consume(borrowed, &incoming_body)) {
    guest::give_up();
  }
  Upload upload{incoming_body, outgoing_body};
  auto options = timeouts(target);
  wasi_http_types_own_future_incoming_response_t future;
  wasi_http_types_error_code_t error;
  if (!wasi_http_outgoing_handler_handle(*made, &options, &future, &error)) return report(out, error);

  auto head = head_of(future, upload);
  if (head.is_err) return report(out, head.val.err);
  pass_back(head.val.ok, upload, out);
}
