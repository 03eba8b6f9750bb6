// wasi:sockets/tcp and tcp-create-socket of 0.2 over a provider of 0.3: what has two steps here is begun and
// then asked for.
#include "wasi/bridge/old_tcp.hpp"

#include "wasi/bridge/old_tcp_socket.hpp"
#include "wasi/context.hpp"

#include <memory>
#include <optional>
#include <string>
#include <tuple>

namespace wisp::wasi::bridge {

using component::Caller;
using component::Foreign;
using component::HostFunction;
using component::ProviderFunction;
using component::ProviderRef;
using p2::NetworkReply;
using p2::Pending;
using p2::refuse;
using p3::SocketReply;

namespace {

using Phase = OldTcpState::Phase;
using Streams = std::tuple<std::unique_ptr<p2::InputStream>, std::unique_ptr<p2::OutputStream>>;
using Accepted = std::tuple<std::unique_ptr<OldTcpHandle>, std::unique_ptr<p2::InputStream>,
                            std::unique_ptr<p2::OutputStream>>;
using Bytes = component::Stream<std::uint8_t>;
using Flow = component::Future<SocketReply<>>;

enum class ShutdownType : std::uint8_t { receive, send, both };
WISP_ENUM(ShutdownType, "receive", "send", "both")

NetworkReply<> finish(OldTcpHandle& self, Pending what, Phase then) {
  if (self.state().pending != what) return refuse(SocketError::not_in_progress);
  self.state().pending = Pending::none;
  self.state().phase = then;
  return {};
}

/// Each stream buffers at most as much as one on a file does.
std::optional<Quota::Slot> take_slot(Caller& caller) {
  return caller.context<Context>().file_streams().take();
}

/// The two streams of a connection.
class Halves {
 public:
  static Result<Halves> find(const ProviderRef& from) {
    return Halves(TRY((find_method<NewTcp, Flow, Bytes>(from, "send"))),
                  TRY((find_method<NewTcp, std::tuple<Bytes, Flow>>(from, "receive"))));
  }

  /// `slot`: what both count as.
  Result<> open(Caller& caller, OldTcpState& state, Quota::Slot slot) const {
    const auto& socket = state.socket();
    auto& tree = socket.tree();
    const auto share = std::make_shared<Quota::Slot>(std::move(slot));
    auto sink = std::make_shared<StreamSink>(caller.loop(), share);
    sink->begin(TRY(send_.call_in(tree, caller, socket, sink->readable())), tree.shared_from_this());
    auto [stream, outcome] = TRY(receive_.call_in(tree, caller, socket));
    state.source =
        StreamSource::make(caller.loop(), std::move(stream), std::move(outcome), tree.shared_from_this());
    state.source->count_as(share);
    state.sink = std::move(sink);
    return {};
  }

 private:
  using Send = Method<NewTcp, Flow, Bytes>;
  using Receive = Method<NewTcp, std::tuple<Bytes, Flow>>;
  Halves(Send send, Receive receive) : send_(std::move(send)), receive_(std::move(receive)) {}
  Send send_;
  Receive receive_;
};

Result<std::unique_ptr<HostFunction>> create(const ProviderRef& from, const std::string& interface) {
  using Create = ProviderFunction<SocketReply<Foreign<NewTcp>>(IpAddressFamily)>;
  auto create = TRY(Create::find(from, {interface, "[static]tcp-socket.create"}));
  return component::make_host_function(
      [create = std::move(create)](
          Caller& caller, IpAddressFamily family) -> Result<NetworkReply<std::unique_ptr<OldTcpHandle>>> {
        auto made = TRY(create.call(caller, family));
        if (!made) return refuse(socket_error(made.error()));
        return std::make_unique<OldTcpHandle>(
            std::make_shared<OldTcpState>(caller.loop(), *std::move(made), Phase::open));
      });
}

Result<std::unique_ptr<HostFunction>> start_bind(const ProviderRef& from, const std::string&) {
  auto bind = TRY((find_method<NewTcp, SocketReply<>, IpSocketAddress>(from, "bind")));
  return component::make_host_function(
      [bind = std::move(bind)](Caller& caller, OldTcpHandle& self, p2::Network&,
                               IpSocketAddress local) -> Result<NetworkReply<>> {
        auto& state = self.state();
        if (state.pending != Pending::none) return refuse(SocketError::concurrency_conflict);
        if (state.phase != Phase::open) return refuse(SocketError::invalid_state);
        const auto bound = TRY(bind.call_in(self.socket().tree(), caller, self.socket(), local));
        if (!bound) return refuse(socket_error(bound.error()));
        state.pending = Pending::bind;
        return NetworkReply<>();
      });
}

Result<std::unique_ptr<HostFunction>> start_connect(const ProviderRef& from, const std::string& interface) {
  using Connecting = OldTcpState::Connecting;
  auto connect = TRY(Connecting::Function::find(from, {interface, method<NewTcp>("connect")},
                                                Connecting::Function::Effect::async));
  return component::make_host_function(
      [connect = std::move(connect)](Caller& caller, OldTcpHandle& self, p2::Network&,
                                     IpSocketAddress remote) -> Result<NetworkReply<>> {
        auto& state = self.state();
        if (state.pending != Pending::none) return refuse(SocketError::concurrency_conflict);
        if (state.phase != Phase::open && state.phase != Phase::bound)
          return refuse(SocketError::invalid_state);
        const auto& socket = self.socket();
        state.connect(TRY(Connecting::start(caller, connect, socket.tree(), socket.share(), socket, remote)));
        state.pending = Pending::connect;
        return NetworkReply<>();
      });
}

Result<std::unique_ptr<HostFunction>> finish_connect(const ProviderRef& from, const std::string&) {
  auto halves = TRY(Halves::find(from));
  return component::make_host_function(
      [halves = std::move(halves)](Caller& caller, OldTcpHandle& self) -> Result<NetworkReply<Streams>> {
        auto& state = self.state();
        if (state.pending != Pending::connect) return refuse(SocketError::not_in_progress);
        auto slot = take_slot(caller);
        if (!slot) return refuse(SocketError::new_socket_limit);
        const auto connected = TRY(state.finish_connect());
        if (!connected && connected.error() == SocketError::would_block) return refuse(connected.error());
        state.pending = Pending::none;
        if (!connected) return refuse(connected.error());
        TRY(halves.open(caller, state, *std::move(slot)));
        return Streams(self.input(), self.output());
      });
}

Result<std::unique_ptr<HostFunction>> start_listen(const ProviderRef& from, const std::string&) {
  auto listen = TRY((find_method<NewTcp, SocketReply<OldTcpState::Connections>>(from, "listen")));
  return component::make_host_function(
      [listen = std::move(listen)](Caller& caller, OldTcpHandle& self) -> Result<NetworkReply<>> {
        auto& state = self.state();
        if (state.pending != Pending::none) return refuse(SocketError::concurrency_conflict);
        // Unlike 0.3, which binds then, 0.2 wants a bind first.
        if (state.phase != Phase::bound) return refuse(SocketError::invalid_state);
        auto connections = TRY(listen.call_in(self.socket().tree(), caller, self.socket()));
        if (!connections) return refuse(socket_error(connections.error()));
        state.listen(*std::move(connections));
        state.pending = Pending::listen;
        return NetworkReply<>();
      });
}

Result<std::unique_ptr<HostFunction>> accept(const ProviderRef& from, const std::string&) {
  auto halves = TRY(Halves::find(from));
  return component::make_host_function(
      [halves = std::move(halves)](Caller& caller, OldTcpHandle& self) -> Result<NetworkReply<Accepted>> {
        auto& listener = self.state();
        if (listener.phase != Phase::listening || listener.pending != Pending::none)
          return refuse(SocketError::invalid_state);
        auto slot = take_slot(caller);
        if (!slot) return refuse(SocketError::new_socket_limit);
        auto socket = listener.accept();
        if (!socket) return refuse(socket.error());
        auto state = std::make_shared<OldTcpState>(caller.loop(), *std::move(socket), Phase::connected);
        TRY(halves.open(caller, *state, *std::move(slot)));
        auto handle = std::make_unique<OldTcpHandle>(std::move(state));
        auto input = handle->input();
        auto output = handle->output();
        return Accepted(std::move(handle), std::move(input), std::move(output));
      });
}

NetworkReply<> shutdown(Caller&, OldTcpHandle& self, ShutdownType how) {
  auto& state = self.state();
  if (state.phase != Phase::connected || state.sink == nullptr) return refuse(SocketError::invalid_state);
  if (how != ShutdownType::send) state.source->shut_down();
  if (how != ShutdownType::receive) state.sink->shut_down();
  return {};
}

template <class T>
Adapted getter(const std::string& name) {
  return passed_on<OldTcpHandle, NetworkReply<T>, SocketReply<T>>(name, "get-" + name);
}
template <class T>
Adapted setter(const std::string& name) {
  return passed_on<OldTcpHandle, NetworkReply<>, SocketReply<>, T>("set-" + name, "set-" + name);
}

}  // namespace

std::vector<component::Bridge> old_tcp() {
  std::vector<Adapted> functions{
      made<NewTcp>("start-bind", start_bind),
      of_bridge(method<NewTcp>("finish-bind"),
                [](Caller&, OldTcpHandle& self) { return finish(self, Pending::bind, Phase::bound); }),
      made<NewTcp>("start-connect", start_connect),
      made<NewTcp>("finish-connect", finish_connect),
      made<NewTcp>("start-listen", start_listen),
      of_bridge(method<NewTcp>("finish-listen"),
                [](Caller&, OldTcpHandle& self) { return finish(self, Pending::listen, Phase::listening); }),
      made<NewTcp>("accept", accept),
      getter<IpSocketAddress>("local-address"),
      getter<IpSocketAddress>("remote-address"),
      of_bridge(method<NewTcp>("is-listening"),
                [](Caller&, OldTcpHandle& self) {
                  return self.state().phase == Phase::listening && self.state().pending == Pending::none;
                }),
      passed_on<OldTcpHandle, IpAddressFamily, IpAddressFamily>("address-family", "get-address-family"),
      of_bridge(method<NewTcp>("subscribe"), [](Caller&, OldTcpHandle& self) { return self.subscribe(); }),
      of_bridge(method<NewTcp>("shutdown"), shutdown),
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
  std::vector<component::Bridge> all{
      adapt("wasi:sockets/tcp@0.2", std::string(NewTcp::kInterface), std::move(functions)),
      adapt("wasi:sockets/tcp-create-socket@0.2", std::string(NewTcp::kInterface),
            {{.name = "create-tcp-socket", .stand_in = {}, .make = create}})};
  for (auto& bridge : all) {
    bridge.defines = NewTcp::kName;
    bridge.resources = {{"tcp-socket", component::host_type_tag<OldTcpHandle>()}};
    bridge.family = kSockets;
  }
  return all;
}

}  // namespace wisp::wasi::bridge
