// wasi:sockets/types.udp-socket over UdpSocket.
#include "wasi/p3/udp.hpp"
#include "component/instance/host_resource.hpp"
#include "component/link/host.hpp"
#include "wasi/context.hpp"
#include "wasi/p3/faces.hpp"
#include "wasi/p3/sockets.hpp"
#include "wasi/p3/wait.hpp"
#include "wasi/sockets/option_functions.hpp"

#include <memory>
#include <optional>
#include <tuple>

namespace wisp::wasi::p3 {

using boost::asio::awaitable;
using component::Caller;
using component::Eventually;

namespace {

using Message = std::tuple<Bytes, IpSocketAddress>;

SocketReply<std::unique_ptr<UdpHandle>> create(Caller& caller, IpAddressFamily family) {
  auto& context = caller.context<Context>();
  auto slot = context.sockets().take();
  if (!slot) return refuse(SocketError::new_socket_limit);
  auto socket = UdpSocket::create(caller.loop(), context.network(), to_core(family));
  if (!socket) return refuse(socket.error());
  (*socket)->socket().hold(std::move(*slot));
  return std::make_unique<UdpHandle>(std::move(*socket));
}

std::unexpected<Error> cancelled() { return fail(Errc::cancelled, "the operation was cancelled"); }

template <class T>
bool waits(const SocketResult<T>& result) {
  return !result && result.error() == SocketError::would_block;
}

awaitable<Result<SocketReply<>>> send_later(std::shared_ptr<UdpSocket> socket, Bytes data,
                                            std::optional<SocketAddress> to) {
  SocketReadiness writable(socket->share(), POLLOUT);
  while (true) {
    if (!co_await until_ready(writable)) co_return cancelled();
    if (const auto sent = socket->send(data, to); !waits(sent)) co_return reply(sent);
  }
}

Eventually<SocketReply<>> send(Caller&, UdpHandle& self, ByteView data,
                               std::optional<IpSocketAddress> remote) {
  std::optional<SocketAddress> to;
  if (remote) to = to_core(*remote);
  const auto sent = self.socket().send(data, to);
  if (!waits(sent)) return Result<SocketReply<>>(reply(sent));
  return send_later(self.share(), Bytes(data.begin(), data.end()), to);
}

SocketReply<Message> message(SocketResult<Datagram> datagram) {
  if (!datagram) return refuse(datagram.error());
  return Message(std::move(datagram->data), from_core(datagram->remote));
}

awaitable<Result<SocketReply<Message>>> receive_later(std::shared_ptr<UdpSocket> socket) {
  SocketReadiness readable(socket->share(), POLLIN);
  while (true) {
    if (!co_await until_ready(readable)) co_return cancelled();
    if (auto datagram = socket->receive(); !waits(datagram)) co_return message(std::move(datagram));
  }
}

Eventually<SocketReply<Message>> receive(Caller&, UdpHandle& self) {
  auto datagram = self.socket().receive();
  if (!waits(datagram)) return Result<SocketReply<Message>>(message(std::move(datagram)));
  return receive_later(self.share());
}

SocketReply<IpSocketAddress> local_address(Caller&, UdpHandle& self) {
  const auto address = self.socket().local_address();
  if (!address) return refuse(address.error());
  return from_core(*address);
}

SocketReply<IpSocketAddress> remote_address(Caller&, UdpHandle& self) {
  if (!self.socket().remote()) return refuse(SocketError::invalid_state);
  return from_core(*self.socket().remote());
}

}  // namespace

void add_udp(component::HostLinker& linker) {
  auto& face = linker.interface("wasi:sockets/types@0.3.2");
  face.resource<UdpHandle>("udp-socket")
      .function("[static]udp-socket.create", create)
      .function("[method]udp-socket.bind",
                [](Caller&, UdpHandle& self, IpSocketAddress local) {
                  return reply(self.socket().bind(to_core(local)));
                })
      .function("[method]udp-socket.connect",
                [](Caller&, UdpHandle& self, IpSocketAddress remote) {
                  return reply(self.socket().connect(to_core(remote)));
                })
      .function("[method]udp-socket.disconnect",
                [](Caller&, UdpHandle& self) { return reply(self.socket().disconnect()); })
      .async_function("[method]udp-socket.send", send)
      .async_function("[method]udp-socket.receive", receive)
      .function("[method]udp-socket.get-local-address", local_address)
      .function("[method]udp-socket.get-remote-address", remote_address)
      .function("[method]udp-socket.get-address-family",
                [](Caller&, UdpHandle& self) { return from_core(self.socket().family()); });
  options::add_udp_options<UdpHandle>(face, "get-", [](auto result) { return reply(std::move(result)); });
}

}  // namespace wisp::wasi::p3
