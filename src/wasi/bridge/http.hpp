#pragma once

#include "component/link/linker.hpp"

namespace wisp::wasi::bridge {

/// Imports of wasi:http/handler 0.3 (middleware) met by wasi:http/incoming-handler 0.2. Each call has an
/// instance of its own, on a fiber of its own: the caller's other tasks go on meanwhile.
[[nodiscard]] component::Bridge handler_over_incoming_handler();

/// Imports of wasi:http/incoming-handler 0.2 met by wasi:http/handler 0.3. The request is handed on with the
/// place for its answer; the call returns when the callee's task has ended.
[[nodiscard]] component::Bridge incoming_handler_over_handler();

}  // namespace wisp::wasi::bridge
