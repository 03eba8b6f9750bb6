#include "wasi/p3/tcp_flow.hpp"

#include "component/link/channels.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace wisp::wasi::p3 {

using component::Future;
using component::FutureWriter;
using component::Stream;
using component::StreamReader;
using component::StreamWriter;

namespace {

/// One direction. Owns itself until it is over; woken by the socket and by the other end of its stream, and
/// then does what can be done. `End` is the host's end of the stream.
template <class Direction, class End>
class Flow : public Waiter, public std::enable_shared_from_this<Direction> {
 public:
  [[nodiscard]] Future<FlowResult> begin() {
    self_ = this->shared_from_this();
    dropping_.link(end_.dropping(), *this);
    auto result = result_.readable();
    wake();
    return result;
  }

 protected:
  template <class... A>
  explicit Flow(std::shared_ptr<SocketFd> socket, A&&... end)
      : socket_(std::move(socket)), end_(std::forward<A>(end)...) {}
  ~Flow() = default;

  [[nodiscard]] End& end() noexcept { return end_; }
  [[nodiscard]] SocketFd& socket() noexcept { return *socket_; }

  void wake() noexcept override {
    const auto self = this->shared_from_this();
    if (self_ == nullptr) return;
    if (end_.dropped()) {
      self->shut_down();
      finish({});
    } else {
      self->step();
    }
  }

  void await_other() noexcept {
    if (!offering_.linked()) offering_.link(end_.offering(), *this);
  }
  void await_socket(Signal& signal) noexcept {
    if (!ready_.linked()) ready_.link(signal, *this);
  }

  void finish(FlowResult result) {
    for (SignalLink* link : {&dropping_, &offering_, &ready_}) link->unlink();
    // Still held by wake().
    self_.reset();
    end_.close();
    socket_.reset();
    result_.write(std::move(result));
  }
  /// Whether the errno of a transfer only means "later".
  [[nodiscard]] static bool later(int error) noexcept { return error == EAGAIN || error == EINTR; }

 private:
  std::shared_ptr<SocketFd> socket_;
  End end_;
  FutureWriter<FlowResult> result_;
  std::shared_ptr<Direction> self_;
  SignalLink dropping_;
  SignalLink offering_;
  SignalLink ready_;
};

class Receiving final : public Flow<Receiving, StreamWriter<std::uint8_t>> {
 public:
  explicit Receiving(std::shared_ptr<SocketFd> socket) : Flow(std::move(socket)) {}

  [[nodiscard]] Received start() {
    auto stream = end().readable();
    return {std::move(stream), begin()};
  }

 private:
  friend Flow;

  void shut_down() noexcept { ::shutdown(socket().get(), SHUT_RD); }

  void step() {
    while (end().wanted()) {
      if (end().room() == 0) {
        // A read of no elements asks whether there is something: the end is something too.
        if (!socket().is_ready(POLLIN)) return await_data();
        end().ready();
        continue;
      }
      const auto into = end().direct();
      if (into.empty()) return finish(refuse(SocketError::unknown));
      const ssize_t got = ::recv(socket().get(), into.data(), into.size(), 0);
      if (got == 0) return finish({});
      if (got < 0) {
        const int error = errno;
        if (later(error)) return await_data();
        return finish(refuse(socket_error_from_errno(error)));
      }
      end().filled(static_cast<std::size_t>(got));
      // What is there now may be read now; more is for the next read.
      break;
    }
    await_other();
  }

  void await_data() {
    await_other();
    await_socket(socket().readable());
    socket().arm_read();
  }
};

class Sending final : public Flow<Sending, StreamReader<std::uint8_t>> {
 public:
  Sending(std::shared_ptr<SocketFd> socket, Stream<std::uint8_t> data)
      : Flow(std::move(socket), std::move(data)) {}

 private:
  friend Flow;

  void shut_down() noexcept { ::shutdown(socket().get(), SHUT_WR); }

  void step() {
    while (end().offered()) {
      if (end().rest() == 0) {
        if (!socket().is_ready(POLLOUT)) return await_space();
        end().ready();
        continue;
      }
      const auto from = end().direct();
      if (from.empty()) return finish(refuse(SocketError::unknown));
      const ssize_t sent = ::send(socket().get(), from.data(), from.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        const int error = errno;
        if (later(error)) return await_space();
        return finish(refuse(socket_error_from_errno(error)));
      }
      end().taken(static_cast<std::size_t>(sent));
    }
    await_other();
  }

  void await_space() {
    await_other();
    await_socket(socket().writable());
    socket().arm_write();
  }
};

}  // namespace

Received receive_from(std::shared_ptr<SocketFd> socket) {
  return std::make_shared<Receiving>(std::move(socket))->start();
}

Future<FlowResult> send_to(std::shared_ptr<SocketFd> socket, Stream<std::uint8_t> data) {
  return std::make_shared<Sending>(std::move(socket), std::move(data))->begin();
}

}  // namespace wisp::wasi::p3
