#pragma once

#include "wasi/p2/resources.hpp"
#include "wasi/sockets/udp.hpp"

#include <memory>
#include <utility>

namespace wisp::wasi::p2 {

/// wasi:sockets/udp.udp-socket; parent of its datagram streams and pollables.
class UdpHandle final : public component::HostResource {
 public:
  explicit UdpHandle(std::shared_ptr<UdpSocket> socket) : socket_(std::move(socket)) {}
  [[nodiscard]] Result<> may_drop() override {
    TRY(streams_.none_left("udp-socket"));
    return pollables_.none_left("udp-socket");
  }

  [[nodiscard]] const std::shared_ptr<UdpSocket>& share() const noexcept { return socket_; }
  [[nodiscard]] UdpSocket& socket() noexcept { return *socket_; }
  /// Always: it has a descriptor from the beginning.
  [[nodiscard]] SocketResult<SocketFd*> open() noexcept { return &socket_->socket(); }
  [[nodiscard]] Children& streams() noexcept { return streams_; }
  [[nodiscard]] std::unique_ptr<Pollable> subscribe() {
    return std::make_unique<Pollable>(std::make_shared<AlwaysReady>(), pollables_.adopt());
  }

  bool binding = false;  ///< between start-bind and finish-bind

 private:
  std::shared_ptr<UdpSocket> socket_;
  Children streams_;
  Children pollables_;
};

}  // namespace wisp::wasi::p2
