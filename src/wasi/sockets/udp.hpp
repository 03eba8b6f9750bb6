#pragma once

#include "wasi/io/stream.hpp"
#include "wasi/sockets/access.hpp"
#include "wasi/sockets/socket_fd.hpp"

#include <memory>
#include <optional>

namespace wisp::wasi {

struct Datagram {
  Bytes data;
  SocketAddress remote;
};

/// A UDP socket of a guest. Nothing blocks: send() and receive() say would_block, the socket's readiness says
/// when to try again.
class UdpSocket {
 public:
  [[nodiscard]] static SocketResult<std::shared_ptr<UdpSocket>> create(boost::asio::io_context& loop,
                                                                       std::shared_ptr<NetworkAccess> access,
                                                                       AddressFamily family);
  UdpSocket(std::shared_ptr<SocketFd> socket, std::shared_ptr<NetworkAccess> access)
      : socket_(std::move(socket)), access_(std::move(access)) {}

  [[nodiscard]] AddressFamily family() const noexcept { return socket_->family(); }
  [[nodiscard]] SocketFd& socket() noexcept { return *socket_; }
  [[nodiscard]] const std::shared_ptr<SocketFd>& share() const noexcept { return socket_; }
  [[nodiscard]] bool bound() const noexcept { return bound_; }
  [[nodiscard]] const std::optional<SocketAddress>& remote() const noexcept { return remote_; }

  [[nodiscard]] SocketResult<> bind(const SocketAddress& local);
  /// Sets the peer, replacing an earlier one; only it is heard from then on. Binds implicitly.
  [[nodiscard]] SocketResult<> connect(const SocketAddress& remote);
  /// invalid_state without a peer.
  [[nodiscard]] SocketResult<> disconnect();
  /// To `to`, or to the peer. With a peer `to` may only name it.
  [[nodiscard]] SocketResult<> send(ByteView data, const std::optional<SocketAddress>& to);
  /// The next datagram that the guest may hear.
  [[nodiscard]] SocketResult<Datagram> receive();
  [[nodiscard]] SocketResult<SocketAddress> local_address() const;

 private:
  std::shared_ptr<SocketFd> socket_;
  std::shared_ptr<NetworkAccess> access_;
  bool bound_ = false;
  std::optional<SocketAddress> remote_;
};

}  // namespace wisp::wasi
