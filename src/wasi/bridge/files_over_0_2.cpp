#include "wasi/bridge/files_over_0_2.hpp"

#include "component/link/channels.hpp"
#include "component/link/provider_queue.hpp"
#include "wasi/bridge/asked_stream.hpp"
#include "wasi/bridge/file_types.hpp"
#include "wasi/bridge/provided_file.hpp"
#include "wasi/bridge/provider_streams.hpp"
#include "wasi/context.hpp"
#include "wasi/p3/byte_flow.hpp"
#include "wasi/p3/wait.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <array>
#include <span>

namespace wisp::wasi::bridge {

using boost::asio::awaitable;
using component::Caller;
using component::Foreign;
using component::Future;
using component::FutureWriter;
using component::HostFunction;
using component::Lent;
using component::ProviderFunction;
using component::ProviderQueue;
using component::ProviderRef;
using component::Stream;
using component::StreamWriter;
using p3::FileReply;

namespace {

using OldFile = ProvidedFile<OldDescriptor>;
using OldFileRef = std::shared_ptr<OldFile>;
/// wasi:filesystem/types.descriptor of 0.3.
using NewHandle = FileHandle<OldDescriptor>;
using NewHandlePtr = std::unique_ptr<NewHandle>;

std::string export_name(std::string_view name) {
  return fmt::format("{}#[method]descriptor.{}", kOldFiles, name);
}

// ---- calls

/// A method of the provider's descriptors that can fail.
template <class T, class... A>
using OldMethod = ProviderFunction<p2::FileReply<T>(Lent<OldDescriptor>, A...)>;

template <class T, class Convert, class... A>
awaitable<Result<FileReply<typename Told<T, Convert>::Value>>> ask(OldFileRef file,
                                                                   OldMethod<T, A...> function,
                                                                   Convert convert,
                                                                   std::type_identity_t<A>... arguments) {
  using Reply = FileReply<typename Told<T, Convert>::Value>;
  auto said = co_await file->queue->call(function, file->object, std::move(arguments)...);
  if (!said) co_return std::unexpected(std::move(said).error());
  if (!*said) co_return Reply(p3::refuse(core_error(said->error())));
  if constexpr (std::is_void_v<T>) {
    co_return Reply();
  } else {
    auto value = convert(std::move(**said));
    if (!value) co_return std::unexpected(std::move(value).error());
    co_return Reply(*std::move(value));
  }
}

template <class T>
using Later = component::Eventually<FileReply<T>>;
template <class T = void>
Later<T> at_once(FsError error) {
  return Result<FileReply<T>>(FileReply<T>(p3::refuse(error)));
}

/// A method whose parameters are the same in both versions.
template <class T, class... A, class Convert = AsItIs>
Adapted asking(std::string name, Convert convert = {}) {
  return {.name = "[method]descriptor." + name,
          .stand_in = {},
          .make = [name, convert](const ProviderRef& from,
                                  const std::string& interface) -> Result<std::unique_ptr<HostFunction>> {
            auto function = TRY((OldMethod<T, A...>::find(from, descriptor_method(interface, name))));
            return component::make_async_host_function(
                [function = std::move(function), convert](Caller&, NewHandle& self, A... arguments) {
                  return ask<T, Convert, A...>(self.share(), function, convert, std::move(arguments)...);
                });
          }};
}

/// A function made by `make_with(Function found)`.
template <class Function, class MakeWith>
Adapted making(std::string name, MakeWith make_with) {
  return {.name = "[method]descriptor." + name,
          .stand_in = {},
          .make = [name, make_with](const ProviderRef& from,
                                    const std::string& interface) -> Result<std::unique_ptr<HostFunction>> {
            return component::make_async_host_function(
                make_with(TRY(Function::find(from, descriptor_method(interface, name)))));
          }};
}

Adapted stat_at() {
  using Stat = OldMethod<p2::DescriptorStat, p3::PathFlags, std::string>;
  return making<Stat>("stat-at", [](Stat stat) {
    return [stat](Caller&, NewHandle& self, p3::PathFlags flags, std::string path) {
      const auto convert = [provider = stat.share_provider()](const p2::DescriptorStat& old) {
        return to_new(old, *provider);
      };
      return ask<p2::DescriptorStat, decltype(convert), p3::PathFlags, std::string>(
          self.share(), stat, convert, flags, std::move(path));
    };
  });
}

Adapted stat() {
  using Stat = OldMethod<p2::DescriptorStat>;
  return making<Stat>("stat", [](Stat stat) {
    return [stat](Caller&, NewHandle& self) {
      const auto convert = [provider = stat.share_provider()](const p2::DescriptorStat& old) {
        return to_new(old, *provider);
      };
      return ask<p2::DescriptorStat, decltype(convert)>(self.share(), stat, convert);
    };
  });
}

Adapted set_times() {
  using Set = OldMethod<void, p2::NewTimestamp, p2::NewTimestamp>;
  return making<Set>("set-times", [](Set set) {
    return
        [set](Caller&, NewHandle& self, p3::NewTimestamp accessed, p3::NewTimestamp modified) -> Later<void> {
          const auto a = to_old(accessed), m = to_old(modified);
          if (!a || !m) return at_once(a ? m.error() : a.error());
          return ask<void, AsItIs, p2::NewTimestamp, p2::NewTimestamp>(self.share(), set, {}, *a, *m);
        };
  });
}

Adapted set_times_at() {
  using Set = OldMethod<void, p3::PathFlags, std::string, p2::NewTimestamp, p2::NewTimestamp>;
  return making<Set>("set-times-at", [](Set set) {
    return [set](Caller&, NewHandle& self, p3::PathFlags flags, std::string path, p3::NewTimestamp accessed,
                 p3::NewTimestamp modified) -> Later<void> {
      const auto a = to_old(accessed), m = to_old(modified);
      if (!a || !m) return at_once(a ? m.error() : a.error());
      return ask<void, AsItIs, p3::PathFlags, std::string, p2::NewTimestamp, p2::NewTimestamp>(
          self.share(), set, {}, flags, std::move(path), *a, *m);
    };
  });
}

bool together(const OldFileRef& one, const OldFileRef& other) {
  return &one->object.tree() == &other->object.tree();
}

Adapted link_at() {
  using Link = OldMethod<void, p3::PathFlags, std::string, Lent<OldDescriptor>, std::string>;
  return making<Link>("link-at", [](Link link) {
    return [link](Caller&, NewHandle& self, p3::PathFlags flags, std::string path, NewHandle& directory,
                  std::string new_path) -> Later<void> {
      if (!together(self.share(), directory.share())) return at_once(FsError::cross_device);
      return ask<void, AsItIs, p3::PathFlags, std::string, Lent<OldDescriptor>, std::string>(
          self.share(), link, {}, flags, std::move(path), directory.share()->object, std::move(new_path));
    };
  });
}

Adapted rename_at() {
  using Rename = OldMethod<void, std::string, Lent<OldDescriptor>, std::string>;
  return making<Rename>("rename-at", [](Rename rename) {
    return [rename](Caller&, NewHandle& self, std::string path, NewHandle& directory,
                    std::string new_path) -> Later<void> {
      if (!together(self.share(), directory.share())) return at_once(FsError::cross_device);
      return ask<void, AsItIs, std::string, Lent<OldDescriptor>, std::string>(
          self.share(), rename, {}, std::move(path), directory.share()->object, std::move(new_path));
    };
  });
}

using Same = ProviderFunction<bool(Lent<OldDescriptor>, Lent<OldDescriptor>)>;

awaitable<Result<bool>> is_same(OldFileRef one, OldFileRef other, Same same) {
  co_return co_await one->queue->call(same, one->object, other->object);
}

Adapted is_same_object() {
  return making<Same>("is-same-object", [](Same same) {
    return [same](Caller&, NewHandle& self, NewHandle& other) -> component::Eventually<bool> {
      if (!together(self.share(), other.share())) return Result<bool>(false);
      return is_same(self.share(), other.share(), same);
    };
  });
}

Adapted open_at() {
  using Open =
      OldMethod<Foreign<OldDescriptor>, p3::PathFlags, std::string, p3::OpenFlags, p3::DescriptorFlags>;
  return making<Open>("open-at", [](Open open) {
    return [open](Caller& caller, NewHandle& self, p3::PathFlags path_flags, std::string path,
                  p3::OpenFlags open_flags, p3::DescriptorFlags flags) -> Later<NewHandlePtr> {
      auto slot = caller.context<Context>().descriptors().take();
      if (!slot) return at_once<NewHandlePtr>(FsError::quota);
      auto convert = [queue = self.share()->queue, slot = std::make_shared<Quota::Slot>(*std::move(slot))](
                         Foreign<OldDescriptor> opened) -> Result<NewHandlePtr> {
        return std::make_unique<NewHandle>(
            std::make_shared<OldFile>(queue, std::move(*slot), std::move(opened)));
      };
      return ask<Foreign<OldDescriptor>, decltype(convert), p3::PathFlags, std::string, p3::OpenFlags,
                 p3::DescriptorFlags>(self.share(), open, std::move(convert), path_flags, std::move(path),
                                      open_flags, flags);
    };
  });
}

// ---- contents

using Contents = std::tuple<Stream<std::uint8_t>, Future<FileReply<>>>;

Future<FileReply<>> refused(FsError error) { return component::ready_future<FileReply<>>(p3::refuse(error)); }

StreamEnd end_of(FsError error) {
  return {std::make_unique<Failure>(std::string(fs_error_name(error)), std::any(error))};
}

/// Opens a stream of the provider's.
template <class H, class... A>
class Opening {
 public:
  using Function = OldMethod<H, A...>;
  Opening(OldFileRef file, Function function, std::string name, A... arguments)
      : file_(std::move(file)),
        function_(std::move(function)),
        name_(std::move(name)),
        arguments_(std::move(arguments)...) {}

  /// By a coroutine that keeps this.
  [[nodiscard]] awaitable<StreamResult<>> open() {
    auto said = co_await std::apply(
        [&](const A&... each) { return queue()->call(function_, file_->object, each...); }, arguments_);
    if (!said) co_return gone(*queue(), said.error(), export_name(name_));
    if (!*said) co_return std::unexpected(end_of(core_error(said->error())));
    stream_.emplace(std::move(**said));
    co_return StreamResult<>{};
  }
  /// Once it is open.
  [[nodiscard]] H& stream() noexcept { return *stream_; }
  [[nodiscard]] const Queue& queue() const noexcept { return file_->queue; }

 private:
  OldFileRef file_;
  Function function_;
  std::string name_;
  std::tuple<A...> arguments_;
  std::optional<H> stream_;
};

template <class H>
class FilePuller final : public Puller {
 public:
  FilePuller(Opening<H, std::uint64_t> opening, Reading<H> reading)
      : opening_(std::move(opening)), reading_(std::move(reading)) {}
  awaitable<StreamResult<>> open() override { return opening_.open(); }
  awaitable<StreamResult<Bytes>> pull(std::size_t most) override {
    co_return co_await reading_.read(opening_.queue(), opening_.stream(), most);
  }

 private:
  Opening<H, std::uint64_t> opening_;
  Reading<H> reading_;
};

template <class H, class... A>
class FilePusher final : public Pusher {
 public:
  FilePusher(Opening<H, A...> opening, Writing<H> writing)
      : opening_(std::move(opening)), writing_(std::move(writing)) {}
  awaitable<StreamResult<>> open() override { return opening_.open(); }
  awaitable<StreamResult<>> push(Bytes bytes) override {
    co_return co_await writing_.write(opening_.queue(), opening_.stream(), bytes);
  }

 private:
  Opening<H, A...> opening_;
  Writing<H> writing_;
};

template <class H>
Result<std::unique_ptr<HostFunction>> read_with(const ProviderRef& from, const std::string& interface) {
  using Open = OldMethod<H, std::uint64_t>;
  return component::make_host_function(
      [open = TRY(Open::find(from, descriptor_method(interface, "read-via-stream"))),
       reading = TRY(Reading<H>::find(from))](Caller& caller, NewHandle& self,
                                              std::uint64_t offset) -> Contents {
        auto slot = caller.context<Context>().file_streams().take();
        // The writer of such a stream goes with this call, so the stream is at its end.
        if (!slot) return {StreamWriter<std::uint8_t>().readable(), refused(FsError::quota)};
        const auto result = std::make_shared<FutureWriter<FileReply<>>>();
        auto future = result->readable();
        auto source = std::make_shared<AskedSource>(
            caller.loop(),
            std::make_shared<FilePuller<H>>(
                Opening<H, std::uint64_t>(self.share(), open, "read-via-stream", offset), reading));
        // Some wait for the outcome first.
        source->open([result](const StreamEnd& end) { result->write(outcome_of(end)); });
        auto stream =
            p3::flow_from(std::move(source), *std::move(slot), [result](const StreamResult<>& over) {
              result->write(over ? FileReply<>() : outcome_of(over.error()));
            });
        return {std::move(stream), std::move(future)};
      });
}

template <class H, class... A>
Result<std::unique_ptr<HostFunction>> write_with(const ProviderRef& from, const std::string& interface,
                                                 const std::string& name) {
  using Open = OldMethod<H, A...>;
  return component::make_host_function([open = TRY(Open::find(from, descriptor_method(interface, name))),
                                        writing = TRY(Writing<H>::find(from)),
                                        name](Caller& caller, NewHandle& self, Stream<std::uint8_t> data,
                                              A... where) -> Future<FileReply<>> {
    auto slot = caller.context<Context>().file_streams().take();
    if (!slot) return refused(FsError::quota);
    FutureWriter<FileReply<>> result;
    auto future = result.readable();
    auto pusher =
        std::make_shared<FilePusher<H, A...>>(Opening<H, A...>(self.share(), open, name, where...), writing);
    auto sink = std::make_shared<AskedSink>(caller.loop(), std::move(pusher));
    sink->open();
    p3::flow_to(caller.loop(), std::move(data), std::move(sink), *std::move(slot),
                [result = std::move(result)](const StreamResult<>& over) mutable {
                  result.write(over ? FileReply<>() : outcome_of(over.error()));
                });
    return future;
  });
}

Result<std::unique_ptr<HostFunction>> read_contents(const ProviderRef& from, const std::string& interface) {
  if (owns<OldInputStream>(from)) return read_with<Foreign<OldInputStream>>(from, interface);
  return read_with<std::unique_ptr<p2::InputStream>>(from, interface);
}

template <class... A>
Adapted::Make write_contents(std::string name) {
  return
      [name](const ProviderRef& from, const std::string& interface) -> Result<std::unique_ptr<HostFunction>> {
        if (owns<OldOutputStream>(from))
          return write_with<Foreign<OldOutputStream>, A...>(from, interface, name);
        return write_with<std::unique_ptr<p2::OutputStream>, A...>(from, interface, name);
      };
}

// ---- entries

struct EntryCalls {
  using List = OldMethod<Foreign<OldEntryStream>>;
  using Next = ProviderFunction<p2::FileReply<std::optional<p2::EntryRecord>>(Lent<OldEntryStream>)>;
  List list;
  Next next;
};

/// Reads a directory into a stream, when somebody waits for entries. Ends with its reader.
class EntryFlow final : private Waiter {
 public:
  EntryFlow(OldFileRef file, EntryCalls calls, Quota::Slot slot)
      : file_(std::move(file)), calls_(std::move(calls)), slot_(std::move(slot)) {
    dropping_.link(writer_.dropping(), *this);
  }

  [[nodiscard]] Stream<p3::EntryRecord> stream() { return writer_.readable(); }
  [[nodiscard]] Future<FileReply<>> result() { return result_.readable(); }

  static void start(boost::asio::io_context& loop, const std::shared_ptr<EntryFlow>& flow) {
    const auto slot = flow->stop_.slot();
    // The handler keeps the signal until it is called, which is after the coroutine has gone.
    boost::asio::co_spawn(loop, run(flow),
                          boost::asio::bind_cancellation_slot(slot, [flow](const std::exception_ptr&) {}));
  }

 private:
  /// What is asked for at a time.
  static constexpr std::uint32_t kBatch = 64;
  /// Bytes of one name, and of names after which a batch ends.
  static constexpr std::size_t kNames = kMaxRead;

  void wake() noexcept override { stop_.emit(boost::asio::cancellation_type::terminal); }

  static awaitable<void> run(std::shared_ptr<EntryFlow> flow) {
    // The outcome is told in any case.
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    auto outcome = co_await flow->pass_on();
    flow->dropping_.unlink();
    flow->writer_.close();
    flow->entries_ = {};
    flow->result_.write(std::move(outcome));
  }

  /// False: there is no reader any more.
  [[nodiscard]] awaitable<bool> wanted() {
    while (!writer_.dropped() && !writer_.wanted()) {
      SignalLink offering;
      offering.link(writer_.offering(), alarm_);
      if (!co_await alarm_.wait()) break;
    }
    co_return !writer_.dropped();
  }

  [[nodiscard]] awaitable<FileReply<>> pass_on() {
    auto opened = co_await file_->queue->call(calls_.list, file_->object);
    if (!opened) co_return crashed(opened.error(), export_name("read-directory"));
    if (!*opened) co_return p3::refuse(core_error(opened->error()));
    entries_ = std::move(**opened);
    while (co_await wanted()) {
      std::vector<p3::EntryRecord> batch;
      const auto most = std::clamp(writer_.room(), 1U, kBatch);
      auto end = co_await read(batch, most);
      const auto written = co_await writer_.write_all(std::span(batch));
      if (!written || !*written) break;
      if (end) co_return *std::move(end);
    }
    // Nobody wants to know more.
    co_return FileReply<>();
  }

  /// How the directory has ended, if it has.
  [[nodiscard]] awaitable<std::optional<FileReply<>>> read(std::vector<p3::EntryRecord>& batch,
                                                           std::uint32_t most) {
    std::size_t names = 0;
    while (batch.size() < most && names < kNames) {
      auto next = co_await file_->queue->call(calls_.next, entries_);
      if (!next)
        co_return crashed(next.error(),
                          fmt::format("{}#[method]directory-entry-stream.read-directory-entry", kOldFiles));
      if (!*next) co_return p3::refuse(core_error(next->error()));
      if (!**next) co_return FileReply<>();
      auto& entry = ***next;
      if (entry.name.size() > kNames) co_return p3::refuse(FsError::io);
      names += entry.name.size();
      batch.push_back(to_new(std::move(entry)));
    }
    co_return std::nullopt;
  }

  FileReply<> crashed(const Error& error, const std::string& what) {
    file_->queue->report(error, what);
    return p3::refuse(FsError::io);
  }

  OldFileRef file_;
  EntryCalls calls_;
  Quota::Slot slot_;
  StreamWriter<p3::EntryRecord> writer_;
  FutureWriter<FileReply<>> result_;
  Foreign<OldEntryStream> entries_;
  p3::Alarm alarm_;
  SignalLink dropping_;
  boost::asio::cancellation_signal stop_;
};

Result<std::unique_ptr<HostFunction>> read_directory(const ProviderRef& from, const std::string& interface) {
  EntryCalls calls {
    .list = TRY(EntryCalls::List::find(from, descriptor_method(interface, "read-directory")))
    , .next = TRY(
          EntryCalls::Next::find(from, {interface, "[method]directory-entry-stream.read-directory-entry"}))
  };
  using Entries = std::tuple<Stream<p3::EntryRecord>, Future<FileReply<>>>;
  return component::make_host_function(
      [calls = std::move(calls)](Caller& caller, NewHandle& self) -> Entries {
        auto slot = caller.context<Context>().file_streams().take();
        if (!slot) return {StreamWriter<p3::EntryRecord>().readable(), refused(FsError::quota)};
        auto flow = std::make_shared<EntryFlow>(self.share(), calls, *std::move(slot));
        Entries both{flow->stream(), flow->result()};
        EntryFlow::start(caller.loop(), flow);
        return both;
      });
}

}  // namespace

component::Bridge files_over_0_2() {
  using p3::Advice;
  using p3::DescriptorFlags;
  using p3::PathFlags;
  const auto type = [](p2::DescriptorType old) -> Result<p3::DescriptorType> {
    return p3::descriptor_type(static_cast<FileType>(old));
  };
  const auto named = [](std::string name, Adapted::Make make) {
    return Adapted{.name = "[method]descriptor." + name, .stand_in = {}, .make = std::move(make)};
  };
  auto bridge = adapt(std::string(kNewFiles), std::string(kOldFiles),
                      {named("read-via-stream", read_contents),
                       named("write-via-stream", write_contents<std::uint64_t>("write-via-stream")),
                       named("append-via-stream", write_contents<>("append-via-stream")),
                       named("read-directory", read_directory),
                       asking<void, std::uint64_t, std::uint64_t, Advice>("advise"),
                       asking<void>("sync-data"),
                       asking<void>("sync"),
                       asking<DescriptorFlags>("get-flags"),
                       asking<p2::DescriptorType>("get-type", type),
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
  bridge.defines = OldDescriptor::kName;
  bridge.resources = {{"descriptor", component::host_type_tag<NewHandle>()}};
  return bridge;
}

Result<std::unique_ptr<HostFunction>> folders_over_0_2(const ProviderRef& from,
                                                       const std::string& interface) {
  using Get = ProviderFunction<std::vector<std::tuple<Foreign<OldDescriptor>, std::string>>()>;
  using Folders = std::vector<std::tuple<NewHandlePtr, std::string>>;
  return component::make_host_function([get = TRY(Get::find(from, {interface, "get-directories"}))](
                                           Caller& caller) -> Result<Folders> {
    const auto tree = TRY(get.tree(caller));
    auto given = TRY(get.call_in(*tree, caller));
    const auto queue = ProviderQueue::of(get.session(caller), tree, get.share_provider());
    Folders all;
    for (auto& [object, path] : given) {
      auto slot = caller.context<Context>().descriptors().take();
      if (!slot) return fail(Errc::trap_limit, "more open descriptors than this guest may hold");
      all.emplace_back(
          std::make_unique<NewHandle>(std::make_shared<OldFile>(queue, *std::move(slot), std::move(object))),
          std::move(path));
    }
    return all;
  });
}

}  // namespace wisp::wasi::bridge
