// wasi:sockets udp and udp-create-socket.
#include "wasi/p2/udp.hpp"
#include "wasi/context.hpp"
#include "wasi/p2/faces.hpp"
#include "wasi/p2/sockets.hpp"
#include "wasi/sockets/option_functions.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

namespace wisp::wasi::p2 {

using component::Caller;

namespace {

constexpr std::uint64_t kMaxDatagrams = 16;  // in one call

struct IncomingDatagram {
  Bytes data;
  IpSocketAddress remote_address;
};
WISP_RECORD(IncomingDatagram, ("data", "remote-address"), value.data, value.remote_address)

struct OutgoingDatagram {
  ByteView data;
  std::optional<IpSocketAddress> remote_address;
};
WISP_RECORD(OutgoingDatagram, ("data", "remote-address"), value.data, value.remote_address)

/// wasi:sockets/udp.incoming-datagram-stream
class IncomingStream final : public component::HostResource {
 public:
  IncomingStream(std::shared_ptr<UdpSocket> socket, ChildToken parent)
      : socket_(std::move(socket)),
        readiness_(std::make_shared<SocketReadiness>(socket_->share(), POLLIN)),
        parent_(std::move(parent)) {}
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("incoming-datagram-stream"); }

  [[nodiscard]] UdpSocket& socket() noexcept { return *socket_; }
  [[nodiscard]] std::unique_ptr<Pollable> subscribe() {
    return std::make_unique<Pollable>(readiness_, children_.adopt());
  }

 private:
  std::shared_ptr<UdpSocket> socket_;
  std::shared_ptr<SocketReadiness> readiness_;
  Children children_;
  ChildToken parent_;
};

/// wasi:sockets/udp.outgoing-datagram-stream
class OutgoingStream final : public component::HostResource {
 public:
  OutgoingStream(std::shared_ptr<UdpSocket> socket, ChildToken parent)
      : socket_(std::move(socket)),
        readiness_(std::make_shared<SocketReadiness>(socket_->share(), POLLOUT)),
        parent_(std::move(parent)) {}
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("outgoing-datagram-stream"); }

  [[nodiscard]] UdpSocket& socket() noexcept { return *socket_; }
  [[nodiscard]] bool writable() { return readiness_->ready(); }
  [[nodiscard]] std::unique_ptr<Pollable> subscribe() {
    return std::make_unique<Pollable>(readiness_, children_.adopt());
  }

  /// Datagrams that the last check-send permits.
  std::uint64_t permit = 0;

 private:
  std::shared_ptr<UdpSocket> socket_;
  std::shared_ptr<SocketReadiness> readiness_;
  Children children_;
  ChildToken parent_;
};

using Streams = std::tuple<std::unique_ptr<IncomingStream>, std::unique_ptr<OutgoingStream>>;

NetworkReply<> start_bind(Caller&, UdpHandle& self, Network&, IpSocketAddress local) {
  if (self.binding) return refuse(SocketError::concurrency_conflict);
  if (auto bound = self.socket().bind(to_core(local)); !bound) return refuse(bound.error());
  self.binding = true;
  return {};
}

NetworkReply<> finish_bind(Caller&, UdpHandle& self) {
  if (!self.binding) return refuse(SocketError::not_in_progress);
  self.binding = false;
  return {};
}

Result<NetworkReply<Streams>> stream(Caller&, UdpHandle& self, std::optional<IpSocketAddress> remote) {
  if (self.streams().any())
    return fail(Errc::trap_host, "udp-socket.stream while earlier streams are still held");
  auto& socket = self.socket();
  if (!socket.bound() || self.binding) return refuse(SocketError::invalid_state);
  SocketResult<> peer;
  if (remote) {
    peer = socket.connect(to_core(*remote));
  } else if (socket.remote()) {
    peer = socket.disconnect();
  }
  if (!peer) return refuse(peer.error());
  return Streams(std::make_unique<IncomingStream>(self.share(), self.streams().adopt()),
                 std::make_unique<OutgoingStream>(self.share(), self.streams().adopt()));
}

NetworkReply<IpSocketAddress> local_address(Caller&, UdpHandle& self) {
  if (self.binding) return refuse(SocketError::invalid_state);
  const auto address = self.socket().local_address();
  if (!address) return refuse(address.error());
  return from_core(*address);
}

NetworkReply<IpSocketAddress> remote_address(Caller&, UdpHandle& self) {
  if (!self.socket().remote()) return refuse(SocketError::invalid_state);
  return from_core(*self.socket().remote());
}

NetworkReply<std::vector<IncomingDatagram>> receive(Caller&, IncomingStream& self, std::uint64_t max) {
  std::vector<IncomingDatagram> datagrams;
  std::size_t bytes = 0;
  while (datagrams.size() < std::min(max, kMaxDatagrams) && bytes < kMaxRead) {
    auto datagram = self.socket().receive();
    if (!datagram) {
      if (datagram.error() == SocketError::would_block || !datagrams.empty()) break;
      return refuse(datagram.error());
    }
    bytes += datagram->data.size() + 1;
    datagrams.push_back({std::move(datagram->data), from_core(datagram->remote)});
  }
  return datagrams;
}

NetworkReply<std::uint64_t> check_send(Caller&, OutgoingStream& self) {
  self.permit = self.writable() ? kMaxDatagrams : 0;
  return self.permit;
}

Result<NetworkReply<std::uint64_t>> send(Caller&, OutgoingStream& self,
                                         std::vector<OutgoingDatagram> datagrams) {
  if (datagrams.empty()) return 0;
  if (datagrams.size() > self.permit) {
    return fail(Errc::trap_host, "{} datagrams where check-send permitted {}", datagrams.size(), self.permit);
  }
  self.permit = 0;
  std::uint64_t count = 0;
  for (const auto& datagram : datagrams) {
    std::optional<SocketAddress> to;
    if (datagram.remote_address) to = to_core(*datagram.remote_address);
    const auto sent = self.socket().send(datagram.data, to);
    if (!sent) {
      if (sent.error() == SocketError::would_block || count > 0) break;
      return refuse(sent.error());
    }
    ++count;
  }
  return count;
}

NetworkReply<std::unique_ptr<UdpHandle>> create(Caller& caller, IpAddressFamily family) {
  auto& context = caller.context<Context>();
  auto slot = context.sockets().take();
  if (!slot) return refuse(SocketError::new_socket_limit);
  auto socket = UdpSocket::create(caller.loop(), context.network(), to_core(family));
  if (!socket) return refuse(socket.error());
  (*socket)->socket().hold(std::move(*slot));
  return std::make_unique<UdpHandle>(std::move(*socket));
}

}  // namespace

void add_udp(component::HostLinker& linker) {
  auto& face = linker.interface("wasi:sockets/udp@0.2.12");
  face.resource<UdpHandle>("udp-socket")
      .resource<IncomingStream>("incoming-datagram-stream")
      .resource<OutgoingStream>("outgoing-datagram-stream")
      .resource<Network>("network")
      .resource<Pollable>("pollable")
      .function("[method]udp-socket.start-bind", start_bind)
      .function("[method]udp-socket.finish-bind", finish_bind)
      .function("[method]udp-socket.stream", stream)
      .function("[method]udp-socket.local-address", local_address)
      .function("[method]udp-socket.remote-address", remote_address)
      .function("[method]udp-socket.address-family",
                [](Caller&, UdpHandle& self) { return from_core(self.socket().family()); })
      .function("[method]udp-socket.subscribe", [](Caller&, UdpHandle& self) { return self.subscribe(); })
      .function("[method]incoming-datagram-stream.receive", receive)
      .function("[method]incoming-datagram-stream.subscribe",
                [](Caller&, IncomingStream& self) { return self.subscribe(); })
      .function("[method]outgoing-datagram-stream.check-send", check_send)
      .function("[method]outgoing-datagram-stream.send", send)
      .function("[method]outgoing-datagram-stream.subscribe",
                [](Caller&, OutgoingStream& self) { return self.subscribe(); });
  options::add_udp_options<UdpHandle>(face, "", [](auto result) { return reply(std::move(result)); });
  linker.interface("wasi:sockets/udp-create-socket@0.2.12")
      .resource<Network>("network")
      .resource<UdpHandle>("udp-socket")
      .function("create-udp-socket", create);
}

}  // namespace wisp::wasi::p2
