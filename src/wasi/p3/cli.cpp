#include "component/link/channels.hpp"
#include "wasi/command_functions.hpp"
#include "wasi/context.hpp"
#include "wasi/p3/byte_flow.hpp"
#include "wasi/p3/faces.hpp"

#include <memory>
#include <tuple>

namespace wisp::wasi::p3 {

using component::Caller;
using component::Future;
using component::FutureWriter;
using component::Stream;

namespace {

class TerminalInput final : public component::HostResource {};
class TerminalOutput final : public component::HostResource {};

/// wasi:cli/types.error-code
enum class ErrorCode : std::uint8_t { io, illegal_byte_sequence, pipe };
WISP_ENUM(ErrorCode, "io", "illegal-byte-sequence", "pipe")

using Outcome = std::expected<void, ErrorCode>;

/// A standard output that ends is a pipe whose reader has gone.
Outcome outcome_of(const StreamResult<>& over) {
  if (over) return {};
  return std::unexpected(over.error().failure == nullptr ? ErrorCode::pipe : ErrorCode::io);
}

std::tuple<Stream<std::uint8_t>, Future<Outcome>> read_via_stream(Caller& caller) {
  auto& context = caller.context<Context>();
  FutureWriter<Outcome> result;
  auto future = result.readable();
  auto slot = context.file_streams().take();
  if (!slot) {
    result.write(std::unexpected(ErrorCode::io));
    // Its writer goes with this call, so it is at its end.
    return {component::StreamWriter<std::uint8_t>().readable(), std::move(future)};
  }
  auto stream = flow_from(
      context.input(), *std::move(slot),
      [result = std::move(result)](const StreamResult<>& over) mutable { result.write(outcome_of(over)); });
  return {std::move(stream), std::move(future)};
}

Future<Outcome> write_via_stream(Caller& caller, Stream<std::uint8_t> data, std::shared_ptr<ByteSink> sink) {
  FutureWriter<Outcome> result;
  auto future = result.readable();
  auto slot = caller.context<Context>().file_streams().take();
  if (!slot) {
    result.write(std::unexpected(ErrorCode::io));
    return future;
  }
  flow_to(
      caller.loop(), std::move(data), std::move(sink), *std::move(slot),
      [result = std::move(result)](const StreamResult<>& over) mutable { result.write(outcome_of(over)); });
  return future;
}

}  // namespace

void add_cli(component::HostLinker& linker) {
  add_environment_and_exit(linker, "@0.3.2", "get-initial-cwd");
  linker.interface("wasi:cli/types@0.3.2");
  linker.interface("wasi:cli/stdin@0.3.2").function("read-via-stream", read_via_stream);
  linker.interface("wasi:cli/stdout@0.3.2")
      .function("write-via-stream", [](Caller& caller, Stream<std::uint8_t> data) {
        return write_via_stream(caller, std::move(data), caller.context<Context>().output());
      });
  linker.interface("wasi:cli/stderr@0.3.2")
      .function("write-via-stream", [](Caller& caller, Stream<std::uint8_t> data) {
        return write_via_stream(caller, std::move(data), caller.context<Context>().errors());
      });
  add_terminals<TerminalInput, TerminalOutput>(linker, "@0.3.2");
}

}  // namespace wisp::wasi::p3
