// wasi:sockets/types.tcp-socket of 0.3 over a provider of 0.2: calls in two steps are waited for on the loop,
// and the provider's streams, which are the host's, flow as they do out of files.
#include "wasi/bridge/new_tcp.hpp"

#include "component/link/channels.hpp"
#include "wasi/bridge/new_socket_calls.hpp"
#include "wasi/context.hpp"
#include "wasi/p3/byte_flow.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

namespace wisp::wasi::bridge {

namespace asio = boost::asio;
using asio::awaitable;
using component::Caller;
using component::Eventually;
using component::Foreign;
using component::FutureWriter;
using component::HostFunction;
using component::Lent;
using component::ProviderFunction;
using component::ProviderQueue;
using component::ProviderRef;
using p2::NetworkReply;
using p3::refuse;
using p3::SocketReply;

namespace {

using Streams = std::tuple<std::unique_ptr<p2::InputStream>, std::unique_ptr<p2::OutputStream>>;
using Accepted =
    std::tuple<Foreign<OldTcp>, std::unique_ptr<p2::InputStream>, std::unique_ptr<p2::OutputStream>>;
using Bytes = component::Stream<std::uint8_t>;
using Flow = component::Future<SocketReply<>>;

enum class ShutdownType : std::uint8_t { receive, send, both };
WISP_ENUM(ShutdownType, "receive", "send", "both")

/// A provider's socket. Shared by its handle and by what flows through it, which keeps it open.
struct Core {
  enum class Phase : std::uint8_t { open, bound, connecting, connected, listening, closed };

  Core(Foreign<OldTcp> of, std::shared_ptr<ProviderQueue> in, Phase now)
      : socket(std::move(of)), queue(std::move(in)), phase(now) {}

  Foreign<OldTcp> socket;
  std::shared_ptr<ProviderQueue> queue;
  Phase phase;
  // Of a connected one; children of the socket, so that they end before it.
  std::unique_ptr<p2::InputStream> input;
  std::unique_ptr<p2::OutputStream> output;
  bool sends = false;
  bool receives = false;
};
using Phase = Core::Phase;

/// wasi:sockets/types.tcp-socket
class NewTcpHandle final : public component::HostResource {
 public:
  using Theirs = OldTcp;
  explicit NewTcpHandle(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  [[nodiscard]] Result<> dropped(component::GuestRun& run) override {
    const auto core = std::move(core_);
    if (core.use_count() > 1) return {};
    core->input = nullptr;
    core->output = nullptr;
    return core->socket.dropped(run);
  }

  [[nodiscard]] const std::shared_ptr<Core>& share() const noexcept { return core_; }
  [[nodiscard]] Core& core() noexcept { return *core_; }
  [[nodiscard]] const Foreign<OldTcp>& socket() const noexcept { return core_->socket; }

 private:
  std::shared_ptr<Core> core_;
};
using Connection = std::unique_ptr<NewTcpHandle>;
using Connections = component::StreamWriter<Connection>;

SocketReply<> answer(const NetworkReply<>& said) { return other_version<SocketReply<>>(said); }

Result<std::unique_ptr<HostFunction>> create(const ProviderRef& from, const std::string&) {
  using Create = ProviderFunction<NetworkReply<Foreign<OldTcp>>(IpAddressFamily)>;
  auto create = TRY(Create::find(from, {"wasi:sockets/tcp-create-socket@0.2", "create-tcp-socket"}));
  return component::make_host_function(
      [create = std::move(create)](Caller& caller,
                                   IpAddressFamily family) -> Result<SocketReply<Connection>> {
        auto made = TRY(create.call(caller, family));
        if (!made) return Refusal(new_socket_error(made.error()));
        auto queue = queue_for(caller, create, made->tree());
        return std::make_unique<NewTcpHandle>(
            std::make_shared<Core>(*std::move(made), std::move(queue), Phase::open));
      });
}

Result<std::unique_ptr<HostFunction>> bind(const ProviderRef& from, const std::string&) {
  auto binding = TRY(Binding<OldTcp>::find(from));
  return component::make_host_function(
      [binding = std::move(binding)](Caller& caller, NewTcpHandle& self,
                                     IpSocketAddress local) -> Result<SocketReply<>> {
        if (self.core().phase != Phase::open) return refuse(SocketError::invalid_state);
        const auto bound = TRY(binding.bind(caller, self.socket(), local));
        if (bound) self.core().phase = Phase::bound;
        return answer(bound);
      });
}

// ---- connect

struct Connecting {
  using Start = ProviderFunction<NetworkReply<>(Lent<OldTcp>, Lent<OldNetwork>, IpSocketAddress)>;
  OldNetworks networks;
  Start start;
  Method<OldTcp, NetworkReply<Streams>> finish;
  Method<OldTcp, std::unique_ptr<p2::Pollable>> subscribe;
};

awaitable<Result<SocketReply<>>> finish_connect(std::shared_ptr<Core> core,
                                                std::shared_ptr<const Connecting> by) {
  for (bool waited = false;; waited = true) {
    auto done = CO_TRY(co_await core->queue->call(by->finish, core->socket));
    if (done) {
      std::tie(core->input, core->output) = *std::move(done);
      core->phase = Phase::connected;
      co_return SocketReply<>();
    }
    if (socket_error(done.error()) != SocketError::would_block) {
      core->phase = Phase::closed;
      co_return Refusal(new_socket_error(done.error()));
    }
    if (waited) co_await pause_for(core->queue->tree()->shard().loop(), kPause);
    auto pollable = CO_TRY(co_await core->queue->call(by->subscribe, core->socket));
    if (const auto ready = co_await pollable_ready(std::move(pollable)); !ready) {
      core->phase = Phase::closed;
      co_return std::unexpected(ready.error());
    }
  }
}

Result<std::unique_ptr<HostFunction>> connect(const ProviderRef& from, const std::string&) {
  auto by = std::make_shared<const Connecting>(Connecting {
    TRY(OldNetworks::find(from))
    , TRY(Connecting::Start::find(from, {std::string(OldTcp::kInterface), method<OldTcp>("start-connect")}))
    , TRY((find_method<OldTcp, NetworkReply<Streams>>(from, "finish-connect")))
    , TRY((find_method<OldTcp, std::unique_ptr<p2::Pollable>>(from, "subscribe")))
  });
  return component::make_async_host_function(
      [by = std::move(by)](Caller& caller, NewTcpHandle& self,
                           IpSocketAddress remote) -> Eventually<SocketReply<>> {
        auto& core = self.core();
        if (core.phase != Phase::open && core.phase != Phase::bound)
          return Result<SocketReply<>>(refuse(SocketError::invalid_state));
        auto& tree = core.socket.tree();
        const auto started = by->networks.with(caller, tree, [&](const Foreign<OldNetwork>& network) {
          return by->start.call_in(tree, caller, core.socket, network, remote);
        });
        if (!started) return Result<SocketReply<>>(std::unexpected(started.error()));
        if (!*started) return Result<SocketReply<>>(answer(*started));
        core.phase = Phase::connecting;
        return finish_connect(self.share(), by);
      });
}

// ---- listen

struct Accepting {
  Method<OldTcp, NetworkReply<Accepted>> accept;
  Method<OldTcp, std::unique_ptr<p2::Pollable>> subscribe;
};

/// Tells the operator that `called` has trapped, unless it was only given up.
void report(const Core& listener, const Error& error, std::string_view called) {
  if (error.code() == Errc::cancelled) return;
  listener.queue->report(error, fmt::format("wasi:sockets/tcp@0.2#[method]tcp-socket.{}", called));
}

/// Waits until somebody may be there to be accepted, or nobody would take him any more. False: it is over.
awaitable<bool> until_someone(Core& listener, const Accepting& by, Connections& stream, p3::Alarm& alarm) {
  const auto pollable = co_await listener.queue->call(by.subscribe, listener.socket);
  if (!pollable) {
    report(listener, pollable.error(), "subscribe");
    co_return false;
  }
  while (!(*pollable)->readiness().ready() && !stream.dropped()) {
    SignalLink link;
    link.link((*pollable)->readiness().changed(), alarm);
    if (!co_await alarm.wait()) co_return false;
  }
  co_return !stream.dropped();
}

/// Accepts for as long as the stream is read: who does not read leaves connections with the provider. It ends
/// when the provider traps.
awaitable<void> accept_all(std::shared_ptr<Core> listener, std::shared_ptr<const Accepting> by,
                           std::unique_ptr<Connections> stream) {
  p3::Alarm alarm;
  SignalLink dropping;
  dropping.link(stream->dropping(), alarm);
  bool waited = false;
  while (!stream->dropped()) {
    SignalLink link;
    if (!stream->wanted()) {
      link.link(stream->offering(), alarm);
      if (!co_await alarm.wait()) co_return;
      continue;
    }
    if (stream->room() == 0) {
      if (!co_await until_someone(*listener, *by, *stream, alarm)) co_return;
      waited = true;
      if (stream->wanted() && stream->room() == 0) stream->ready();
      continue;
    }
    auto accepted = co_await listener->queue->call(by->accept, listener->socket);
    if (!accepted) {
      report(*listener, accepted.error(), "accept");
      co_return;
    }
    if (*accepted) {
      waited = false;
      auto& [socket, input, output] = **accepted;
      auto core = std::make_shared<Core>(std::move(socket), listener->queue, Phase::connected);
      core->input = std::move(input);
      core->output = std::move(output);
      std::array<Connection, 1> one{std::make_unique<NewTcpHandle>(std::move(core))};
      const auto given = co_await stream->write_all(one);
      if (!given || !*given) co_return;
    } else if (socket_error(accepted->error()) != SocketError::would_block || waited) {
      // Errors belong to connections that have not come about; the stream goes on (types.wit, listen).
      co_await pause_for(listener->queue->tree()->shard().loop(), kPause);
      waited = false;
    } else {
      if (!co_await until_someone(*listener, *by, *stream, alarm)) co_return;
      waited = true;
    }
  }
}

Result<std::unique_ptr<HostFunction>> listen(const ProviderRef& from, const std::string&) {
  auto binding = TRY(Binding<OldTcp>::find(from));
  auto start = TRY((find_method<OldTcp, NetworkReply<>>(from, "start-listen")));
  auto finish = TRY((find_method<OldTcp, NetworkReply<>>(from, "finish-listen")));
  auto by = std::make_shared<const Accepting>(Accepting {
    TRY((find_method<OldTcp, NetworkReply<Accepted>>(from, "accept")))
    , TRY((find_method<OldTcp, std::unique_ptr<p2::Pollable>>(from, "subscribe")))
  });
  return component::make_host_function(
      [binding = std::move(binding), start = std::move(start), finish = std::move(finish),
       by = std::move(by)](Caller& caller,
                           NewTcpHandle& self) -> Result<SocketReply<component::Stream<Connection>>> {
        auto& core = self.core();
        NetworkReply<> done;
        if (core.phase == Phase::open) {
          done = TRY(binding.bind(caller, core.socket));
          if (!done) return Refusal(new_socket_error(done.error()));
          core.phase = Phase::bound;
        }
        if (core.phase != Phase::bound) return refuse(SocketError::invalid_state);
        done = TRY(start.call_in(core.socket.tree(), caller, core.socket));
        if (done) done = TRY(binding.finish(caller, core.socket, finish));
        if (!done) return Refusal(new_socket_error(done.error()));
        core.phase = Phase::listening;
        auto stream = std::make_unique<Connections>();
        auto end = stream->readable();
        auto& dropping = stream->dropping();
        run_until(caller.loop(), dropping, accept_all(self.share(), by, std::move(stream)));
        return end;
      });
}

// ---- the streams of a connection

using Shutdown = Method<OldTcp, NetworkReply<>, ShutdownType>;

/// How a flow has ended.
SocketReply<> outcome(const StreamResult<>& over) {
  if (over) return {};
  const auto& failure = over.error().failure;
  if (failure == nullptr) return refuse(SocketError::connection_broken);
  const auto* const error = failure->as<SocketError>();
  return refuse(error != nullptr ? *error : SocketError::unknown);
}

/// Tells the provider that a direction is over, and then whoever waits for that.
awaitable<void> shut_down(std::shared_ptr<Core> core, std::shared_ptr<const Shutdown> shutdown,
                          ShutdownType how, FutureWriter<SocketReply<>> result) {
  co_await asio::post(asio::use_awaitable);
  const auto done = co_await core->queue->call(*shutdown, core->socket, how);
  if (!done) {
    core->queue->report(done.error(), "wasi:sockets/tcp@0.2#[method]tcp-socket.shutdown");
    result.write(refuse(SocketError::unknown));
  } else {
    // One that is shut down already is what was wanted.
    result.write({});
  }
}

auto ending(asio::io_context& loop, std::shared_ptr<Core> core, std::shared_ptr<const Shutdown> shutdown,
            ShutdownType how, FutureWriter<SocketReply<>> result) {
  return [&loop, core = std::move(core), shutdown = std::move(shutdown), how,
          result = std::move(result)](const StreamResult<>& over) mutable {
    if (!over) return result.write(outcome(over));
    run_with_patience(loop, shut_down(std::move(core), std::move(shutdown), how, std::move(result)));
  };
}

Result<std::unique_ptr<HostFunction>> send(const ProviderRef& from, const std::string&) {
  auto shutdown = std::make_shared<const Shutdown>(
      TRY((find_method<OldTcp, NetworkReply<>, ShutdownType>(from, "shutdown"))));
  return component::make_host_function(
      [shutdown = std::move(shutdown)](Caller& caller, NewTcpHandle& self, Bytes data) -> Flow {
        const auto& core = self.share();
        if (core->phase != Phase::connected || std::exchange(core->sends, true))
          return component::ready_future(SocketReply<>(refuse(SocketError::invalid_state)));
        FutureWriter<SocketReply<>> result;
        auto future = result.readable();
        p3::flow_to(caller.loop(), std::move(data), {core, &core->output->sink()}, Quota::Slot(),
                    ending(caller.loop(), core, shutdown, ShutdownType::send, std::move(result)));
        return future;
      });
}

Result<std::unique_ptr<HostFunction>> receive(const ProviderRef& from, const std::string&) {
  auto shutdown = std::make_shared<const Shutdown>(
      TRY((find_method<OldTcp, NetworkReply<>, ShutdownType>(from, "shutdown"))));
  return component::make_host_function(
      [shutdown = std::move(shutdown)](Caller& caller, NewTcpHandle& self) -> std::tuple<Bytes, Flow> {
        const auto& core = self.share();
        // Without a writer it is closed at once.
        if (core->phase != Phase::connected || std::exchange(core->receives, true))
          return {component::StreamWriter<std::uint8_t>().readable(),
                  component::ready_future(SocketReply<>(refuse(SocketError::invalid_state)))};
        FutureWriter<SocketReply<>> result;
        auto future = result.readable();
        auto stream =
            p3::flow_from({core, &core->input->source()}, Quota::Slot(),
                          ending(caller.loop(), core, shutdown, ShutdownType::receive, std::move(result)));
        return {std::move(stream), std::move(future)};
      });
}

template <class T>
Adapted getter(const std::string& name) {
  return passed_on<NewTcpHandle, SocketReply<T>, NetworkReply<T>>("get-" + name, name);
}
template <class T>
Adapted setter(const std::string& name) {
  return passed_on<NewTcpHandle, SocketReply<>, NetworkReply<>, T>("set-" + name, "set-" + name);
}

}  // namespace

component::HostTypeTag new_tcp_tag() { return component::host_type_tag<NewTcpHandle>(); }

std::vector<Adapted> new_tcp_functions() {
  return {
      {.name = "[static]tcp-socket.create", .stand_in = {}, .make = create},
      made<OldTcp>("bind", bind),
      made<OldTcp>("connect", connect),
      made<OldTcp>("listen", listen),
      made<OldTcp>("send", send),
      made<OldTcp>("receive", receive),
      getter<IpSocketAddress>("local-address"),
      getter<IpSocketAddress>("remote-address"),
      of_bridge(method<OldTcp>("get-is-listening"),
                [](Caller&, NewTcpHandle& self) { return self.core().phase == Phase::listening; }),
      passed_on<NewTcpHandle, IpAddressFamily, IpAddressFamily>("get-address-family", "address-family"),
      setter<std::uint64_t>("listen-backlog-size"),
      getter<bool>("keep-alive-enabled"),
      setter<bool>("keep-alive-enabled"),
      getter<std::uint64_t>("keep-alive-idle-time"),
      setter<std::uint64_t>("keep-alive-idle-time"),
      getter<std::uint64_t>("keep-alive-interval"),
      setter<std::uint64_t>("keep-alive-interval"),
      getter<std::uint32_t>("keep-alive-count"),
      setter<std::uint32_t>("keep-alive-count"),
      getter<std::uint8_t>("hop-limit"),
      setter<std::uint8_t>("hop-limit"),
      getter<std::uint64_t>("receive-buffer-size"),
      setter<std::uint64_t>("receive-buffer-size"),
      getter<std::uint64_t>("send-buffer-size"),
      setter<std::uint64_t>("send-buffer-size"),
  };
}

}  // namespace wisp::wasi::bridge
