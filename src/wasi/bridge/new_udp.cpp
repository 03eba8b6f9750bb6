// wasi:sockets/types.udp-socket of 0.3 over a provider of 0.2, whose two datagram streams belong to one
// remote address: they are made anew for another.
#include "wasi/bridge/new_udp.hpp"

#include "wasi/bridge/datagrams.hpp"
#include "wasi/bridge/new_socket_calls.hpp"
#include "wasi/context.hpp"

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace wisp::wasi::bridge {

using boost::asio::awaitable;
using component::Bytes;
using component::ByteView;
using component::Caller;
using component::Eventually;
using component::Foreign;
using component::HostFunction;
using component::ProviderFunction;
using component::ProviderQueue;
using component::ProviderRef;
using p2::NetworkReply;
using p3::refuse;
using p3::SocketReply;

namespace {

using Message = std::tuple<Bytes, IpSocketAddress>;
using Remote = std::optional<IpSocketAddress>;
using Pair = std::tuple<Foreign<OldIncoming>, Foreign<OldOutgoing>>;

/// What a provider's datagram streams are used by.
struct Calls {
  Binding<OldUdp> binding;
  Method<OldUdp, NetworkReply<Pair>, Remote> stream;
  Method<OldIncoming, NetworkReply<std::vector<IncomingDatagram>>, std::uint64_t> receive;
  Method<OldIncoming, std::unique_ptr<p2::Pollable>> arrival;
  Method<OldOutgoing, NetworkReply<std::uint64_t>> check;
  Method<OldOutgoing, NetworkReply<std::uint64_t>, std::vector<OutgoingDatagram>> send;
  Method<OldOutgoing, std::unique_ptr<p2::Pollable>> room;

  static Result<std::shared_ptr<const Calls>> find(const ProviderRef& from) {
    return std::make_shared<const Calls>(Calls {
      TRY(Binding<OldUdp>::find(from))
      , TRY((find_method<OldUdp, NetworkReply<Pair>, Remote>(from, "stream")))
      , TRY((find_method<OldIncoming, NetworkReply<std::vector<IncomingDatagram>>, std::uint64_t>(from,
                                                                                                  "receive")))
      , TRY((find_method<OldIncoming, std::unique_ptr<p2::Pollable>>(from, "subscribe")))
      , TRY((find_method<OldOutgoing, NetworkReply<std::uint64_t>>(from, "check-send")))
      , TRY((find_method<OldOutgoing, NetworkReply<std::uint64_t>, std::vector<OutgoingDatagram>>(from,
                                                                                                  "send")))
      , TRY((find_method<OldOutgoing, std::unique_ptr<p2::Pollable>>(from, "subscribe")))
    });
  }
};

/// A provider's socket. Shared by its handle and the calls that are under way.
struct Core {
  Core(Foreign<OldUdp> of, std::shared_ptr<ProviderQueue> in) : socket(std::move(of)), queue(std::move(in)) {}

  Foreign<OldUdp> socket;
  // Its children, so that they end before it.
  Foreign<OldIncoming> incoming;
  Foreign<OldOutgoing> outgoing;
  std::shared_ptr<ProviderQueue> queue;
  unsigned calls = 0;    ///< that wait, or ask the streams
  bool sending = false;  ///< one of them sends: what check-send permits is for one at a time
  Signal sent;           ///< fires when it has
  bool bound = false;
  bool connected = false;
};

/// One call that uses the streams; they stay as they are as long as it lives.
class Use {
 public:
  explicit Use(std::shared_ptr<Core> core) : core_(std::move(core)) { ++core_->calls; }
  Use(Use&& other) noexcept : core_(std::move(other.core_)), sends_(std::exchange(other.sends_, false)) {}
  Use& operator=(Use&&) = delete;
  ~Use() {
    if (core_ == nullptr) return;
    if (sends_) {
      core_->sending = false;
      core_->sent.fire();
    }
    --core_->calls;
  }

  /// Its turn to send.
  [[nodiscard]] bool begin_sending() {
    sends_ = !std::exchange(core_->sending, true);
    return sends_;
  }
  [[nodiscard]] Core& operator*() const noexcept { return *core_; }
  [[nodiscard]] Core* operator->() const noexcept { return core_.get(); }

 private:
  std::shared_ptr<Core> core_;
  bool sends_ = false;
};

/// wasi:sockets/types.udp-socket
class NewUdpHandle final : public component::HostResource {
 public:
  using Theirs = OldUdp;
  explicit NewUdpHandle(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  [[nodiscard]] Result<> dropped(component::GuestRun& run) override {
    const auto core = std::move(core_);
    if (core.use_count() > 1) return {};
    TRY(core->incoming.dropped(run));
    TRY(core->outgoing.dropped(run));
    return core->socket.dropped(run);
  }

  [[nodiscard]] const std::shared_ptr<Core>& share() const noexcept { return core_; }
  [[nodiscard]] Core& core() noexcept { return *core_; }
  [[nodiscard]] const Foreign<OldUdp>& socket() const noexcept { return core_->socket; }

 private:
  std::shared_ptr<Core> core_;
};

Result<std::unique_ptr<HostFunction>> create(const ProviderRef& from, const std::string&) {
  using Create = ProviderFunction<NetworkReply<Foreign<OldUdp>>(IpAddressFamily)>;
  auto create = TRY(Create::find(from, {"wasi:sockets/udp-create-socket@0.2", "create-udp-socket"}));
  return component::make_host_function(
      [create = std::move(create)](
          Caller& caller, IpAddressFamily family) -> Result<SocketReply<std::unique_ptr<NewUdpHandle>>> {
        auto made = TRY(create.call(caller, family));
        if (!made) return Refusal(new_socket_error(made.error()));
        auto queue = queue_for(caller, create, made->tree());
        return std::make_unique<NewUdpHandle>(std::make_shared<Core>(*std::move(made), std::move(queue)));
      });
}

Result<std::unique_ptr<HostFunction>> bind(const ProviderRef& from, const std::string&) {
  auto calls = TRY(Calls::find(from));
  return component::make_host_function(
      [calls = std::move(calls)](Caller& caller, NewUdpHandle& self,
                                 IpSocketAddress local) -> Result<SocketReply<>> {
        if (self.core().bound) return refuse(SocketError::invalid_state);
        const auto bound = TRY(calls->binding.bind(caller, self.socket(), local));
        if (bound) self.core().bound = true;
        return other_version<SocketReply<>>(bound);
      });
}

/// Streams to and from `remote`; binds first where nobody has.
Result<NetworkReply<>> open(Caller& caller, Core& core, const Calls& calls, const Remote& remote) {
  if (!core.bound) {
    const auto bound = TRY(calls.binding.bind(caller, core.socket));
    if (!bound) return bound;
    core.bound = true;
  }
  auto made = TRY(calls.stream.call_in(core.socket.tree(), caller, core.socket, remote));
  if (!made) return Refusal(made.error());
  std::tie(core.incoming, core.outgoing) = *std::move(made);
  return NetworkReply<>();
}

/// Other streams, when nobody uses those that there are.
Result<SocketReply<>> reopen(Caller& caller, Core& core, const Calls& calls, const Remote& remote) {
  // Whoever still waits would keep the old ones: 0.2 has no others beside them.
  if (core.calls > 0 || core.incoming.share().use_count() > 1 || core.outgoing.share().use_count() > 1)
    return refuse(SocketError::invalid_state);
  auto& run = caller.tree().run();
  TRY(core.incoming.dropped(run));
  TRY(core.outgoing.dropped(run));
  const auto opened = TRY(open(caller, core, calls, remote));
  core.connected = opened && remote;
  return other_version<SocketReply<>>(opened);
}

Result<std::unique_ptr<HostFunction>> connect(const ProviderRef& from, const std::string&) {
  auto calls = TRY(Calls::find(from));
  return component::make_host_function(
      [calls = std::move(calls)](Caller& caller, NewUdpHandle& self,
                                 IpSocketAddress remote) -> Result<SocketReply<>> {
        return reopen(caller, self.core(), *calls, remote);
      });
}

Result<std::unique_ptr<HostFunction>> disconnect(const ProviderRef& from, const std::string&) {
  auto calls = TRY(Calls::find(from));
  return component::make_host_function(
      [calls = std::move(calls)](Caller& caller, NewUdpHandle& self) -> Result<SocketReply<>> {
        if (!self.core().connected) return refuse(SocketError::invalid_state);
        return reopen(caller, self.core(), *calls, std::nullopt);
      });
}

// ---- receive

Result<Message> checked(const Core& core, std::vector<IncomingDatagram> datagrams) {
  auto& first = datagrams.front();
  if (datagrams.size() > 1 || first.data.size() > kMaxDatagram)
    return fail(Errc::trap_host, "{} has received more than one datagram of 64 KiB",
                core.queue->provider().name);
  return Message(std::move(first.data), first.remote_address);
}

/// Waits for room, or for a datagram.
awaitable<Result<>> wait_for(Core& core, Result<std::unique_ptr<p2::Pollable>> pollable, bool& waited) {
  if (!pollable) co_return std::unexpected(std::move(pollable).error());
  if (waited) co_await pause_for(core.queue->tree()->shard().loop(), kPause);
  waited = true;
  co_return co_await pollable_ready(*std::move(pollable));
}

awaitable<Result<SocketReply<Message>>> receive_later(Use core, std::shared_ptr<const Calls> calls) {
  bool waited = false;
  for (;;) {
    auto pollable = co_await core->queue->call(calls->arrival, core->incoming);
    CO_TRY(co_await wait_for(*core, std::move(pollable), waited));
    auto got = CO_TRY(co_await core->queue->call(calls->receive, core->incoming, 1));
    if (!got) co_return Refusal(new_socket_error(got.error()));
    if (!got->empty()) co_return CO_TRY(checked(*core, *std::move(got)));
  }
}

Result<std::unique_ptr<HostFunction>> receive(const ProviderRef& from, const std::string&) {
  using Reply = Result<SocketReply<Message>>;
  auto calls = TRY(Calls::find(from));
  return component::make_async_host_function(
      [calls = std::move(calls)](Caller& caller, NewUdpHandle& self) -> Eventually<SocketReply<Message>> {
        Use core(self.share());
        if (!core->bound) return Reply(refuse(SocketError::invalid_state));
        if (!core->incoming) {
          const auto opened = open(caller, *core, *calls, std::nullopt);
          if (!opened) return Reply(std::unexpected(opened.error()));
          if (!*opened) return Reply(Refusal(new_socket_error(opened->error())));
        }
        auto got = calls->receive.call_in(core->socket.tree(), caller, core->incoming, 1);
        if (!got) return Reply(std::unexpected(std::move(got).error()));
        if (!*got) return Reply(Refusal(new_socket_error(got->error())));
        if ((*got)->empty()) return receive_later(std::move(core), calls);
        auto message = checked(*core, **std::move(got));
        if (!message) return Reply(std::unexpected(std::move(message).error()));
        return Reply(SocketReply<Message>(*std::move(message)));
      });
}

// ---- send

/// `slot`: the bytes that wait.
awaitable<Result<SocketReply<>>> send_later(Use core, std::shared_ptr<const Calls> calls,
                                            OutgoingDatagram datagram, Quota::Slot /*slot*/) {
  p3::Alarm alarm;
  while (!core.begin_sending()) {
    SignalLink link;
    link.link(core->sent, alarm);
    if (!co_await alarm.wait()) co_return fail(Errc::cancelled, "the operation was cancelled");
  }
  bool waited = false;
  for (;;) {
    const auto permit = CO_TRY(co_await core->queue->call(calls->check, core->outgoing));
    if (!permit) co_return Refusal(new_socket_error(permit.error()));
    if (*permit > 0) {
      std::vector<OutgoingDatagram> one{datagram};
      const auto count = CO_TRY(co_await core->queue->call(calls->send, core->outgoing, std::move(one)));
      if (!count) co_return Refusal(new_socket_error(count.error()));
      if (*count > 0) co_return SocketReply<>();
    }
    auto pollable = co_await core->queue->call(calls->room, core->outgoing);
    CO_TRY(co_await wait_for(*core, std::move(pollable), waited));
  }
}

Result<std::unique_ptr<HostFunction>> send(const ProviderRef& from, const std::string&) {
  using Reply = Result<SocketReply<>>;
  auto calls = TRY(Calls::find(from));
  return component::make_async_host_function(
      [calls = std::move(calls)](Caller& caller, NewUdpHandle& self, ByteView data,
                                 Remote remote) -> Eventually<SocketReply<>> {
        if (data.size() > kMaxDatagram) return Reply(refuse(SocketError::datagram_too_large));
        auto slot = caller.context<Context>().message_bytes().take(data.size());
        if (!slot) return Reply(refuse(SocketError::out_of_memory));
        OutgoingDatagram datagram{.data = Bytes(data.begin(), data.end()), .remote_address = remote};
        Use core(self.share());
        if (!remote && !core->connected) return Reply(refuse(SocketError::invalid_argument));
        if (!core->outgoing) {
          const auto opened = open(caller, *core, *calls, std::nullopt);
          if (!opened) return Reply(std::unexpected(opened.error()));
          if (!*opened) return Reply(Refusal(new_socket_error(opened->error())));
        }
        return send_later(std::move(core), calls, std::move(datagram), *std::move(slot));
      });
}

template <class T>
Adapted getter(const std::string& name) {
  return passed_on<NewUdpHandle, SocketReply<T>, NetworkReply<T>>("get-" + name, name);
}
template <class T>
Adapted setter(const std::string& name) {
  return passed_on<NewUdpHandle, SocketReply<>, NetworkReply<>, T>("set-" + name, "set-" + name);
}

}  // namespace

component::HostTypeTag new_udp_tag() { return component::host_type_tag<NewUdpHandle>(); }

std::vector<Adapted> new_udp_functions() {
  return {
      {.name = "[static]udp-socket.create", .stand_in = {}, .make = create},
      made<OldUdp>("bind", bind),
      made<OldUdp>("connect", connect),
      made<OldUdp>("disconnect", disconnect),
      made<OldUdp>("send", send),
      made<OldUdp>("receive", receive),
      getter<IpSocketAddress>("local-address"),
      getter<IpSocketAddress>("remote-address"),
      passed_on<NewUdpHandle, IpAddressFamily, IpAddressFamily>("get-address-family", "address-family"),
      getter<std::uint8_t>("unicast-hop-limit"),
      setter<std::uint8_t>("unicast-hop-limit"),
      getter<std::uint64_t>("receive-buffer-size"),
      setter<std::uint64_t>("receive-buffer-size"),
      getter<std::uint64_t>("send-buffer-size"),
      setter<std::uint64_t>("send-buffer-size"),
  };
}

}  // namespace wisp::wasi::bridge
