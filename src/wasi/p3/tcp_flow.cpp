#include "wasi/p3/tcp_flow.hpp"

#include "component/link/channels.hpp"
#include "wasi/p3/stream_taker.hpp"

#include <sys/socket.h>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <utility>

namespace wisp::wasi::p3 {

using component::Future;
using component::FutureWriter;
using component::Stream;
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
    again_ = true;
    // What a step does may wake it.
    if (std::exchange(stepping_, true)) return;
    while (self_ != nullptr && std::exchange(again_, false)) {
      if (end_.dropped()) {
        self->shut_down();
        finish({});
      } else {
        self->step();
      }
    }
    stepping_ = false;
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
  bool stepping_ = false;
  bool again_ = false;
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

class Sending final : public Flow<Sending, StreamTaker> {
 public:
  Sending(std::shared_ptr<SocketFd> socket, Stream<std::uint8_t> data)
      : Flow(std::move(socket), std::move(data)) {}

  [[nodiscard]] Future<FlowResult> start() {
    end().on_progress([&loop = socket().loop(), weak = weak_from_this()] {
      boost::asio::post(loop, [weak] {
        if (const auto self = weak.lock()) self->wake();
      });
    });
    return begin();
  }

 private:
  friend Flow;

  void shut_down() noexcept { ::shutdown(socket().get(), SHUT_WR); }

  void step() {
    while (true) {
      switch (end().look()) {
        case StreamTaker::Has::nothing:
          return await_other();
        case StreamTaker::Has::question:
          if (!socket().is_ready(POLLOUT)) return await_space();
          end().answer();
          break;
        case StreamTaker::Has::bytes:
          if (!send_some()) return;
          break;
        case StreamTaker::Has::end:
          shut_down();
          return finish({});
      }
    }
  }

  /// False when there is no going on now.
  bool send_some() {
    const auto from = end().bytes();
    const ssize_t sent = from.empty() ? -1 : ::send(socket().get(), from.data(), from.size(), MSG_NOSIGNAL);
    const int error = errno;
    if (sent >= 0) {
      end().took(static_cast<std::size_t>(sent));
    } else if (from.empty()) {
      finish(refuse(SocketError::unknown));
    } else if (later(error)) {
      await_space();
    } else {
      finish(refuse(socket_error_from_errno(error)));
    }
    return sent >= 0;
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
  return std::make_shared<Sending>(std::move(socket), std::move(data))->start();
}

}  // namespace wisp::wasi::p3
