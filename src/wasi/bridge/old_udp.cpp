// wasi:sockets/udp and udp-create-socket of 0.2 over a provider of 0.3, whose send and receive are calls of
// an async type: one of each is under way at most.
#include "wasi/bridge/old_udp.hpp"

#include "wasi/bridge/datagrams.hpp"
#include "wasi/bridge/new_socket_calls.hpp"
#include "wasi/bridge/pending_call.hpp"
#include "wasi/bridge/provided_sockets.hpp"
#include "wasi/context.hpp"
#include "wasi/io/stream.hpp"
#include "wasi/p2/udp.hpp"
#include "wasi/p3/wait.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace wisp::wasi::bridge {

using component::Caller;
using component::Foreign;
using component::HostFunction;
using component::Lent;
using component::ProviderFunction;
using component::ProviderRef;
using p2::NetworkReply;
using p2::refuse;
using p3::SocketReply;

namespace {

using Socket = Foreign<NewUdp>;
using Message = std::tuple<Bytes, IpSocketAddress>;
using Receive = PendingCall<SocketReply<Message>(Lent<NewUdp>)>;
using Send = PendingCall<SocketReply<>(Lent<NewUdp>, Bytes, std::optional<IpSocketAddress>)>;

/// wasi:sockets/udp.udp-socket; parent of its datagram streams and pollables.
class OldUdpHandle final : public component::HostResource {
 public:
  using Theirs = NewUdp;
  explicit OldUdpHandle(Socket socket) : socket_(std::move(socket)) {}
  [[nodiscard]] Result<> may_drop() override {
    TRY(streams_.none_left("udp-socket"));
    return pollables_.none_left("udp-socket");
  }
  [[nodiscard]] Result<> dropped(component::GuestRun& run) override { return socket_.dropped(run); }

  [[nodiscard]] const Socket& socket() const noexcept { return socket_; }
  [[nodiscard]] p2::Children& streams() noexcept { return streams_; }
  [[nodiscard]] std::unique_ptr<p2::Pollable> subscribe() {
    return std::make_unique<p2::Pollable>(std::make_shared<AlwaysReady>(), pollables_.adopt());
  }

  bool bound = false;
  bool binding = false;    ///< between start-bind and finish-bind
  bool connected = false;  ///< to a remote address

 private:
  Socket socket_;
  p2::Children streams_;
  p2::Children pollables_;
};

/// What the two streams of a socket count as: while either of them is there, or a datagram is on its way.
using Share = std::shared_ptr<Quota::Slot>;

/// Receives one datagram ahead, so that there is something to wait for.
class Incoming final : public Readiness, private Waiter {
 public:
  Incoming(Socket socket, const Receive::Function& receive, Share share)
      : share_(std::move(share)), socket_(std::move(socket)), receive_(receive) {}

  [[nodiscard]] bool ready() override { return call_ == nullptr || call_->ready(); }
  [[nodiscard]] Signal& changed() noexcept override { return changed_; }

  /// Before anybody waits, and after each take().
  Result<> next(Caller& caller) {
    link_.unlink();
    call_ = TRY(Receive::start(caller, receive_, socket_.tree(), socket_.share(), socket_));
    // Nobody may ever take it.
    call_->keep([provider = receive_.share_provider()](Result<SocketReply<Message>>& said) {
      if (!said || !*said) return;
      const auto size = std::get<0>(**said).size();
      if (size > kMaxDatagram)
        said = fail(Errc::trap_host, "{} has received a datagram of {} bytes", provider->name, size);
    });
    if (!call_->ready()) link_.link(call_->changed(), *this);
    return {};
  }
  /// Once it is ready.
  Result<SocketReply<Message>> take() { return call_->take(); }

 private:
  void wake() noexcept override { changed_.fire(); }

  Share share_;
  Socket socket_;
  Receive::Function receive_;
  std::unique_ptr<Receive> call_;
  SignalLink link_;
  Signal changed_;
};

/// Keeps a call until it has ended.
boost::asio::awaitable<void> see_off(std::unique_ptr<Send> call, Share /*share*/) {
  static_cast<void>(co_await p3::until_ready(*call));
}

/// A datagram that the provider has not taken yet keeps the next ones back, and goes on without the stream.
class Outgoing final : public Readiness, private Waiter {
 public:
  Outgoing(boost::asio::io_context& loop, Socket socket, const Send::Function& send, Share share)
      : loop_(loop), share_(std::move(share)), socket_(std::move(socket)), send_(send) {}
  ~Outgoing() override {
    link_.unlink();
    if (call_ != nullptr && !call_->ready())
      run_with_patience(loop_, see_off(std::move(call_), std::move(share_)));
  }
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  [[nodiscard]] bool ready() override { return call_ == nullptr || call_->ready(); }
  [[nodiscard]] Signal& changed() noexcept override { return changed_; }

  /// How the datagram went that ready() waited for.
  Result<SocketReply<>> settle() {
    link_.unlink();
    const auto call = std::move(call_);
    if (call == nullptr) return SocketReply<>();
    return call->take();
  }
  Result<> send(Caller& caller, OutgoingDatagram datagram) {
    call_ = TRY(Send::start(caller, send_, socket_.tree(), socket_.share(), socket_, std::move(datagram.data),
                            datagram.remote_address));
    if (!call_->ready()) link_.link(call_->changed(), *this);
    return {};
  }

 private:
  void wake() noexcept override { changed_.fire(); }

  boost::asio::io_context& loop_;
  Share share_;
  Socket socket_;
  Send::Function send_;
  std::unique_ptr<Send> call_;
  SignalLink link_;
  Signal changed_;
};

/// wasi:sockets/udp.incoming-datagram-stream and outgoing-datagram-stream
template <class Core>
class DatagramStream final : public component::HostResource {
 public:
  DatagramStream(std::shared_ptr<Core> core, p2::ChildToken parent)
      : core_(std::move(core)), parent_(std::move(parent)) {}
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("datagram stream"); }

  [[nodiscard]] Core& core() noexcept { return *core_; }
  [[nodiscard]] std::unique_ptr<p2::Pollable> subscribe() {
    return std::make_unique<p2::Pollable>(core_, children_.adopt());
  }

  /// Datagrams that the last check-send permits.
  std::uint64_t permit = 0;

 private:
  std::shared_ptr<Core> core_;
  p2::Children children_;
  p2::ChildToken parent_;
};
using IncomingStream = DatagramStream<Incoming>;
using OutgoingStream = DatagramStream<Outgoing>;
using Streams = std::tuple<std::unique_ptr<IncomingStream>, std::unique_ptr<OutgoingStream>>;

Result<std::unique_ptr<HostFunction>> create(const ProviderRef& from, const std::string& interface) {
  using Create = ProviderFunction<SocketReply<Socket>(IpAddressFamily)>;
  auto create = TRY(Create::find(from, {interface, "[static]udp-socket.create"}));
  return component::make_host_function(
      [create = std::move(create)](
          Caller& caller, IpAddressFamily family) -> Result<NetworkReply<std::unique_ptr<OldUdpHandle>>> {
        auto made = TRY(create.call(caller, family));
        if (!made) return refuse(socket_error(made.error()));
        return std::make_unique<OldUdpHandle>(*std::move(made));
      });
}

Result<std::unique_ptr<HostFunction>> start_bind(const ProviderRef& from, const std::string&) {
  auto bind = TRY((find_method<NewUdp, SocketReply<>, IpSocketAddress>(from, "bind")));
  return component::make_host_function(
      [bind = std::move(bind)](Caller& caller, OldUdpHandle& self, p2::Network&,
                               IpSocketAddress local) -> Result<NetworkReply<>> {
        if (self.binding) return refuse(SocketError::concurrency_conflict);
        if (self.bound) return refuse(SocketError::invalid_state);
        const auto bound = TRY(bind.call_in(self.socket().tree(), caller, self.socket(), local));
        if (!bound) return refuse(socket_error(bound.error()));
        self.binding = true;
        return NetworkReply<>();
      });
}

NetworkReply<> finish_bind(Caller&, OldUdpHandle& self) {
  if (!self.binding) return refuse(SocketError::not_in_progress);
  self.binding = false;
  self.bound = true;
  return {};
}

Result<std::unique_ptr<HostFunction>> stream(const ProviderRef& from, const std::string& interface) {
  using Effect = Receive::Function::Effect;
  auto connect = TRY((find_method<NewUdp, SocketReply<>, IpSocketAddress>(from, "connect")));
  auto disconnect = TRY((find_method<NewUdp, SocketReply<>>(from, "disconnect")));
  auto receive = TRY(Receive::Function::find(from, {interface, method<NewUdp>("receive")}, Effect::async));
  auto send =
      TRY(Send::Function::find(from, {interface, method<NewUdp>("send")}, Send::Function::Effect::async));
  return component::make_host_function(
      [connect = std::move(connect), disconnect = std::move(disconnect), receive = std::move(receive),
       send = std::move(send)](Caller& caller, OldUdpHandle& self,
                               std::optional<IpSocketAddress> remote) -> Result<NetworkReply<Streams>> {
        if (self.streams().any())
          return fail(Errc::trap_host, "udp-socket.stream while earlier streams are still held");
        if (!self.bound) return refuse(SocketError::invalid_state);
        // A datagram each way waits at most, which is what a stream on a file holds.
        auto slot = caller.context<Context>().file_streams().take();
        if (!slot) return refuse(SocketError::new_socket_limit);
        const auto& socket = self.socket();
        SocketReply<> peer;
        if (remote) {
          peer = TRY(connect.call_in(socket.tree(), caller, socket, *remote));
        } else if (self.connected) {
          peer = TRY(disconnect.call_in(socket.tree(), caller, socket));
        }
        if (!peer) return refuse(socket_error(peer.error()));
        self.connected = remote.has_value();
        const auto share = std::make_shared<Quota::Slot>(*std::move(slot));
        const auto incoming = std::make_shared<Incoming>(socket, receive, share);
        TRY(incoming->next(caller));
        return Streams(
            std::make_unique<IncomingStream>(incoming, self.streams().adopt()),
            std::make_unique<OutgoingStream>(std::make_shared<Outgoing>(caller.loop(), socket, send, share),
                                             self.streams().adopt()));
      });
}

Result<NetworkReply<std::vector<IncomingDatagram>>> receive(Caller& caller, IncomingStream& self,
                                                            std::uint64_t max) {
  std::vector<IncomingDatagram> datagrams;
  std::size_t bytes = 0;
  while (datagrams.size() < std::min(max, kMaxDatagrams) && bytes < kMaxRead && self.core().ready()) {
    auto answer = TRY(self.core().take());
    TRY(self.core().next(caller));
    if (!answer) {
      // Datagrams may be lost, and so may what was said about one.
      if (!datagrams.empty()) break;
      return refuse(socket_error(answer.error()));
    }
    auto& [data, remote] = *answer;
    bytes += data.size() + 1;
    datagrams.push_back({std::move(data), remote});
  }
  return datagrams;
}

Result<NetworkReply<std::uint64_t>> check_send(Caller&, OutgoingStream& self) {
  self.permit = 0;
  if (!self.core().ready()) return 0;
  const auto sent = TRY(self.core().settle());
  if (!sent) return refuse(socket_error(sent.error()));
  self.permit = kMaxDatagrams;
  return self.permit;
}

Result<NetworkReply<std::uint64_t>> send(Caller& caller, OutgoingStream& self,
                                         std::vector<OutgoingDatagram> datagrams) {
  if (datagrams.empty()) return 0;
  if (datagrams.size() > self.permit)
    return fail(Errc::trap_host, "{} datagrams where check-send permitted {}", datagrams.size(), self.permit);
  self.permit = 0;
  std::uint64_t count = 0;
  for (auto& datagram : datagrams) {
    SocketReply<> sent = p3::refuse(SocketError::datagram_too_large);
    if (datagram.data.size() <= kMaxDatagram) {
      TRY(self.core().send(caller, std::move(datagram)));
      // Taken, and the next ones have to wait.
      if (!self.core().ready()) return count + 1;
      sent = TRY(self.core().settle());
    }
    if (!sent) {
      if (count > 0) break;
      return refuse(socket_error(sent.error()));
    }
    ++count;
  }
  return count;
}

template <class T>
Adapted getter(const std::string& name) {
  return passed_on<OldUdpHandle, NetworkReply<T>, SocketReply<T>>(name, "get-" + name);
}
template <class T>
Adapted setter(const std::string& name) {
  return passed_on<OldUdpHandle, NetworkReply<>, SocketReply<>, T>("set-" + name, "set-" + name);
}

}  // namespace

std::vector<component::Bridge> old_udp() {
  std::vector<Adapted> functions{
      made<NewUdp>("start-bind", start_bind),
      of_bridge(method<NewUdp>("finish-bind"), finish_bind),
      made<NewUdp>("stream", stream),
      getter<IpSocketAddress>("local-address"),
      getter<IpSocketAddress>("remote-address"),
      passed_on<OldUdpHandle, IpAddressFamily, IpAddressFamily>("address-family", "get-address-family"),
      of_bridge(method<NewUdp>("subscribe"), [](Caller&, OldUdpHandle& self) { return self.subscribe(); }),
      of_bridge(method<OldIncoming>("receive"), receive),
      of_bridge(method<OldIncoming>("subscribe"),
                [](Caller&, IncomingStream& self) { return self.subscribe(); }),
      of_bridge(method<OldOutgoing>("check-send"), check_send),
      of_bridge(method<OldOutgoing>("send"), send),
      of_bridge(method<OldOutgoing>("subscribe"),
                [](Caller&, OutgoingStream& self) { return self.subscribe(); }),
      getter<std::uint8_t>("unicast-hop-limit"),
      setter<std::uint8_t>("unicast-hop-limit"),
      getter<std::uint64_t>("receive-buffer-size"),
      setter<std::uint64_t>("receive-buffer-size"),
      getter<std::uint64_t>("send-buffer-size"),
      setter<std::uint64_t>("send-buffer-size"),
  };
  std::vector<component::Bridge> all{
      adapt("wasi:sockets/udp@0.2", std::string(NewUdp::kInterface), std::move(functions)),
      adapt("wasi:sockets/udp-create-socket@0.2", std::string(NewUdp::kInterface),
            {{.name = "create-udp-socket", .stand_in = {}, .make = create}})};
  for (auto& bridge : all) {
    bridge.defines = NewUdp::kName;
    bridge.resources = {{"udp-socket", component::host_type_tag<OldUdpHandle>()},
                        {"incoming-datagram-stream", component::host_type_tag<IncomingStream>()},
                        {"outgoing-datagram-stream", component::host_type_tag<OutgoingStream>()}};
    bridge.family = kSockets;
  }
  return all;
}

}  // namespace wisp::wasi::bridge
