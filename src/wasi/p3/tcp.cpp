// wasi:sockets/types.tcp-socket over TcpSocket (TcpSocketOperationalSemantics-0.3.0.md).
#include "wasi/p3/tcp.hpp"
#include "component/instance/host_resource.hpp"
#include "component/link/channels.hpp"
#include "wasi/context.hpp"
#include "wasi/p3/faces.hpp"
#include "wasi/p3/tcp_flow.hpp"
#include "wasi/p3/wait.hpp"
#include "wasi/sockets/option_functions.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

namespace wisp::wasi::p3 {

using boost::asio::awaitable;
using component::Caller;
using component::Eventually;
using component::Future;
using component::Stream;

namespace {

constexpr std::size_t kMaxAccepted = 16;                       // for one read
constexpr auto kAcceptPause = std::chrono::milliseconds(100);  // when the system has no room

using Connection = std::unique_ptr<TcpHandle>;
using Connections = component::StreamWriter<Connection>;

SocketReply<Connection> create(Caller& caller, IpAddressFamily family) {
  auto& context = caller.context<Context>();
  auto slot = context.sockets().take();
  if (!slot) return refuse(SocketError::new_socket_limit);
  auto socket = TcpSocket::create(caller.loop(), context.network(), to_core(family));
  if (!socket) return refuse(socket.error());
  (*socket)->socket().hold(std::move(*slot));
  return std::make_unique<TcpHandle>(std::move(*socket));
}

/// Waits until the socket may have something to tell. False: the coroutine was cancelled.
awaitable<bool> until_changed(TcpSocket& socket, Alarm& alarm) {
  if (socket.ready()) co_return true;
  SignalLink link;
  link.link(socket.changed(), alarm);
  co_return co_await alarm.wait();
}

awaitable<Result<SocketReply<>>> finish_connect(std::shared_ptr<TcpSocket> socket) {
  Alarm alarm;
  while (true) {
    const auto connected = socket->finish_connect();
    if (connected || connected.error() != SocketError::would_block) co_return reply(connected);
    if (!co_await until_changed(*socket, alarm)) {
      socket->cancel_connect();
      co_return fail(Errc::cancelled, "the connection attempt was cancelled");
    }
  }
}

Eventually<SocketReply<>> connect(Caller&, TcpHandle& self, IpSocketAddress remote) {
  auto started = self.socket().connect(to_core(remote));
  if (!started) return Result<SocketReply<>>(reply(started));
  return finish_connect(self.share());
}

/// The accepted connections that a read has room for, or none when the coroutine should look again. Errors of
/// accept() belong to connections that have not come about; the stream goes on (types.wit, listen).
std::vector<Connection> accept_some(TcpSocket& listener, const Quota::Slot& quota, std::size_t room,
                                    SocketResult<>& why) {
  std::vector<Connection> accepted;
  why = {};
  while (accepted.size() < std::min(room, kMaxAccepted)) {
    auto slot = quota.sibling();
    if (!slot.resize(1)) {
      why = std::unexpected(SocketError::new_socket_limit);
      break;
    }
    auto socket = listener.accept();
    if (!socket) {
      why = std::unexpected(socket.error());
      if (socket.error() == SocketError::connection_aborted) continue;
      break;
    }
    (*socket)->socket().hold(std::move(slot));
    accepted.push_back(std::make_unique<TcpHandle>(std::move(*socket)));
  }
  return accepted;
}

awaitable<void> pause(boost::asio::io_context& loop) {
  boost::asio::steady_timer timer(loop, kAcceptPause);
  boost::system::error_code error;
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
}

/// Lets go of the listener as soon as nobody can accept any more: its port is free at once.
struct Listening final : Waiter {
  explicit Listening(std::shared_ptr<TcpSocket> listener) : socket(std::move(listener)) {}
  void wake() noexcept override {
    socket.reset();
    alarm.wake();
  }
  std::shared_ptr<TcpSocket> socket;
  Alarm alarm;
};

/// Accepts for as long as the stream is read: who does not read leaves connections in the system's backlog,
/// and so does who holds as many sockets as it may.
awaitable<void> accept_all(std::shared_ptr<TcpSocket> listener, Quota::Slot quota,
                           std::unique_ptr<Connections> stream) {
  Listening listening(std::move(listener));
  Alarm& alarm = listening.alarm;
  SignalLink dropping;
  dropping.link(stream->dropping(), listening);
  while (!stream->dropped() && listening.socket != nullptr) {
    SignalLink link;
    if (!stream->wanted()) {
      link.link(stream->offering(), alarm);
      if (!co_await alarm.wait()) co_return;
    } else if (!listening.socket->ready()) {
      link.link(listening.socket->changed(), alarm);
      if (!co_await alarm.wait()) co_return;
    } else if (stream->room() == 0) {
      stream->ready();
    } else {
      SocketResult<> why;
      auto accepted = accept_some(*listening.socket, quota, stream->room(), why);
      if (!accepted.empty()) {
        if (const auto given = co_await stream->write_all(accepted); !given || !*given) co_return;
      } else if (why == std::unexpected(SocketError::new_socket_limit) && !quota.sibling().resize(1)) {
        link.link(quota.freed(), alarm);
        if (!co_await alarm.wait()) co_return;
      } else if (!why && why.error() != SocketError::would_block) {
        co_await pause(listening.socket->socket().loop());
      }
    }
  }
}

SocketReply<Stream<Connection>> listen(Caller& caller, TcpHandle& self) {
  if (auto listening = self.socket().listen(); !listening) return refuse(listening.error());
  auto stream = std::make_unique<Connections>();
  auto end = stream->readable();
  boost::asio::co_spawn(
      caller.loop(), accept_all(self.share(), caller.context<Context>().sockets().empty(), std::move(stream)),
      boost::asio::detached);
  return end;
}

Future<FlowResult> send(Caller&, TcpHandle& self, Stream<std::uint8_t> data) {
  if (!self.begin(&TcpHandle::sends)) {
    return component::ready_future(FlowResult(refuse(SocketError::invalid_state)));
  }
  return send_to(self.socket().share(), std::move(data));
}

Received receive(Caller&, TcpHandle& self) {
  if (!self.begin(&TcpHandle::receives)) {
    // Its writer is gone at once: closed.
    return {component::StreamWriter<std::uint8_t>().readable(),
            component::ready_future(FlowResult(refuse(SocketError::invalid_state)))};
  }
  return receive_from(self.socket().share());
}

SocketReply<IpSocketAddress> address(const SocketResult<SocketAddress>& address) {
  if (!address) return refuse(address.error());
  return from_core(*address);
}

}  // namespace

void add_tcp(component::HostLinker& linker) {
  auto& types = linker.interface("wasi:sockets/types@0.3.2");
  types.resource<TcpHandle>("tcp-socket")
      .function("[static]tcp-socket.create", create)
      .function("[method]tcp-socket.bind",
                [](Caller&, TcpHandle& self, IpSocketAddress local) {
                  return reply(self.socket().bind(to_core(local)));
                })
      .async_function("[method]tcp-socket.connect", connect)
      .function("[method]tcp-socket.listen", listen)
      .function("[method]tcp-socket.send", send)
      .function("[method]tcp-socket.receive", receive)
      .function("[method]tcp-socket.get-local-address",
                [](Caller&, TcpHandle& self) { return address(self.socket().local_address()); })
      .function("[method]tcp-socket.get-remote-address",
                [](Caller&, TcpHandle& self) { return address(self.socket().remote_address()); })
      .function("[method]tcp-socket.get-is-listening",
                [](Caller&, TcpHandle& self) { return self.socket().state() == TcpSocket::State::listening; })
      .function("[method]tcp-socket.get-address-family",
                [](Caller&, TcpHandle& self) { return from_core(self.socket().family()); });
  options::add_tcp_options<TcpHandle>(types, "get-", [](auto result) { return reply(std::move(result)); });
}

}  // namespace wisp::wasi::p3
