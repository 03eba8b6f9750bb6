// What commands over the bindings of wasi:cli/command@0.2 share: arguments, output, waiting. No libc, no
// adapter.
#pragma once

#include "command.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace guest {

[[noreturn]] inline void give_up() { __builtin_trap(); }

inline std::string_view view(const command_string_t& text) {
  return {reinterpret_cast<const char*>(text.ptr), text.len};
}

/// The bindings take strings by pointer and do not write to them.
inline command_string_t lend(std::string_view text) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())), text.size()};
}

inline std::vector<std::string> arguments() {
  command_list_string_t list;
  wasi_cli_environment_get_arguments(&list);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < list.len; ++i) out.emplace_back(view(list.ptr[i]));
  command_list_string_free(&list);
  return out;
}

inline std::string text_of(std::uint64_t value) {
  char digits[20];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

inline std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Writes all of `text`, at most 4096 bytes at a time as the interface asks. False when the reader has gone.
inline bool write(wasi_io_streams_borrow_output_stream_t stream, std::string_view text) {
  while (!text.empty()) {
    const auto part = lend(text.substr(0, 4096));
    command_list_u8_t list{part.ptr, part.len};
    wasi_io_streams_stream_error_t error;
    if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(stream, &list, &error)) {
      wasi_io_streams_stream_error_free(&error);
      return false;
    }
    text.remove_prefix(part.len);
  }
  return true;
}

inline void print(std::string_view text) {
  const auto stream = wasi_cli_stdout_get_stdout();
  write(wasi_io_streams_borrow_output_stream(stream), text);
  wasi_io_streams_output_stream_drop_own(stream);
}

/// Waits for one pollable and drops it.
inline void wait_and_drop(wasi_io_poll_own_pollable_t pollable) {
  wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(pollable));
  wasi_io_poll_pollable_drop_own(pollable);
}

}  // namespace guest
