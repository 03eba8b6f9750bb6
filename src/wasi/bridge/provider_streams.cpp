#include "wasi/bridge/provider_streams.hpp"

#include "wasi/p3/wait.hpp"

#include <algorithm>

namespace wisp::wasi::bridge {

using boost::asio::awaitable;
using component::Foreign;
using component::ProviderFunction;
using component::ProviderRef;

namespace {

constexpr std::size_t kMostAtOnce = 4096;  // what blocking-write-and-flush takes
constexpr int kEmptyAnswers = 16;          // in a row, of a function that waits for bytes

constexpr std::string_view kStreams = "wasi:io/streams@0.2";

StreamEnd failed(std::string text, FsError code) {
  return {std::make_unique<Failure>(std::move(text), std::any(code))};
}

}  // namespace

std::vector<component::KnownResource> known_streams() {
  using component::known_resource;
  return {known_resource<OldIoError>(), known_resource<OldInputStream>(), known_resource<OldOutputStream>(),
          known_resource<OldPollable>()};
}

std::unexpected<StreamEnd> gone(component::ProviderQueue& queue, const Error& error,
                                std::string_view export_name) {
  queue.report(error, export_name);
  return std::unexpected(failed("the component behind the stream has ended", FsError::io));
}

// ---- why

Result<StreamFailures> StreamFailures::find(const ProviderRef& from) {
  StreamFailures made;
  const std::vector<std::string> path{"wasi:filesystem/types@0.2", "filesystem-error-code"};
  if (owns<OldIoError>(from) && component::find_item(*from.provider->linked->plan, path) != nullptr)
    made.code_ = TRY(decltype(code_)::value_type::find(from, path));
  return made;
}

awaitable<StreamEnd> StreamFailures::explain(const Queue& queue, Foreign<OldIoError> error) const {
  auto code = FsError::io;
  if (code_) {
    const auto said = co_await queue->call(*code_, error);
    if (!said)
      co_return gone(*queue, said.error(), "wasi:filesystem/types@0.2#filesystem-error-code").error();
    if (*said) code = static_cast<FsError>(**said);
  }
  co_return failed("the component behind the stream failed", code);
}

awaitable<StreamEnd> StreamFailures::explain(const Queue&, std::unique_ptr<p2::IoError> error) const {
  const auto* const code = error->failure().as<FsError>();
  co_return failed("the component behind the stream failed", code == nullptr ? FsError::io : *code);
}

// ---- reading

awaitable<StreamResult<Bytes>> Reading<std::unique_ptr<p2::InputStream>>::read(
    const Queue&, std::unique_ptr<p2::InputStream>& stream, std::size_t most) const {
  const auto source = stream->share();
  while (true) {
    if (!co_await p3::until_ready(*source)) co_return ended();
    auto got = source->read(most);
    if (!got) co_return std::unexpected(std::move(got).error());
    if (!got->empty()) co_return Bytes(got->begin(), got->end());
  }
}

Result<Reading<Foreign<OldInputStream>>> Reading<Foreign<OldInputStream>>::find(const ProviderRef& from) {
  Reading made;
  const std::vector<std::string> path{std::string(kStreams), "[method]input-stream.blocking-read"};
  made.failures_ = TRY(StreamFailures::find(from));
  if (owns<OldIoError>(from)) {
    made.own_ = TRY(Read<OwnStreamError>::find(from, path));
  } else {
    made.hosts_ = TRY(Read<HostStreamError>::find(from, path));
  }
  return made;
}

awaitable<StreamResult<Bytes>> Reading<Foreign<OldInputStream>>::read(const Queue& queue,
                                                                      const Foreign<OldInputStream>& stream,
                                                                      std::size_t most) const {
  if (own_) co_return co_await read_with(*own_, queue, stream, most);
  co_return co_await read_with(*hosts_, queue, stream, most);
}

template <class E>
awaitable<StreamResult<Bytes>> Reading<Foreign<OldInputStream>>::read_with(
    const Read<E>& function, const Queue& queue, const Foreign<OldInputStream>& stream,
    std::size_t most) const {
  for (int i = 0; i < kEmptyAnswers; ++i) {
    auto said = co_await queue->call(function, stream, most);
    if (!said) co_return gone(*queue, said.error(), "wasi:io/streams@0.2#[method]input-stream.blocking-read");
    if (!*said) {
      auto& why = said->error().value;
      if (why.index() == 1) co_return ended();
      co_return std::unexpected(co_await failures_.explain(queue, std::move(std::get<0>(why))));
    }
    if ((*said)->size() > most)
      co_return std::unexpected(
          failed("the component behind the stream gave more than was asked for", FsError::io));
    if (!(*said)->empty()) co_return std::move(**said);
  }
  co_return std::unexpected(failed("the component behind the stream waits for nothing", FsError::io));
}

// ---- writing

awaitable<StreamResult<>> Writing<std::unique_ptr<p2::OutputStream>>::write(
    const Queue&, std::unique_ptr<p2::OutputStream>& stream, ByteView bytes) const {
  const auto sink = stream->share();
  while (!bytes.empty()) {
    if (!co_await p3::until_ready(*sink)) co_return ended();
    auto room = sink->capacity();
    if (!room) co_return std::unexpected(std::move(room).error());
    const auto piece = bytes.first(std::min(bytes.size(), *room));
    if (auto written = sink->write(piece); !written) co_return std::unexpected(std::move(written).error());
    bytes = bytes.subspan(piece.size());
  }
  if (auto flushed = sink->flush(); !flushed) co_return std::unexpected(std::move(flushed).error());
  if (!co_await p3::until_ready(*sink)) co_return ended();
  auto open = sink->capacity();
  if (!open) co_return std::unexpected(std::move(open).error());
  co_return StreamResult<>{};
}

Result<Writing<Foreign<OldOutputStream>>> Writing<Foreign<OldOutputStream>>::find(const ProviderRef& from) {
  Writing made;
  const std::vector<std::string> path{std::string(kStreams),
                                      "[method]output-stream.blocking-write-and-flush"};
  made.failures_ = TRY(StreamFailures::find(from));
  if (owns<OldIoError>(from)) {
    made.own_ = TRY(Write<OwnStreamError>::find(from, path));
  } else {
    made.hosts_ = TRY(Write<HostStreamError>::find(from, path));
  }
  return made;
}

awaitable<StreamResult<>> Writing<Foreign<OldOutputStream>>::write(const Queue& queue,
                                                                   const Foreign<OldOutputStream>& stream,
                                                                   ByteView bytes) const {
  if (own_) co_return co_await write_with(*own_, queue, stream, bytes);
  co_return co_await write_with(*hosts_, queue, stream, bytes);
}

template <class E>
awaitable<StreamResult<>> Writing<Foreign<OldOutputStream>>::write_with(
    const Write<E>& function, const Queue& queue, const Foreign<OldOutputStream>& stream,
    ByteView bytes) const {
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), kMostAtOnce));
    auto said = co_await queue->call(function, stream, Bytes(piece.begin(), piece.end()));
    if (!said)
      co_return gone(*queue, said.error(),
                     "wasi:io/streams@0.2#[method]output-stream.blocking-write-and-flush");
    if (!*said) {
      auto& why = said->error().value;
      if (why.index() == 1) co_return ended();
      co_return std::unexpected(co_await failures_.explain(queue, std::move(std::get<0>(why))));
    }
    bytes = bytes.subspan(piece.size());
  }
  co_return StreamResult<>{};
}

}  // namespace wisp::wasi::bridge
