#include "wasi/p3/stdio.hpp"

#include "component/link/channels.hpp"
#include "wasi/p3/byte_flow.hpp"

namespace wisp::wasi::p3 {

namespace {

/// An output that ends is a pipe whose reader has gone.
StdioOutcome outcome_of(const StreamResult<>& over) {
  if (over) return {};
  const auto& failure = over.error().failure;
  if (failure == nullptr) return std::unexpected(StdioError::pipe);
  const auto* const said = failure->as<StdioError>();
  return std::unexpected(said != nullptr ? *said : StdioError::io);
}

}  // namespace

std::tuple<StdioStream, StdioFuture> read_via_stream(Context& context, std::shared_ptr<ByteSource> source) {
  component::FutureWriter<StdioOutcome> result;
  auto future = result.readable();
  auto slot = context.file_streams().take();
  if (!slot) {
    result.write(std::unexpected(StdioError::io));
    // Its writer goes with this call, so it is at its end.
    return {component::StreamWriter<std::uint8_t>().readable(), std::move(future)};
  }
  auto stream = flow_from(
      std::move(source), *std::move(slot),
      [result = std::move(result)](const StreamResult<>& over) mutable { result.write(outcome_of(over)); });
  return {std::move(stream), std::move(future)};
}

StdioFuture write_via_stream(Context& context, StdioStream data, std::shared_ptr<ByteSink> sink) {
  component::FutureWriter<StdioOutcome> result;
  auto future = result.readable();
  auto slot = context.file_streams().take();
  if (!slot) {
    result.write(std::unexpected(StdioError::io));
    return future;
  }
  flow_to(
      context.loop(), std::move(data), std::move(sink), *std::move(slot),
      [result = std::move(result)](const StreamResult<>& over) mutable { result.write(outcome_of(over)); });
  return future;
}

}  // namespace wisp::wasi::p3
