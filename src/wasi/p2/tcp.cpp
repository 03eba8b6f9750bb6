// wasi:sockets tcp and tcp-create-socket: the two-step calls of 0.2 over TcpSocket
// (TcpSocketOperationalSemantics.md).
#include "wasi/p2/tcp.hpp"
#include "wasi/context.hpp"
#include "wasi/p2/faces.hpp"
#include "wasi/p2/sockets.hpp"
#include "wasi/sockets/option_functions.hpp"

#include <memory>
#include <tuple>

namespace wisp::wasi::p2 {

using component::Caller;

namespace {

enum class ShutdownType : std::uint8_t { receive, send, both };
WISP_ENUM(ShutdownType, "receive", "send", "both")

using Streams = std::tuple<std::unique_ptr<InputStream>, std::unique_ptr<OutputStream>>;
using Accepted =
    std::tuple<std::unique_ptr<TcpHandle>, std::unique_ptr<InputStream>, std::unique_ptr<OutputStream>>;

NetworkReply<> begin(TcpHandle& self, Pending what, SocketResult<> started) {
  if (!started) return refuse(started.error());
  self.pending() = what;
  return {};
}

NetworkReply<> finish(TcpHandle& self, Pending what) {
  if (self.pending() != what) return refuse(SocketError::not_in_progress);
  self.pending() = Pending::none;
  return {};
}

NetworkReply<> start_bind(Caller&, TcpHandle& self, Network&, IpSocketAddress local) {
  if (self.pending() != Pending::none) return refuse(SocketError::concurrency_conflict);
  return begin(self, Pending::bind, self.socket().bind(to_core(local)));
}

NetworkReply<> start_connect(Caller&, TcpHandle& self, Network&, IpSocketAddress remote) {
  if (self.pending() != Pending::none) return refuse(SocketError::concurrency_conflict);
  return begin(self, Pending::connect, self.socket().connect(to_core(remote)));
}

NetworkReply<Streams> finish_connect(Caller&, TcpHandle& self) {
  if (self.pending() != Pending::connect) return refuse(SocketError::not_in_progress);
  const auto connected = self.socket().finish_connect();
  if (!connected && connected.error() == SocketError::would_block) return refuse(connected.error());
  self.pending() = Pending::none;
  if (!connected) return refuse(connected.error());
  return Streams(self.input(), self.output());
}

NetworkReply<> start_listen(Caller&, TcpHandle& self) {
  if (self.pending() != Pending::none) return refuse(SocketError::concurrency_conflict);
  // Unlike the socket itself, 0.2 wants a bind first.
  if (self.socket().state() != TcpSocket::State::bound) return refuse(SocketError::invalid_state);
  return begin(self, Pending::listen, self.socket().listen());
}

NetworkReply<Accepted> accept(Caller& caller, TcpHandle& self) {
  if (self.socket().state() != TcpSocket::State::listening || self.pending() != Pending::none) {
    return refuse(SocketError::invalid_state);
  }
  auto slot = caller.context<Context>().sockets().take();
  if (!slot) return refuse(SocketError::new_socket_limit);
  auto socket = self.socket().accept();
  if (!socket) return refuse(socket.error());
  (*socket)->socket().hold(std::move(*slot));
  auto handle = std::make_unique<TcpHandle>(std::move(*socket));
  auto input = handle->input();
  auto output = handle->output();
  return Accepted(std::move(handle), std::move(input), std::move(output));
}

NetworkReply<IpSocketAddress> local_address(Caller&, TcpHandle& self) {
  if (self.pending() == Pending::bind) return refuse(SocketError::invalid_state);
  const auto address = self.socket().local_address();
  if (!address) return refuse(address.error());
  return from_core(*address);
}

NetworkReply<IpSocketAddress> remote_address(Caller&, TcpHandle& self) {
  const auto address = self.socket().remote_address();
  if (!address) return refuse(address.error());
  return from_core(*address);
}

NetworkReply<> shutdown(Caller&, TcpHandle& self, ShutdownType how) {
  if (self.socket().state() != TcpSocket::State::connected) return refuse(SocketError::invalid_state);
  if (how != ShutdownType::send) self.socket().source()->shut_down();
  if (how != ShutdownType::receive) self.socket().sink()->shut_down();
  return {};
}

NetworkReply<std::unique_ptr<TcpHandle>> create(Caller& caller, IpAddressFamily family) {
  auto& context = caller.context<Context>();
  auto slot = context.sockets().take();
  if (!slot) return refuse(SocketError::new_socket_limit);
  auto socket = TcpSocket::create(caller.loop(), context.network(), to_core(family));
  if (!socket) return refuse(socket.error());
  (*socket)->socket().hold(std::move(*slot));
  return std::make_unique<TcpHandle>(std::move(*socket));
}

}  // namespace

void add_tcp(component::HostLinker& linker) {
  auto& tcp = linker.interface("wasi:sockets/tcp@0.2.12");
  tcp.resource<TcpHandle>("tcp-socket")
      .resource<Network>("network")
      .resource<Pollable>("pollable")
      .resource<InputStream>("input-stream")
      .resource<OutputStream>("output-stream")
      .function("[method]tcp-socket.start-bind", start_bind)
      .function("[method]tcp-socket.finish-bind",
                [](Caller&, TcpHandle& self) { return finish(self, Pending::bind); })
      .function("[method]tcp-socket.start-connect", start_connect)
      .function("[method]tcp-socket.finish-connect", finish_connect)
      .function("[method]tcp-socket.start-listen", start_listen)
      .function("[method]tcp-socket.finish-listen",
                [](Caller&, TcpHandle& self) { return finish(self, Pending::listen); })
      .function("[method]tcp-socket.accept", accept)
      .function("[method]tcp-socket.local-address", local_address)
      .function("[method]tcp-socket.remote-address", remote_address)
      .function("[method]tcp-socket.is-listening",
                [](Caller&, TcpHandle& self) {
                  return self.socket().state() == TcpSocket::State::listening &&
                         self.pending() == Pending::none;
                })
      .function("[method]tcp-socket.address-family",
                [](Caller&, TcpHandle& self) { return from_core(self.socket().family()); })
      .function("[method]tcp-socket.subscribe", [](Caller&, TcpHandle& self) { return self.subscribe(); })
      .function("[method]tcp-socket.shutdown", shutdown);
  options::add_tcp_options<TcpHandle>(tcp, "", [](auto result) { return reply(std::move(result)); });
  linker.interface("wasi:sockets/tcp-create-socket@0.2.12")
      .resource<Network>("network")
      .resource<TcpHandle>("tcp-socket")
      .function("create-tcp-socket", create);
}

}  // namespace wisp::wasi::p2
