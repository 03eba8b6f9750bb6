#pragma once

#include "wasi/io/readiness.hpp"
#include "wasi/io/unique_fd.hpp"
#include "wasi/sockets/address.hpp"
#include "wasi/system/quota.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <poll.h>

#include <memory>
#include <optional>

namespace wisp::wasi {

/// A non-blocking socket and its readiness on the loop. Shared by the socket object and the streams made from
/// it; closed with the last of them. One shard.
class SocketFd {
 public:
  /// Fails with the case of socket(2). IPv6 sockets never speak IPv4 (IPV6_V6ONLY).
  [[nodiscard]] static SocketResult<std::shared_ptr<SocketFd>> create(boost::asio::io_context& loop,
                                                                      AddressFamily family, int type);
  SocketFd(boost::asio::io_context& loop, UniqueFd fd, AddressFamily family);
  ~SocketFd();
  SocketFd(const SocketFd&) = delete;
  SocketFd& operator=(const SocketFd&) = delete;

  [[nodiscard]] int get() const noexcept { return fd_.get(); }
  [[nodiscard]] AddressFamily family() const noexcept { return family_; }
  [[nodiscard]] boost::asio::io_context& loop() const noexcept { return loop_; }

  /// Whether poll(2) reports any of `events` (POLLIN, POLLOUT), an error or a hang-up.
  [[nodiscard]] bool is_ready(short events) const noexcept;

  /// Makes the signal of that direction fire once it is ready.
  void arm_read();
  void arm_write();
  [[nodiscard]] Signal& readable() noexcept { return signals_->readable; }
  [[nodiscard]] Signal& writable() noexcept { return signals_->writable; }

  [[nodiscard]] SocketResult<SocketAddress> local_address() const;
  [[nodiscard]] SocketResult<SocketAddress> remote_address() const;

  /// The guest's quota that it counts against.
  void hold(Quota::Slot slot) { slot_ = std::move(slot); }

 private:
  struct Signals {
    Signal readable;
    Signal writable;
    bool read_armed = false;
    bool write_armed = false;
  };
  boost::asio::posix::stream_descriptor& events();

  boost::asio::io_context& loop_;
  UniqueFd fd_;
  AddressFamily family_;
  std::shared_ptr<Signals> signals_ = std::make_shared<Signals>();
  std::optional<boost::asio::posix::stream_descriptor>
      events_;  // registered when there is first something to wait for
  Quota::Slot slot_;
};

/// Ready when a socket can be read (a datagram, a connection) or written.
class SocketReadiness final : public Readiness {
 public:
  SocketReadiness(std::shared_ptr<SocketFd> socket, short event)
      : socket_(std::move(socket)), event_(event) {}
  [[nodiscard]] bool ready() override;
  [[nodiscard]] Signal& changed() noexcept override;

 private:
  std::shared_ptr<SocketFd> socket_;
  short event_;
};

}  // namespace wisp::wasi
