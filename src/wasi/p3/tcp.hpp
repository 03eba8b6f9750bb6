#pragma once

#include "component/instance/host_resource.hpp"
#include "wasi/sockets/tcp.hpp"

#include <memory>
#include <utility>

namespace wisp::wasi::p3 {

/// wasi:sockets/types.tcp-socket. Its streams and futures do not need it.
class TcpHandle final : public component::HostResource {
 public:
  explicit TcpHandle(std::shared_ptr<TcpSocket> socket) : socket_(std::move(socket)) {}

  [[nodiscard]] TcpSocket& socket() noexcept { return *socket_; }
  [[nodiscard]] const std::shared_ptr<TcpSocket>& share() const noexcept { return socket_; }

  /// The socket for its options: not while it connects, nor after it failed to.
  [[nodiscard]] SocketResult<SocketFd*> open() {
    const auto state = socket_->state();
    if (state == TcpSocket::State::connecting || state == TcpSocket::State::closed) {
      return std::unexpected(SocketError::invalid_state);
    }
    return &socket_->socket();
  }

  /// True once, when the socket is connected.
  [[nodiscard]] bool begin(bool TcpHandle::* direction) noexcept {
    if (socket_->state() != TcpSocket::State::connected) return false;
    return !std::exchange(this->*direction, true);
  }
  bool sends = false;
  bool receives = false;

 private:
  std::shared_ptr<TcpSocket> socket_;
};

}  // namespace wisp::wasi::p3
