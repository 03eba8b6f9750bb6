#pragma once

#include "component/instance/host_resource.hpp"
#include "wasi/sockets/udp.hpp"

#include <memory>
#include <utility>

namespace wisp::wasi::p3 {

/// wasi:sockets/types.udp-socket
class UdpHandle final : public component::HostResource {
 public:
  explicit UdpHandle(std::shared_ptr<UdpSocket> socket) : socket_(std::move(socket)) {}

  [[nodiscard]] UdpSocket& socket() noexcept { return *socket_; }
  /// Always: it has a descriptor from the beginning.
  [[nodiscard]] SocketResult<SocketFd*> open() noexcept { return &socket_->socket(); }
  [[nodiscard]] const std::shared_ptr<UdpSocket>& share() const noexcept { return socket_; }

 private:
  std::shared_ptr<UdpSocket> socket_;
};

}  // namespace wisp::wasi::p3
