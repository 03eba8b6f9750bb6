#include "wasi/bridge/stdio.hpp"

#include "wasi/bridge/adapter.hpp"
#include "wasi/bridge/asked_stream.hpp"
#include "wasi/bridge/provider_streams.hpp"
#include "wasi/bridge/stream_sink.hpp"
#include "wasi/bridge/stream_source.hpp"
#include "wasi/p2/resources.hpp"
#include "wasi/p3/stdio.hpp"

namespace wisp::wasi::bridge {

using component::Caller;
using component::HostFunction;
using component::ProviderFunction;
using component::ProviderRef;
using p3::StdioFuture;
using p3::StdioStream;

namespace {

using Both = std::tuple<StdioStream, StdioFuture>;

// ---- 0.3 over 0.2: the handle lives as long as the flow.

using component::Foreign;
using component::ProviderQueue;

/// Streams that the provider defines.
class OwnPuller final : public Puller {
 public:
  OwnPuller(Queue queue, Foreign<OldInputStream> stream, Reading<Foreign<OldInputStream>> reading)
      : queue_(std::move(queue)), stream_(std::move(stream)), reading_(std::move(reading)) {}
  boost::asio::awaitable<StreamResult<Bytes>> pull(std::size_t most) override {
    return reading_.read(queue_, stream_, most);
  }

 private:
  Queue queue_;
  Foreign<OldInputStream> stream_;
  Reading<Foreign<OldInputStream>> reading_;
};

class OwnPusher final : public Pusher {
 public:
  OwnPusher(Queue queue, Foreign<OldOutputStream> stream, Writing<Foreign<OldOutputStream>> writing)
      : queue_(std::move(queue)), stream_(std::move(stream)), writing_(std::move(writing)) {}
  boost::asio::awaitable<StreamResult<>> push(Bytes bytes) override {
    co_return co_await writing_.write(queue_, stream_, bytes);
  }

 private:
  Queue queue_;
  Foreign<OldOutputStream> stream_;
  Writing<Foreign<OldOutputStream>> writing_;
};

/// Kept with the caller: what was read for one stream and not taken is there for the next.
struct OwnInput {
  std::shared_ptr<component::Tree> tree;
  std::shared_ptr<AskedSource> source;
};

Result<std::unique_ptr<HostFunction>> read_own(const ProviderRef& from, const std::string& interface) {
  using Get = ProviderFunction<Foreign<OldInputStream>()>;
  auto get = TRY(Get::find(from, {interface, "get-stdin"}));
  auto reading = TRY(Reading<Foreign<OldInputStream>>::find(from));
  return component::make_host_function([get = std::move(get),
                                        reading = std::move(reading)](Caller& caller) -> Result<Both> {
    const auto tree = TRY(get.tree(caller));
    auto& kept = get.session(caller).kept();
    auto input = std::static_pointer_cast<OwnInput>(kept);
    if (input == nullptr || input->tree != tree) {
      auto puller = std::make_shared<OwnPuller>(std::make_shared<ProviderQueue>(tree, get.share_provider()),
                                                TRY(get.call_in(*tree, caller)), reading);
      input =
          std::make_shared<OwnInput>(tree, std::make_shared<AskedSource>(caller.loop(), std::move(puller)));
      kept = input;
    }
    return p3::read_via_stream(caller.context<Context>(), input->source);
  });
}

Result<std::unique_ptr<HostFunction>> write_own(const ProviderRef& from, const std::string& interface,
                                                const std::string& getter) {
  using Get = ProviderFunction<Foreign<OldOutputStream>()>;
  auto get = TRY(Get::find(from, {interface, getter}));
  auto writing = TRY(Writing<Foreign<OldOutputStream>>::find(from));
  return component::make_host_function([get = std::move(get), writing = std::move(writing)](
                                           Caller& caller, StdioStream data) -> Result<StdioFuture> {
    const auto tree = TRY(get.tree(caller));
    auto stream = TRY(get.call_in(*tree, caller));
    auto pusher = std::make_shared<OwnPusher>(
        ProviderQueue::of(get.session(caller), tree, get.share_provider()), std::move(stream), writing);
    return p3::write_via_stream(caller.context<Context>(), std::move(data),
                                std::make_shared<AskedSink>(caller.loop(), std::move(pusher)));
  });
}

Result<std::unique_ptr<HostFunction>> read_over(const ProviderRef& from, const std::string& interface) {
  if (owns<OldInputStream>(from)) return read_own(from, interface);
  auto get = TRY(ProviderFunction<std::unique_ptr<p2::InputStream>()>::find(from, {interface, "get-stdin"}));
  return component::make_host_function([get = std::move(get)](Caller& caller) -> Result<Both> {
    const std::shared_ptr<p2::InputStream> handle = TRY(get.call(caller));
    return p3::read_via_stream(caller.context<Context>(), {handle, &handle->source()});
  });
}

Adapted::Make write_over(std::string getter) {
  return [getter = std::move(getter)](const ProviderRef& from,
                                      const std::string& interface) -> Result<std::unique_ptr<HostFunction>> {
    if (owns<OldOutputStream>(from)) return write_own(from, interface, getter);
    auto get = TRY(ProviderFunction<std::unique_ptr<p2::OutputStream>()>::find(from, {interface, getter}));
    return component::make_host_function(
        [get = std::move(get)](Caller& caller, StdioStream data) -> Result<StdioFuture> {
          const std::shared_ptr<p2::OutputStream> handle = TRY(get.call(caller));
          return p3::write_via_stream(caller.context<Context>(), std::move(data), {handle, &handle->sink()});
        });
  };
}

// ---- 0.2 over 0.3: the stream is kept with the caller.

Result<std::unique_ptr<HostFunction>> get_input(const ProviderRef& from, const std::string& interface) {
  using Read = ProviderFunction<Both()>;
  auto read = TRY(Read::find(from, {interface, "read-via-stream"}));
  return component::make_host_function(
      [read = std::move(read)](Caller& caller) -> Result<std::unique_ptr<p2::InputStream>> {
        auto& kept = read.session(caller).kept();
        if (kept == nullptr) {
          const auto tree = TRY(read.tree(caller));
          auto [stream, outcome] = TRY(read.call_in(*tree, caller));
          kept = StreamSource::make(caller.loop(), std::move(stream), std::move(outcome), tree);
        }
        return std::make_unique<p2::InputStream>(std::static_pointer_cast<StreamSource>(kept));
      });
}

Unexpected too_many() { return fail(Errc::trap_limit, "the component has too many streams open"); }

Result<std::unique_ptr<HostFunction>> get_output(const ProviderRef& from, const std::string& interface) {
  using Write = ProviderFunction<StdioFuture(StdioStream)>;
  auto write = TRY(Write::find(from, {interface, "write-via-stream"}));
  return component::make_host_function(
      [write = std::move(write)](Caller& caller) -> Result<std::unique_ptr<p2::OutputStream>> {
        auto& kept = write.session(caller).kept();
        if (kept == nullptr) {
          auto slot = caller.context<Context>().file_streams().take();
          if (!slot) return too_many();
          const auto tree = TRY(write.tree(caller));
          const auto sink = std::make_shared<StreamSink>(caller.loop(), *std::move(slot));
          sink->begin(TRY(write.call_in(*tree, caller, sink->readable())), tree);
          kept = sink;
        }
        return std::make_unique<p2::OutputStream>(std::static_pointer_cast<StreamSink>(kept));
      });
}

}  // namespace

std::vector<component::Bridge> stdio() {
  std::vector<component::Bridge> all;
  all.push_back(adapt("wasi:cli/stdin@0.3", "wasi:cli/stdin@0.2",
                      {{.name = "read-via-stream", .stand_in = {}, .make = read_over}}));
  all.push_back(adapt("wasi:cli/stdin@0.2", "wasi:cli/stdin@0.3",
                      {{.name = "get-stdin", .stand_in = {}, .make = get_input}}));
  for (const std::string name : {"stdout", "stderr"}) {
    all.push_back(adapt("wasi:cli/" + name + "@0.3", "wasi:cli/" + name + "@0.2",
                        {{.name = "write-via-stream", .stand_in = {}, .make = write_over("get-" + name)}}));
    all.push_back(adapt("wasi:cli/" + name + "@0.2", "wasi:cli/" + name + "@0.3",
                        {{.name = "get-" + name, .stand_in = {}, .make = get_output}}));
  }
  return all;
}

}  // namespace wisp::wasi::bridge
