#pragma once

#include "wasi/sockets/access.hpp"
#include "wasi/sockets/socket_fd.hpp"
#include "wasi/sockets/tcp_stream.hpp"

#include <memory>
#include <optional>

namespace wisp::wasi {

/// A TCP socket of a guest: unbound → bound → connecting → connected, or → listening; a failed connection
/// attempt closes it for good. Nothing blocks; what an operation waits for is readiness(). Which calls have
/// to come in pairs is the business of the face above.
class TcpSocket {
 public:
  enum class State : std::uint8_t { unbound, bound, connecting, connected, listening, closed };

  [[nodiscard]] static SocketResult<std::shared_ptr<TcpSocket>> create(boost::asio::io_context& loop,
                                                                       std::shared_ptr<NetworkAccess> access,
                                                                       AddressFamily family);
  TcpSocket(std::shared_ptr<SocketFd> socket, std::shared_ptr<NetworkAccess> access, State state)
      : socket_(std::move(socket)), access_(std::move(access)), state_(state) {}

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] AddressFamily family() const noexcept { return socket_->family(); }
  [[nodiscard]] SocketFd& socket() noexcept { return *socket_; }
  [[nodiscard]] const std::shared_ptr<SocketFd>& share() const noexcept { return socket_; }

  [[nodiscard]] SocketResult<> bind(const SocketAddress& local);
  /// Begins; finish_connect() tells how it went.
  [[nodiscard]] SocketResult<> connect(const SocketAddress& remote);
  /// would_block while it is under way; an error closes the socket.
  [[nodiscard]] SocketResult<> finish_connect();
  /// Gives up the attempt that is under way: the socket is closed then.
  void cancel_connect() noexcept;
  /// Binds to any address first where bind() was not called.
  [[nodiscard]] SocketResult<> listen();
  /// would_block when nobody waits. Accepted sockets are connected and inherit the listener's options.
  [[nodiscard]] SocketResult<std::shared_ptr<TcpSocket>> accept();
  /// Bounded to what the system takes; on a listening socket at once.
  [[nodiscard]] SocketResult<> set_backlog(std::uint64_t connections);

  [[nodiscard]] SocketResult<SocketAddress> local_address() const;
  [[nodiscard]] SocketResult<SocketAddress> remote_address() const;

  /// The halves of a connection, made once; null before.
  [[nodiscard]] const std::shared_ptr<TcpSource>& source();
  [[nodiscard]] const std::shared_ptr<TcpSink>& sink();

  /// What connect() or accept() waits for; without either, ready.
  [[nodiscard]] bool ready();
  [[nodiscard]] Signal& changed() noexcept;

 private:
  [[nodiscard]] SocketResult<> bind_now(const SocketAddress& local);

  std::shared_ptr<SocketFd> socket_;
  std::shared_ptr<NetworkAccess> access_;
  State state_;
  int backlog_ = 128;
  std::optional<SocketError> connect_error_;  // known before the kernel had to be asked
  std::shared_ptr<TcpSource> source_;
  std::shared_ptr<TcpSink> sink_;
};

}  // namespace wisp::wasi
