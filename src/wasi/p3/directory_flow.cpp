#include "wasi/p3/directory_flow.hpp"

#include "component/link/channels.hpp"
#include "wasi/context.hpp"
#include "wasi/filesystem/directory_reader.hpp"
#include "wasi/p3/wait.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace wisp::wasi::p3 {

using boost::asio::awaitable;
using component::Caller;
using component::FutureWriter;
using component::StreamWriter;

namespace {

/// What is read at a time: bounded by the longest name, 255 bytes, that makes 16 KiB.
constexpr std::size_t kBatch = 64;

struct Batch {
  std::vector<EntryRecord> entries;
  std::optional<FileReply<>> end;  ///< after the entries
};

/// Reads a directory into a stream; owns what it needs, since the guest may go.
struct DirectoryFlow {
  Blocking blocking;
  std::shared_ptr<Descriptor> directory;
  Quota::Slot slot;
  StreamWriter<EntryRecord> writer;
  FutureWriter<FileReply<>> result;
  std::shared_ptr<DirectoryReader> reader;

  explicit DirectoryFlow(Blocking where) : blocking(where) {}

  /// Blocks.
  static FsResult<Batch> next(const std::shared_ptr<Descriptor>& directory,
                              std::shared_ptr<DirectoryReader>& reader) {
    if (reader == nullptr) {
      auto fd = directory->reopen_directory();
      if (!fd) return std::unexpected(fd.error());
      reader = std::make_shared<DirectoryReader>(std::move(*fd));
    }
    Batch batch;
    while (batch.entries.size() < kBatch) {
      auto entry = reader->next();
      if (!entry) {
        batch.end = refuse(entry.error());
        break;
      }
      if (!*entry) {
        batch.end = FileReply<>();
        break;
      }
      batch.entries.push_back({descriptor_type((*entry)->type), std::move((*entry)->name)});
    }
    return batch;
  }

  [[nodiscard]] awaitable<FsResult<Batch>> next_batch() {
    if (blocking.pool == nullptr) co_return next(directory, reader);
    using Read = std::pair<FsResult<Batch>, std::shared_ptr<DirectoryReader>>;
    const auto job =
        blocking.pool->start(*blocking.loop, [directory = directory, reader = reader]() mutable -> Read {
          auto batch = next(directory, reader);
          return {std::move(batch), std::move(reader)};
        });
    if (!job || !co_await until_ready(*job)) co_return std::unexpected(FsError::busy);
    reader = std::move(job->result->second);
    co_return std::move(job->result->first);
  }

  [[nodiscard]] awaitable<FileReply<>> pass_on() {
    while (!writer.dropped()) {
      auto batch = co_await next_batch();
      if (!batch) co_return refuse(batch.error());
      const auto written = co_await writer.write_all(std::span(batch->entries));
      if (!written || !*written) break;
      if (batch->end) co_return std::move(*batch->end);
    }
    // Nobody wants to know more.
    co_return FileReply<>();
  }
};

awaitable<void> run(std::unique_ptr<DirectoryFlow> flow) {
  auto outcome = co_await flow->pass_on();
  flow->writer.close();
  flow->result.write(std::move(outcome));
}

}  // namespace

std::tuple<component::Stream<EntryRecord>, component::Future<FileReply<>>> read_directory(
    Caller& caller, std::shared_ptr<Descriptor> directory) {
  auto& context = caller.context<Context>();
  auto flow = std::make_unique<DirectoryFlow>(context.blocking());
  auto stream = flow->writer.readable();
  auto result = flow->result.readable();
  auto slot = context.file_streams().take();
  if (!slot) {
    flow->result.write(refuse(FsError::quota));
    return {std::move(stream), std::move(result)};
  }
  flow->slot = *std::move(slot);
  flow->directory = std::move(directory);
  boost::asio::co_spawn(caller.loop(), run(std::move(flow)), boost::asio::detached);
  return {std::move(stream), std::move(result)};
}

}  // namespace wisp::wasi::p3
