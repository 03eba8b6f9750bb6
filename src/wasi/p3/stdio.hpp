#pragma once

#include "component/link/host_abi.hpp"
#include "wasi/context.hpp"

#include <cstdint>
#include <expected>
#include <memory>
#include <string_view>
#include <tuple>

/// Standard streams as wasi:cli 0.3 has them: streams, with a future that tells how they ended.
namespace wisp::wasi::p3 {

/// wasi:cli/types.error-code
enum class StdioError : std::uint8_t { io, illegal_byte_sequence, pipe };
WISP_ENUM(StdioError, "io", "illegal-byte-sequence", "pipe")
[[nodiscard]] constexpr std::string_view text_of(StdioError error) {
  switch (error) {
    case StdioError::io:
      return "io";
    case StdioError::illegal_byte_sequence:
      return "illegal byte sequence";
    case StdioError::pipe:
      return "pipe";
  }
  return "unknown";
}

using StdioOutcome = std::expected<void, StdioError>;
using StdioStream = component::Stream<std::uint8_t>;
using StdioFuture = component::Future<StdioOutcome>;

/// What `source` has as a stream, one of the guest's share of streams on files; an error at once where there
/// are too many.
[[nodiscard]] std::tuple<StdioStream, StdioFuture> read_via_stream(Context& context,
                                                                   std::shared_ptr<ByteSource> source);

/// Passes `data` to `sink`; as above.
[[nodiscard]] StdioFuture write_via_stream(Context& context, StdioStream data,
                                           std::shared_ptr<ByteSink> sink);

}  // namespace wisp::wasi::p3
