#include "wasi/bridge/files_over_0_3.hpp"

#include "component/link/channels.hpp"
#include "component/link/provider_queue.hpp"
#include "wasi/bridge/asked_stream.hpp"
#include "wasi/bridge/file_types.hpp"
#include "wasi/bridge/provided_file.hpp"
#include "wasi/context.hpp"
#include "wasi/p2/resources.hpp"

#include <algorithm>
#include <span>

namespace wisp::wasi::bridge {

using boost::asio::awaitable;
using component::Caller;
using component::Foreign;
using component::Future;
using component::FutureReader;
using component::HostFunction;
using component::Lent;
using component::ProviderFunction;
using component::ProviderQueue;
using component::ProviderRef;
using component::Stream;
using component::StreamReader;
using component::StreamWriter;
using p2::FileReply;

namespace {

using Queue = std::shared_ptr<ProviderQueue>;
using NewOutcome = p3::FileReply<>;
using Contents = std::tuple<Stream<std::uint8_t>, Future<NewOutcome>>;
using Entries = std::tuple<Stream<p3::EntryRecord>, Future<NewOutcome>>;

using NewFile = ProvidedFile<NewDescriptor>;
using NewFileRef = std::shared_ptr<NewFile>;
/// wasi:filesystem/types.descriptor of 0.2.
using OldHandle = FileHandle<NewDescriptor>;
using OldHandlePtr = std::unique_ptr<OldHandle>;

// ---- calls

template <class T, class... A>
using NewMethod = ProviderFunction<p3::FileReply<T>(Lent<NewDescriptor>, A...)>;

/// Calls it on the caller's fiber.
template <class T, class Convert, class... A>
Result<FileReply<typename Told<T, Convert>::Value>> ask(Caller& caller, const NewFileRef& file,
                                                        const NewMethod<T, A...>& function, Convert convert,
                                                        std::type_identity_t<A>... arguments) {
  using Reply = FileReply<typename Told<T, Convert>::Value>;
  auto said = TRY(function.call_in(file->object.tree(), caller, file->object, std::move(arguments)...));
  if (!said) return Reply(p2::refuse(core_error(said.error())));
  if constexpr (std::is_void_v<T>) {
    return Reply();
  } else {
    return Reply(TRY(convert(std::move(*said))));
  }
}

template <class T = void>
Result<FileReply<T>> told(FsError error) {
  return FileReply<T>(p2::refuse(error));
}

/// The method `name`, made by `make_with(Function found)` of the method `exported`.
template <class Function, class MakeWith>
Adapted making(const std::string& name, std::string exported, typename Function::Effect effect,
               MakeWith make_with) {
  return {.name = "[method]descriptor." + name,
          .stand_in = {},
          .make = [exported = std::move(exported), effect, make_with](
                      const ProviderRef& from,
                      const std::string& interface) -> Result<std::unique_ptr<HostFunction>> {
            return component::make_host_function(
                make_with(TRY(Function::find(from, descriptor_method(interface, exported), effect))));
          }};
}

/// Of the async one of that name.
template <class Function, class MakeWith>
Adapted making(const std::string& name, MakeWith make_with) {
  return making<Function>(name, name, Function::Effect::async, std::move(make_with));
}

/// An async method whose parameters are the same in both versions.
template <class T, class... A, class Convert = AsItIs>
Adapted asking(const std::string& name, Convert convert = {}) {
  using Function = NewMethod<T, A...>;
  return making<Function>(name, [convert](Function function) {
    return [function, convert](Caller& caller, OldHandle& self, A... arguments) {
      return ask<T, Convert, A...>(caller, self.share(), function, convert, std::move(arguments)...);
    };
  });
}

Adapted stat() {
  using Stat = NewMethod<p3::DescriptorStat>;
  return making<Stat>("stat", [](Stat stat) {
    return [stat](Caller& caller, OldHandle& self) {
      const auto convert = [&](const p3::DescriptorStat& found) { return to_old(found, stat.provider()); };
      return ask<p3::DescriptorStat, decltype(convert)>(caller, self.share(), stat, convert);
    };
  });
}

Adapted stat_at() {
  using Stat = NewMethod<p3::DescriptorStat, p3::PathFlags, std::string>;
  return making<Stat>("stat-at", [](Stat stat) {
    return [stat](Caller& caller, OldHandle& self, p3::PathFlags flags, std::string path) {
      const auto convert = [&](const p3::DescriptorStat& found) { return to_old(found, stat.provider()); };
      return ask<p3::DescriptorStat, decltype(convert), p3::PathFlags, std::string>(
          caller, self.share(), stat, convert, flags, std::move(path));
    };
  });
}

Adapted set_times() {
  using Set = NewMethod<void, p3::NewTimestamp, p3::NewTimestamp>;
  return making<Set>("set-times", [](Set set) {
    return [set](Caller& caller, OldHandle& self, p2::NewTimestamp accessed, p2::NewTimestamp modified) {
      const auto a = to_new(accessed), m = to_new(modified);
      if (!a || !m) return told(a ? m.error() : a.error());
      return ask<void, AsItIs, p3::NewTimestamp, p3::NewTimestamp>(caller, self.share(), set, {}, *a, *m);
    };
  });
}

Adapted set_times_at() {
  using Set = NewMethod<void, p3::PathFlags, std::string, p3::NewTimestamp, p3::NewTimestamp>;
  return making<Set>("set-times-at", [](Set set) {
    return [set](Caller& caller, OldHandle& self, p3::PathFlags flags, std::string path,
                 p2::NewTimestamp accessed, p2::NewTimestamp modified) {
      const auto a = to_new(accessed), m = to_new(modified);
      if (!a || !m) return told(a ? m.error() : a.error());
      return ask<void, AsItIs, p3::PathFlags, std::string, p3::NewTimestamp, p3::NewTimestamp>(
          caller, self.share(), set, {}, flags, std::move(path), *a, *m);
    };
  });
}

bool together(const NewFileRef& one, const NewFileRef& other) {
  return &one->object.tree() == &other->object.tree();
}

Adapted link_at() {
  using Link = NewMethod<void, p3::PathFlags, std::string, Lent<NewDescriptor>, std::string>;
  return making<Link>("link-at", [](Link link) {
    return [link](Caller& caller, OldHandle& self, p3::PathFlags flags, std::string path,
                  OldHandle& directory, std::string new_path) {
      if (!together(self.share(), directory.share())) return told(FsError::cross_device);
      return ask<void, AsItIs, p3::PathFlags, std::string, Lent<NewDescriptor>, std::string>(
          caller, self.share(), link, {}, flags, std::move(path), directory.share()->object,
          std::move(new_path));
    };
  });
}

Adapted rename_at() {
  using Rename = NewMethod<void, std::string, Lent<NewDescriptor>, std::string>;
  return making<Rename>("rename-at", [](Rename rename) {
    return [rename](Caller& caller, OldHandle& self, std::string path, OldHandle& directory,
                    std::string new_path) {
      if (!together(self.share(), directory.share())) return told(FsError::cross_device);
      return ask<void, AsItIs, std::string, Lent<NewDescriptor>, std::string>(
          caller, self.share(), rename, {}, std::move(path), directory.share()->object, std::move(new_path));
    };
  });
}

Adapted is_same_object() {
  using Same = ProviderFunction<bool(Lent<NewDescriptor>, Lent<NewDescriptor>)>;
  return making<Same>("is-same-object", [](Same same) {
    return [same](Caller& caller, OldHandle& self, OldHandle& other) -> Result<bool> {
      if (!together(self.share(), other.share())) return false;
      return same.call_in(self.share()->object.tree(), caller, self.share()->object, other.share()->object);
    };
  });
}

Adapted open_at() {
  using Open =
      NewMethod<Foreign<NewDescriptor>, p3::PathFlags, std::string, p3::OpenFlags, p3::DescriptorFlags>;
  return making<Open>("open-at", [](Open open) {
    return [open](Caller& caller, OldHandle& self, p3::PathFlags path_flags, std::string path,
                  p3::OpenFlags open_flags, p3::DescriptorFlags flags) -> Result<FileReply<OldHandlePtr>> {
      auto slot = caller.context<Context>().descriptors().take();
      if (!slot) return told<OldHandlePtr>(FsError::quota);
      const auto convert = [&](Foreign<NewDescriptor> opened) -> Result<OldHandlePtr> {
        return std::make_unique<OldHandle>(
            std::make_shared<NewFile>(self.share()->queue, *std::move(slot), std::move(opened)));
      };
      return ask<Foreign<NewDescriptor>, decltype(convert), p3::PathFlags, std::string, p3::OpenFlags,
                 p3::DescriptorFlags>(caller, self.share(), open, convert, path_flags, std::move(path),
                                      open_flags, flags);
    };
  });
}

// ---- contents

using ReadVia = ProviderFunction<Contents(Lent<NewDescriptor>, std::uint64_t)>;
using WriteVia =
    ProviderFunction<Future<NewOutcome>(Lent<NewDescriptor>, Stream<std::uint8_t>, std::uint64_t)>;
using AppendVia = ProviderFunction<Future<NewOutcome>(Lent<NewDescriptor>, Stream<std::uint8_t>)>;

/// What a future says of a stream that is over. One that is gone without a word belongs to a provider that
/// has ended: `io`.
awaitable<FsResult<>> outcome_of(FutureReader<NewOutcome>& future) {
  const auto said = co_await future.get();
  if (!said) co_return std::unexpected(FsError::io);
  if (!*said) co_return std::unexpected(core_error(said->error()));
  co_return FsResult<>{};
}

struct Piece {
  Bytes bytes;
  bool end = false;  ///< there was nothing more
};

/// Reads up to `most` bytes. Less only at the end.
awaitable<Result<FsResult<Piece>>> read_piece(Stream<std::uint8_t> stream, Future<NewOutcome> future,
                                              std::size_t most) {
  StreamReader<std::uint8_t> reader(std::move(stream));
  FutureReader<NewOutcome> outcome(std::move(future));
  Piece piece{.bytes = Bytes(most)};
  std::size_t filled = 0;
  while (filled < most) {
    const auto into = std::span(reinterpret_cast<std::uint8_t*>(piece.bytes.data()), most).subspan(filled);
    const auto count = CO_TRY(co_await reader.read(into));
    if (count == 0) break;
    filled += count;
  }
  piece.bytes.resize(filled);
  if (filled < most) {
    reader.close();
    const auto over = co_await outcome_of(outcome);
    // What came before the error is told first.
    if (!over && filled == 0) co_return FsResult<Piece>(std::unexpected(over.error()));
    piece.end = over.has_value() && filled == 0;
  }
  co_return FsResult<Piece>(std::move(piece));
}

using ReadReply = FileReply<std::tuple<Bytes, bool>>;

Adapted read() {
  return making<ReadVia>("read", "read-via-stream", ReadVia::Effect::sync, [](ReadVia open) {
    return [open](Caller& caller, OldHandle& self, std::uint64_t length,
                  std::uint64_t offset) -> Result<ReadReply> {
      if (length == 0) return ReadReply(std::tuple(Bytes(), false));
      auto [stream, outcome] =
          TRY(open.call_in(self.share()->object.tree(), caller, self.share()->object, offset));
      auto piece =
          TRY(caller.await(read_piece(std::move(stream), std::move(outcome),
                                      static_cast<std::size_t>(std::min<std::uint64_t>(length, kMaxRead)))));
      if (!piece) return ReadReply(p2::refuse(piece.error()));
      return ReadReply(std::tuple(std::move(piece->bytes), piece->end));
    };
  });
}

/// Writes all of `bytes` to the stream's other end: how many it took, or why not.
awaitable<Result<FsResult<std::uint64_t>>> write_piece(StreamWriter<std::uint8_t>& writer,
                                                       FutureReader<NewOutcome>& future,
                                                       std::span<std::uint8_t> bytes) {
  std::uint64_t count = 0;
  while (count < bytes.size()) {
    const auto taken = co_await writer.write(bytes.subspan(count));
    if (!taken) co_return std::unexpected(taken.error());
    if (*taken == 0) break;
    count += *taken;
  }
  writer.close();
  const auto over = co_await outcome_of(future);
  if (!over) co_return FsResult<std::uint64_t>(std::unexpected(over.error()));
  if (count == 0 && !bytes.empty()) co_return FsResult<std::uint64_t>(std::unexpected(FsError::io));
  co_return FsResult<std::uint64_t>(count);
}

Adapted write() {
  return making<WriteVia>("write", "write-via-stream", WriteVia::Effect::sync, [](WriteVia open) {
    return [open](Caller& caller, OldHandle& self, ByteView bytes,
                  std::uint64_t offset) -> Result<FileReply<std::uint64_t>> {
      // More is a short write.
      const auto* const from = reinterpret_cast<const std::uint8_t*>(bytes.data());
      std::vector<std::uint8_t> piece(from, from + std::min(bytes.size(), kMaxRead));
      StreamWriter<std::uint8_t> writer;
      FutureReader<NewOutcome> outcome(TRY(open.call_in(self.share()->object.tree(), caller,
                                                        self.share()->object, writer.readable(), offset)));
      const auto written = TRY(caller.await(write_piece(writer, outcome, piece)));
      if (!written) return FileReply<std::uint64_t>(p2::refuse(written.error()));
      return FileReply<std::uint64_t>(*written);
    };
  });
}

StreamEnd failed(FsError code) {
  return {std::make_unique<Failure>(std::string(fs_error_name(code)), std::any(code))};
}

/// A stream of the provider's, of which a piece is read when somebody waits for it.
class ContentsPuller final : public Puller {
 public:
  ContentsPuller(NewFileRef file, Contents contents)
      : file_(std::move(file)),
        reader_(std::move(std::get<0>(contents))),
        outcome_(std::move(std::get<1>(contents))) {}

  awaitable<StreamResult<Bytes>> pull(std::size_t most) override {
    Bytes bytes(most);
    const auto count =
        co_await reader_.read(std::span(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()));
    if (!count) co_return std::unexpected(failed(FsError::io));
    if (*count == 0) {
      if (!reader_.dropped()) co_return ended();  // given up
      const auto over = co_await outcome_of(outcome_);
      if (!over) co_return std::unexpected(failed(over.error()));
      co_return ended();
    }
    bytes.resize(*count);
    co_return bytes;
  }

 private:
  NewFileRef file_;
  StreamReader<std::uint8_t> reader_;
  FutureReader<NewOutcome> outcome_;
};

Adapted read_via_stream() {
  return making<ReadVia>("read-via-stream", "read-via-stream", ReadVia::Effect::sync, [](ReadVia open) {
    return [open](Caller& caller, OldHandle& self,
                  std::uint64_t offset) -> Result<FileReply<std::unique_ptr<p2::InputStream>>> {
      auto slot = caller.context<Context>().file_streams().take();
      if (!slot) return told<std::unique_ptr<p2::InputStream>>(FsError::quota);
      auto contents = TRY(open.call_in(self.share()->object.tree(), caller, self.share()->object, offset));
      auto puller = std::make_shared<ContentsPuller>(self.share(), std::move(contents));
      return std::make_unique<p2::InputStream>(
          std::make_shared<AskedSource>(caller.loop(), std::move(puller)), p2::ChildToken(),
          *std::move(slot));
    };
  });
}

/// Writes each piece by a call of its own, so that it is in the file when the next one begins.
class PiecePusher final : public Pusher {
 public:
  PiecePusher(NewFileRef file, WriteVia write, std::uint64_t offset)
      : file_(std::move(file)), write_(std::move(write)), offset_(offset) {}
  PiecePusher(NewFileRef file, AppendVia append) : file_(std::move(file)), append_(std::move(append)) {}

  awaitable<StreamResult<>> push(Bytes bytes) override {
    auto rest = std::span(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size());
    while (!rest.empty()) {
      StreamWriter<std::uint8_t> writer;
      auto begun = co_await begin(writer);
      if (!begun) {
        file_->queue->report(begun.error(), fmt::format("{}#[method]descriptor.{}-via-stream", kNewFiles,
                                                        write_ ? "write" : "append"));
        co_return std::unexpected(failed(FsError::io));
      }
      FutureReader<NewOutcome> outcome(*std::move(begun));
      const auto written = co_await write_piece(writer, outcome, rest);
      if (!written) co_return std::unexpected(failed(FsError::io));
      if (!*written) co_return std::unexpected(failed(written->error()));
      offset_ += **written;
      rest = rest.subspan(**written);
    }
    co_return StreamResult<>{};
  }

 private:
  awaitable<Result<Future<NewOutcome>>> begin(StreamWriter<std::uint8_t>& writer) {
    if (write_) co_return co_await file_->queue->call(*write_, file_->object, writer.readable(), offset_);
    co_return co_await file_->queue->call(*append_, file_->object, writer.readable());
  }

  NewFileRef file_;
  std::optional<WriteVia> write_;
  std::optional<AppendVia> append_;
  std::uint64_t offset_ = 0;
};

using OutputReply = FileReply<std::unique_ptr<p2::OutputStream>>;

template <class... A>
Result<OutputReply> output(Caller& caller, const A&... pusher) {
  auto slot = caller.context<Context>().file_streams().take();
  if (!slot) return OutputReply(p2::refuse(FsError::quota));
  return OutputReply(std::make_unique<p2::OutputStream>(
      std::make_shared<AskedSink>(caller.loop(), std::make_shared<PiecePusher>(pusher...)), p2::ChildToken(),
      *std::move(slot)));
}

Adapted write_via_stream() {
  return making<WriteVia>("write-via-stream", "write-via-stream", WriteVia::Effect::sync, [](WriteVia open) {
    return [open](Caller& caller, OldHandle& self, std::uint64_t offset) {
      return output(caller, self.share(), open, offset);
    };
  });
}

Adapted append_via_stream() {
  return making<AppendVia>(
      "append-via-stream", "append-via-stream", AppendVia::Effect::sync, [](AppendVia open) {
        return [open](Caller& caller, OldHandle& self) { return output(caller, self.share(), open); };
      });
}

// ---- entries

/// wasi:filesystem/types.directory-entry-stream.
class OldEntries final : public component::HostResource {
 public:
  OldEntries(NewFileRef file, Entries entries, Quota::Slot slot)
      : file_(std::move(file)),
        slot_(std::move(slot)),
        reader_(std::move(std::get<0>(entries))),
        outcome_(std::move(std::get<1>(entries))) {}

  [[nodiscard]] awaitable<Result<FsResult<std::optional<p2::EntryRecord>>>> next() {
    using Found = std::optional<p2::EntryRecord>;
    if (over_) co_return Found();
    p3::EntryRecord entry;
    const auto count = CO_TRY(co_await reader_.read(std::span(&entry, 1)));
    if (count == 1) co_return Found(to_old(std::move(entry)));
    over_ = true;
    reader_.close();
    const auto said = co_await outcome_of(outcome_);
    if (!said) co_return FsResult<Found>(std::unexpected(said.error()));
    co_return Found();
  }

 private:
  NewFileRef file_;
  Quota::Slot slot_;
  StreamReader<p3::EntryRecord> reader_;
  FutureReader<NewOutcome> outcome_;
  bool over_ = false;
};

Adapted read_directory() {
  using List = ProviderFunction<Entries(Lent<NewDescriptor>)>;
  return making<List>("read-directory", "read-directory", List::Effect::sync, [](List list) {
    return [list](Caller& caller, OldHandle& self) -> Result<FileReply<std::unique_ptr<OldEntries>>> {
      auto slot = caller.context<Context>().file_streams().take();
      if (!slot) return told<std::unique_ptr<OldEntries>>(FsError::quota);
      auto entries = TRY(list.call_in(self.share()->object.tree(), caller, self.share()->object));
      return std::make_unique<OldEntries>(self.share(), std::move(entries), *std::move(slot));
    };
  });
}

Result<FileReply<std::optional<p2::EntryRecord>>> next_entry(Caller& caller, OldEntries& self) {
  using Reply = FileReply<std::optional<p2::EntryRecord>>;
  auto next = TRY(caller.await(self.next()));
  if (!next) return Reply(p2::refuse(next.error()));
  return Reply(std::move(*next));
}

std::optional<p2::FileErrorCode> code_of(Caller&, p2::IoError& error) {
  const auto* const code = error.failure().as<FsError>();
  if (code == nullptr) return std::nullopt;
  return static_cast<p2::FileErrorCode>(*code);
}

}  // namespace

component::Bridge files_over_0_3() {
  using p3::Advice;
  using p3::DescriptorFlags;
  using p3::PathFlags;
  const auto type = [](const p3::DescriptorType& found) -> Result<p2::DescriptorType> {
    return p2::descriptor_type(core_type(found));
  };
  auto bridge = adapt(std::string(kOldFiles), std::string(kNewFiles),
                      {read(),
                       write(),
                       read_via_stream(),
                       write_via_stream(),
                       append_via_stream(),
                       read_directory(),
                       of_bridge("[method]directory-entry-stream.read-directory-entry", next_entry),
                       of_bridge("filesystem-error-code", code_of),
                       asking<void, std::uint64_t, std::uint64_t, Advice>("advise"),
                       asking<void>("sync-data"),
                       asking<void>("sync"),
                       asking<DescriptorFlags>("get-flags"),
                       asking<p3::DescriptorType>("get-type", type),
                       asking<void, std::uint64_t>("set-size"),
                       set_times(),
                       stat(),
                       is_same_object(),
                       asking<p3::MetadataHash>("metadata-hash"),
                       asking<void, std::string>("create-directory-at"),
                       stat_at(),
                       set_times_at(),
                       link_at(),
                       open_at(),
                       asking<std::string, std::string>("readlink-at"),
                       asking<void, std::string>("remove-directory-at"),
                       rename_at(),
                       asking<void, std::string, std::string>("symlink-at"),
                       asking<void, std::string>("unlink-file-at"),
                       asking<p3::MetadataHash, PathFlags, std::string>("metadata-hash-at")});
  bridge.defines = NewDescriptor::kName;
  bridge.resources = {{"descriptor", component::host_type_tag<OldHandle>()},
                      {"directory-entry-stream", component::host_type_tag<OldEntries>()},
                      {"input-stream", component::host_type_tag<p2::InputStream>()},
                      {"output-stream", component::host_type_tag<p2::OutputStream>()},
                      {"error", component::host_type_tag<p2::IoError>()}};
  return bridge;
}

Result<std::unique_ptr<HostFunction>> folders_over_0_3(const ProviderRef& from,
                                                       const std::string& interface) {
  using Get = ProviderFunction<std::vector<std::tuple<Foreign<NewDescriptor>, std::string>>()>;
  using Folders = std::vector<std::tuple<OldHandlePtr, std::string>>;
  return component::make_host_function([get = TRY(Get::find(from, {interface, "get-directories"}))](
                                           Caller& caller) -> Result<Folders> {
    const auto tree = TRY(get.tree(caller));
    auto given = TRY(get.call_in(*tree, caller));
    auto& session = get.session(caller);
    // What moves its streams may crash when nobody calls.
    session.watch(*tree, get.share_provider());
    const auto queue = ProviderQueue::of(session, tree, get.share_provider());
    Folders all;
    for (auto& [object, path] : given) {
      auto slot = caller.context<Context>().descriptors().take();
      if (!slot) return fail(Errc::trap_limit, "more open descriptors than this guest may hold");
      all.emplace_back(
          std::make_unique<OldHandle>(std::make_shared<NewFile>(queue, *std::move(slot), std::move(object))),
          std::move(path));
    }
    return all;
  });
}

}  // namespace wisp::wasi::bridge
