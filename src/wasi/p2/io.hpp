#pragma once

#include "component/link/host_abi.hpp"
#include "wasi/p2/resources.hpp"
#include "wasi/reply.hpp"

#include <expected>
#include <memory>
#include <variant>

namespace wisp::wasi::p2 {

/// wasi:io/streams.stream-error
struct StreamError {
  std::variant<std::unique_ptr<IoError>, component::Unit> value;
};
WISP_VARIANT(StreamError, "last-operation-failed", "closed")

/// A result as wasi:io functions give it to the guest.
template <class T = void>
using StreamReply = std::expected<T, StreamError>;

/// The end of a stream as the guest is told it.
[[nodiscard]] Refusal<StreamError> tell(StreamEnd end);

}  // namespace wisp::wasi::p2
