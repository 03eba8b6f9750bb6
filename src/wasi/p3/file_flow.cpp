#include "wasi/p3/file_flow.hpp"

#include "component/link/channels.hpp"
#include "wasi/context.hpp"
#include "wasi/filesystem/file_stream.hpp"
#include "wasi/p3/byte_flow.hpp"

namespace wisp::wasi::p3 {

using component::Caller;
using component::FutureWriter;
using component::Stream;

namespace {

FileReply<> outcome_of(const StreamResult<>& over) {
  if (over) return {};
  const auto& failure = over.error().failure;
  const auto* code = failure == nullptr ? nullptr : failure->as<FsError>();
  return refuse(code == nullptr ? FsError::io : *code);
}

FileFuture refused(FsError error) { return component::ready_future<FileReply<>>(refuse(error)); }

}  // namespace

std::tuple<Stream<std::uint8_t>, FileFuture> read_file(Caller& caller, std::shared_ptr<Descriptor> file,
                                                       std::uint64_t offset) {
  auto& context = caller.context<Context>();
  auto slot = context.file_streams().take();
  // The writer of such a stream goes with this call, so the stream is at its end.
  const auto nothing = [](FsError error) {
    return std::tuple(component::StreamWriter<std::uint8_t>().readable(), refused(error));
  };
  if (file->is_directory()) return nothing(FsError::is_directory);
  if (!slot) return nothing(FsError::quota);
  FutureWriter<FileReply<>> result;
  auto future = result.readable();
  auto stream = flow_from(
      std::make_shared<FileSource>(context.blocking(), std::move(file), offset), *std::move(slot),
      [result = std::move(result)](const StreamResult<>& over) mutable { result.write(outcome_of(over)); });
  return {std::move(stream), std::move(future)};
}

FileFuture write_file(Caller& caller, std::shared_ptr<Descriptor> file, Stream<std::uint8_t> data,
                      std::optional<std::uint64_t> offset) {
  auto& context = caller.context<Context>();
  if (file->is_directory()) return refused(FsError::bad_descriptor);
  if (auto writable = file->check_writable(); !writable) return refused(writable.error());
  auto slot = context.file_streams().take();
  if (!slot) return refused(FsError::quota);
  FutureWriter<FileReply<>> result;
  auto future = result.readable();
  flow_to(
      caller.loop(), std::move(data), std::make_shared<FileSink>(context.blocking(), std::move(file), offset),
      *std::move(slot),
      [result = std::move(result)](const StreamResult<>& over) mutable { result.write(outcome_of(over)); });
  return future;
}

}  // namespace wisp::wasi::p3
