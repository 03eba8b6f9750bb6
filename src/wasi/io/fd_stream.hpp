#pragma once

#include "wasi/io/stream.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace wisp::wasi {

/// Waits for a file descriptor that somebody else owns (stdin, stdout) without changing it: setting
/// O_NONBLOCK or registering it with the loop would show in every process that shares it. poll() on a thread
/// of its own, started when there is first something to wait for.
class FdWatch {
 public:
  /// `events`: POLLIN or POLLOUT.
  FdWatch(boost::asio::io_context& loop, int fd, short events);
  ~FdWatch();
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  /// True when the descriptor is ready, broken or at its end; never blocks.
  [[nodiscard]] bool ready() const noexcept;

  /// Makes changed() fire on the loop once ready() is true; the loop has outstanding work until then.
  void arm();
  [[nodiscard]] Signal& changed() noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Reads a descriptor that it does not own; every handle on stdin shares one.
class FdSource final : public ByteSource {
 public:
  FdSource(boost::asio::io_context& loop, int fd);
  [[nodiscard]] StreamResult<ByteView> read(std::size_t max) override;
  [[nodiscard]] StreamResult<std::size_t> read_into(std::span<std::byte> into) override;
  [[nodiscard]] bool ready() override;
  [[nodiscard]] Signal& changed() noexcept override { return watch_.changed(); }

 private:
  int fd_;
  FdWatch watch_;
  EndState end_;
  Bytes buffer_;
};

/// Writes a descriptor that it does not own. Each piece is passed on at once; a reader that is slow makes the
/// guest wait, never the shard. A reader that is gone is the ordinary end.
class FdSink final : public ByteSink {
 public:
  FdSink(boost::asio::io_context& loop, int fd);
  [[nodiscard]] StreamResult<std::size_t> capacity() override;
  [[nodiscard]] StreamResult<> write(ByteView bytes) override;
  [[nodiscard]] StreamResult<> flush() override;
  [[nodiscard]] bool ready() override;
  [[nodiscard]] Signal& changed() noexcept override { return watch_.changed(); }

 private:
  void drain();

  int fd_;
  std::size_t piece_;
  FdWatch watch_;
  EndState end_;
  Bytes pending_;  // accepted, not yet taken by the descriptor
};

}  // namespace wisp::wasi
