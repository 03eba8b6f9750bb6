#pragma once

#include "wasi/p2/resources.hpp"
#include "wasi/sockets/tcp.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace wisp::wasi::p2 {

/// The first half of a call in two steps that has not been followed by the second.
enum class Pending : std::uint8_t { none, bind, connect, listen };

/// What a socket's pollable waits for: an unfinished connect, or, once listening, somebody to accept.
class TcpState final : public Readiness {
 public:
  explicit TcpState(std::shared_ptr<TcpSocket> connection) : socket(std::move(connection)) {}

  bool ready() override {
    const bool waits = pending == Pending::connect ||
                       (pending == Pending::none && socket->state() == TcpSocket::State::listening);
    return !waits || socket->ready();
  }
  Signal& changed() noexcept override { return socket->changed(); }

  std::shared_ptr<TcpSocket> socket;
  Pending pending = Pending::none;
};

/// wasi:sockets/tcp.tcp-socket; parent of its streams and pollables.
class TcpHandle final : public component::HostResource {
 public:
  explicit TcpHandle(std::shared_ptr<TcpSocket> socket)
      : state_(std::make_shared<TcpState>(std::move(socket))) {}
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("tcp-socket"); }

  [[nodiscard]] TcpSocket& socket() noexcept { return *state_->socket; }
  [[nodiscard]] const std::shared_ptr<TcpSocket>& share() const noexcept { return state_->socket; }
  [[nodiscard]] Pending& pending() noexcept { return state_->pending; }
  [[nodiscard]] std::unique_ptr<Pollable> subscribe() {
    return std::make_unique<Pollable>(state_, children_.adopt());
  }
  [[nodiscard]] std::unique_ptr<InputStream> input() {
    return std::make_unique<InputStream>(socket().source(), children_.adopt());
  }
  [[nodiscard]] std::unique_ptr<OutputStream> output() {
    return std::make_unique<OutputStream>(socket().sink(), children_.adopt());
  }

  /// The socket for its options: not while it connects, nor after it failed to.
  [[nodiscard]] SocketResult<SocketFd*> open() {
    const auto state = socket().state();
    if (state == TcpSocket::State::connecting || state == TcpSocket::State::closed) {
      return std::unexpected(SocketError::invalid_state);
    }
    return &socket().socket();
  }

 private:
  std::shared_ptr<TcpState> state_;
  Children children_;
};

}  // namespace wisp::wasi::p2
