#include "engine/engine.hpp"

namespace wisp::engine {
namespace {

/// Texts of guests (function names) end up in terminals and logs: no control characters, no endless lines.
constexpr std::size_t kMaxLine = 400;
constexpr std::size_t kMaxBacktrace = 16 << 10;

constexpr int kNoTrapCode = -1;  // an error of the engine or the host

std::string_view view(const wisp_bytes_t& bytes) {
  return {reinterpret_cast<const char*>(bytes.data), bytes.size};
}

std::string clean(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  for (const char c : text) {
    if (out.size() == kMaxBacktrace) break;
    if (c == '\n') {
      column = 0;
    } else if (++column > kMaxLine) {
      continue;
    }
    out += (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f ? '?' : c;
  }
  return out;
}

Errc code_of(const wisp_failure_t& failure) {
  switch (failure.kind) {
    case WISP_FAILURE_POOL:
      return Errc::no_capacity;
    case WISP_FAILURE_MAPPINGS:
      return Errc::out_of_mappings;
    case WISP_FAILURE_MEMORY:
      return Errc::memory_limit;
    case WISP_FAILURE_COUNT:
      return Errc::trap_limit;
    default:
      break;
  }
  switch (failure.trap_code) {
    case kNoTrapCode:
      return Errc::trap_host;
    case WASMTIME_TRAP_CODE_STACK_OVERFLOW:
      return Errc::trap_stack;
    case WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS:
      return Errc::trap_memory;
    case WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED:
      return Errc::trap_unreachable;
    case WASMTIME_TRAP_CODE_ALLOCATION_TOO_LARGE:
      return Errc::memory_limit;
    default:
      return Errc::trap;
  }
}

Error describe(const wasmtime_error_t* error, const wasm_trap_t* trap) {
  wisp_failure_t failure{};
  wisp_describe(error, trap, &failure);
  auto backtrace = clean(view(failure.backtrace));
  std::string message = clean(view(failure.message));
  constexpr std::string_view kNoise = "wasm trap: ";
  if (const auto at = message.find(kNoise); at != std::string::npos) message.erase(at, kNoise.size());
  const bool thrown = failure.trap_code == kNoTrapCode && message.starts_with("thrown Wasm exception");
  Error result = failure.payload ? std::move(*static_cast<Error*>(failure.payload))
                 : thrown        ? Error(Errc::trap, "uncaught exception")
                                 : Error(code_of(failure), std::move(message));
  if (result.backtrace().empty()) result.set_backtrace(std::move(backtrace));
  wisp_bytes_delete(&failure.message);
  wisp_bytes_delete(&failure.backtrace);
  return result;
}

void drop_error(void* error) { delete static_cast<Error*>(error); }

}  // namespace

wasm_trap_t* make_trap(Error error) { return wisp_trap_new(new Error(std::move(error)), drop_error); }

wasmtime_error_t* make_error(Error error) { return wisp_error_new(new Error(std::move(error)), drop_error); }

Error take_trap(wasmtime_error_t* error, wasm_trap_t* trap) {
  Error result = describe(error, trap);
  if (error) wasmtime_error_delete(error);
  if (trap) wasm_trap_delete(trap);
  return result;
}

}  // namespace wisp::engine
