#pragma once

#include "wasi/io/stream.hpp"
#include "wasi/sockets/socket_fd.hpp"

namespace wisp::wasi {

/// The receiving half of a connection.
class TcpSource final : public ByteSource {
 public:
  explicit TcpSource(std::shared_ptr<SocketFd> socket) : socket_(std::move(socket)) {}
  [[nodiscard]] StreamResult<ByteView> read(std::size_t max) override;
  [[nodiscard]] bool ready() override;
  [[nodiscard]] Signal& changed() noexcept override { return socket_->readable(); }

  /// Ends the stream and tells the kernel that nothing more is wanted.
  void shut_down();

 private:
  std::shared_ptr<SocketFd> socket_;
  EndState end_;
  Bytes buffer_;
};

/// The sending half of a connection. What the kernel does not take at once is sent from the loop, also after
/// the sink was dropped, then for at most kLinger.
class TcpSink final : public ByteSink {
 public:
  explicit TcpSink(std::shared_ptr<SocketFd> socket);
  ~TcpSink() override;
  [[nodiscard]] StreamResult<std::size_t> capacity() override;
  [[nodiscard]] StreamResult<> write(ByteView bytes) override;
  [[nodiscard]] StreamResult<> flush() override;
  [[nodiscard]] bool ready() override;
  [[nodiscard]] Signal& changed() noexcept override;

  /// Ends the stream; FIN follows what was written.
  void shut_down();

 private:
  class Pump;
  std::shared_ptr<Pump> pump_;
};

}  // namespace wisp::wasi
