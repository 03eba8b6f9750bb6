// What the HTTP guests share: owners and shorthands over the C bindings of wasi:http/proxy@0.2.
#pragma once

#include "proxy.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace guest {

[[noreturn]] inline void give_up() { __builtin_trap(); }

inline std::string_view view(const proxy_string_t& text) {
  return {reinterpret_cast<const char*>(text.ptr), text.len};
}

/// Copies a string that the host lowered here, and frees it.
inline std::string take(proxy_string_t& text) {
  std::string copy{view(text)};
  proxy_string_free(&text);
  return copy;
}

/// The bindings take strings by pointer and do not write to them.
inline proxy_string_t lend(std::string_view text) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())), text.size()};
}

inline std::string text_of(std::uint64_t value) {
  char digits[20];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

/// Waits for one pollable and drops it.
inline void wait_and_drop(wasi_io_poll_own_pollable_t pollable) {
  wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(pollable));
  wasi_io_poll_pollable_drop_own(pollable);
}

inline void sleep_for_milliseconds(std::uint64_t milliseconds) {
  wait_and_drop(wasi_clocks_monotonic_clock_subscribe_duration(milliseconds * 1'000'000));
}

// --- requests ---

/// "/path?query" of a request, empty when it has none.
inline std::string target_of(wasi_http_types_borrow_incoming_request_t request) {
  proxy_string_t text;
  return wasi_http_types_method_incoming_request_path_with_query(request, &text) ? take(text) : std::string{};
}

inline std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

inline int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Undoes percent encoding and `+` as it is found in a query.
inline std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

/// The value of `key` in the query of `target`, decoded.
inline std::optional<std::string> query_value(std::string_view target, std::string_view key) {
  auto at = target.find('?');
  while (at != std::string_view::npos) {
    target.remove_prefix(at + 1);
    const auto pair = target.substr(0, target.find('&'));
    if (pair.substr(0, pair.find('=')) == key) {
      return pair.size() > key.size() ? decoded(pair.substr(key.size() + 1)) : std::string{};
    }
    at = target.find('&');
  }
  return std::nullopt;
}

/// The decimal number at the start of `text`.
inline std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

inline std::uint64_t query_number(std::string_view target, std::string_view key, std::uint64_t fallback) {
  const auto text = query_value(target, key);
  return text ? number(*text) : fallback;
}

// --- fields ---

struct Field {
  std::string name;
  std::string value;
};

/// Whether both are the same field name: case does not count.
inline bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// Every field of `fields`, which is dropped.
inline std::vector<Field> entries_of(wasi_http_types_own_fields_t fields) {
  wasi_http_types_list_tuple2_field_name_field_value_t list;
  wasi_http_types_method_fields_entries(wasi_http_types_borrow_fields(fields), &list);
  std::vector<Field> out;
  out.reserve(list.len);
  for (std::size_t i = 0; i < list.len; ++i) {
    const auto& value = list.ptr[i].f1;
    out.push_back({std::string{view(list.ptr[i].f0)}, {reinterpret_cast<const char*>(value.ptr), value.len}});
  }
  wasi_http_types_list_tuple2_field_name_field_value_free(&list);
  wasi_http_types_fields_drop_own(fields);
  return out;
}

/// Fields with these entries; traps when the host refuses one.
inline wasi_http_types_own_fields_t make_fields(const std::vector<Field>& entries) {
  std::vector<wasi_http_types_tuple2_field_name_field_value_t> list;
  list.reserve(entries.size());
  for (const auto& [name, value] : entries) {
    const auto bytes = lend(value);
    list.push_back({lend(name), {bytes.ptr, bytes.len}});
  }
  wasi_http_types_list_tuple2_field_name_field_value_t lent{list.data(), list.size()};
  wasi_http_types_own_fields_t fields;
  wasi_http_types_header_error_t error;
  if (!wasi_http_types_static_fields_from_list(&lent, &fields, &error)) give_up();
  return fields;
}

// --- bodies ---

/// Reads the body of a request or response to its end. Owns the body and its stream.
class Reader {
 public:
  explicit Reader(wasi_http_types_own_incoming_body_t body) : body_(body) {
    if (!wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(body), &stream_))
      give_up();
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  wasi_io_streams_borrow_input_stream_t stream() const {
    return wasi_io_streams_borrow_input_stream(stream_);
  }

  /// The next bytes, at most `limit`; waits for them. None at the end of the body, or when it broke off
  /// (`failed()`).
  std::optional<std::string> next(std::uint64_t limit = 65536) {
    proxy_list_u8_t bytes;
    wasi_io_streams_stream_error_t error;
    if (!wasi_io_streams_method_input_stream_blocking_read(stream(), limit, &bytes, &error)) {
      failed_ = error.tag == WASI_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED;
      wasi_io_streams_stream_error_free(&error);
      return std::nullopt;
    }
    std::string out{reinterpret_cast<const char*>(bytes.ptr), bytes.len};
    proxy_list_u8_free(&bytes);
    return out;
  }

  bool failed() const { return failed_; }

  /// Ends reading and waits for the trailers, none when there are none or the body broke off.
  std::optional<wasi_http_types_own_fields_t> finish() {
    wasi_io_streams_input_stream_drop_own(stream_);
    const auto future = wasi_http_types_static_incoming_body_finish(body_);
    const auto borrowed = wasi_http_types_borrow_future_trailers(future);
    wasi_http_types_result_result_option_own_trailers_error_code_void_t result;
    if (!wasi_http_types_method_future_trailers_get(borrowed, &result)) {
      wait_and_drop(wasi_http_types_method_future_trailers_subscribe(borrowed));
      if (!wasi_http_types_method_future_trailers_get(borrowed, &result)) give_up();
    }
    wasi_http_types_future_trailers_drop_own(future);
    if (result.is_err) give_up();
    if (result.val.ok.is_err) {
      wasi_http_types_error_code_free(&result.val.ok.val.err);
      return std::nullopt;
    }
    if (!result.val.ok.val.ok.is_some) return std::nullopt;
    return result.val.ok.val.ok.val;
  }

 private:
  wasi_http_types_own_incoming_body_t body_;
  wasi_http_types_own_input_stream_t stream_;
  bool failed_ = false;
};

inline Reader body_of(wasi_http_types_borrow_incoming_request_t request) {
  wasi_http_types_own_incoming_body_t body;
  if (!wasi_http_types_method_incoming_request_consume(request, &body)) give_up();
  return Reader{body};
}

/// Writes an outgoing body. Owns the body and its stream; finish() must be called, else the peer sees a
/// broken body.
class Writer {
 public:
  explicit Writer(wasi_http_types_own_outgoing_body_t body) : body_(body) {
    if (!wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream_))
      give_up();
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  wasi_io_streams_borrow_output_stream_t stream() const {
    return wasi_io_streams_borrow_output_stream(stream_);
  }

  /// Hands all of `bytes` over, as fast as the host takes them. False when the peer has gone.
  bool write(std::string_view bytes) {
    wasi_io_streams_stream_error_t error;
    while (!bytes.empty()) {
      std::uint64_t room = 0;
      if (!wasi_io_streams_method_output_stream_check_write(stream(), &room, &error)) return lost(error);
      if (room == 0) {
        wait_and_drop(wasi_io_streams_method_output_stream_subscribe(stream()));
        continue;
      }
      const auto part = lend(bytes.substr(0, room));
      proxy_list_u8_t list{part.ptr, part.len};
      if (!wasi_io_streams_method_output_stream_write(stream(), &list, &error)) return lost(error);
      bytes.remove_prefix(part.len);
    }
    return true;
  }

  /// Waits until the host has passed on everything written so far.
  bool flush() {
    wasi_io_streams_stream_error_t error;
    return wasi_io_streams_method_output_stream_blocking_flush(stream(), &error) || lost(error);
  }

  void finish(std::optional<wasi_http_types_own_fields_t> trailers = std::nullopt) {
    wasi_io_streams_output_stream_drop_own(stream_);
    wasi_http_types_error_code_t error;
    if (!wasi_http_types_static_outgoing_body_finish(body_, trailers ? &*trailers : nullptr, &error)) {
      wasi_http_types_error_code_free(&error);
    }
  }

 private:
  static bool lost(wasi_io_streams_stream_error_t& error) {
    wasi_io_streams_stream_error_free(&error);
    return false;
  }

  wasi_http_types_own_outgoing_body_t body_;
  wasi_http_types_own_output_stream_t stream_;
};

// --- responses ---

using Outparam = wasi_http_types_own_response_outparam_t;

/// Answers with this head; the body is written to what comes back.
inline Writer respond(Outparam out, std::uint16_t status, wasi_http_types_own_fields_t fields) {
  const auto response = wasi_http_types_constructor_outgoing_response(fields);
  const auto borrowed = wasi_http_types_borrow_outgoing_response(response);
  if (status != 200 && !wasi_http_types_method_outgoing_response_set_status_code(borrowed, status)) give_up();
  wasi_http_types_own_outgoing_body_t body;
  if (!wasi_http_types_method_outgoing_response_body(borrowed, &body)) give_up();
  wasi_http_types_result_own_outgoing_response_error_code_t result{.is_err = false, .val = {.ok = response}};
  wasi_http_types_static_response_outparam_set(out, &result);
  return Writer{body};
}

inline void respond_text(Outparam out, std::uint16_t status, std::string_view text) {
  auto writer = respond(out, status, make_fields({{"content-type", "text/plain"}}));
  writer.write(text);
  writer.finish();
}

}  // namespace guest
