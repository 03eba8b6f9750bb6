#include "component/link/channels.hpp"
#include "wasi/context.hpp"
#include "wasi/guest_exit.hpp"
#include "wasi/p3/byte_flow.hpp"
#include "wasi/p3/faces.hpp"

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

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

const Setup& setup(Caller& caller) { return caller.context<Context>().setup(); }

template <class T, class Make>
std::optional<std::unique_ptr<T>> terminal(const Standard<Make>& stream) {
  if (!stream.terminal) return std::nullopt;
  return std::make_unique<T>();
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
  linker.interface("wasi:cli/environment@0.3.2")
      .function("get-environment",
                [](Caller& caller) {
                  std::vector<std::tuple<std::string, std::string>> pairs;
                  for (const auto& [name, value] : setup(caller).environment) pairs.emplace_back(name, value);
                  return pairs;
                })
      .function("get-arguments", [](Caller& caller) { return setup(caller).arguments; })
      .function("get-initial-cwd", [](Caller& caller) { return setup(caller).initial_directory; });
  linker.interface("wasi:cli/exit@0.3.2")
      .function("exit", [](Caller&,
                           std::expected<void, component::Unit> status) { return exit_with(status ? 0 : 1); })
      .function("exit-with-code", [](Caller&, std::uint8_t status) { return exit_with(status); });
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
  linker.interface("wasi:cli/terminal-input@0.3.2").resource<TerminalInput>("terminal-input");
  linker.interface("wasi:cli/terminal-output@0.3.2").resource<TerminalOutput>("terminal-output");
  linker.interface("wasi:cli/terminal-stdin@0.3.2")
      .resource<TerminalInput>("terminal-input")
      .function("get-terminal-stdin", [](Caller& c) { return terminal<TerminalInput>(setup(c).input); });
  linker.interface("wasi:cli/terminal-stdout@0.3.2")
      .resource<TerminalOutput>("terminal-output")
      .function("get-terminal-stdout", [](Caller& c) { return terminal<TerminalOutput>(setup(c).output); });
  linker.interface("wasi:cli/terminal-stderr@0.3.2")
      .resource<TerminalOutput>("terminal-output")
      .function("get-terminal-stderr", [](Caller& c) { return terminal<TerminalOutput>(setup(c).errors); });
}

}  // namespace wisp::wasi::p3
