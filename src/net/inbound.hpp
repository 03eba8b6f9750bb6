#pragma once

#include "net/event.hpp"
#include "net/transport.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace wisp::net {

/// The bytes that arrive on a connection, read ahead of whoever wants them, so that the end of the connection
/// is noticed while nobody reads. Holds at most its capacity; then reading stops until bytes are consumed
/// (backpressure).
///
/// A member of its connection. One consumer.
class Inbound final : public Transport::Reader {
 public:
  /// What more() found.
  enum class More : std::uint8_t { bytes, end, cancelled };

  /// Told once, from the loop, when the peer closed or the connection broke.
  using Closed = void (*)(void* connection) noexcept;

  Inbound(Transport& transport, TimerWheel& wheel, std::size_t initial_capacity, std::size_t max_capacity,
          Closed closed, void* connection);
  ~Inbound() = default;
  Inbound(const Inbound&) = delete;
  Inbound& operator=(const Inbound&) = delete;

  /// Begins to read. `owner` keeps this object alive while a read is out.
  void start(const std::shared_ptr<void>& owner);

  /// What has arrived and is not consumed. Valid until the coroutine waits, unless pinned.
  [[nodiscard]] std::string_view pending() const noexcept {
    return {reinterpret_cast<const char*>(buffer_.get()) + begin_, end_ - begin_};
  }
  void consume(std::size_t size) noexcept { begin_ += size; }

  /// Keeps pending() where it is until unpin().
  void pin() noexcept { pinned_ = true; }
  void unpin() noexcept { pinned_ = false; }

  /// Waits until more than now is pending, or wake(); makes room for it up to max_capacity.
  [[nodiscard]] boost::asio::awaitable<More> more();

  /// Lets more() return at once although nothing arrived (a timer did).
  void wake() noexcept { arrived_.fire(); }

  /// Reads in pieces of up to `size` from now on, within max_capacity. 0: back to the initial capacity when
  /// empty.
  void prefer(std::size_t size) noexcept { preferred_ = size; }

  /// Drops what arrives from now on; more() then only returns at the end.
  void discard() noexcept;

  /// No byte will follow what is pending.
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  /// Why; eof if the peer closed in order.
  [[nodiscard]] const boost::system::error_code& error() const noexcept { return error_; }

  /// Lets go of the owner: no read is begun any more.
  void stop() noexcept {
    stopped_ = true;
    stall_timer_.disarm();
  }

  void on_read(const boost::system::error_code& error, std::size_t size) noexcept override;

 private:
  enum class Grow : std::uint8_t { no, yes };
  void arm(Grow grow, Transport::Look look = Transport::Look::now);
  void move_to(std::size_t capacity);
  void on_stall() noexcept;

  Transport& transport_;
  std::weak_ptr<void> owner_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t capacity_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t initial_capacity_;
  std::size_t max_capacity_;
  std::size_t preferred_ = 0;
  Event arrived_;
  Closed closed_;
  void* connection_;
  Timer stall_timer_;  // reading has stopped: the end of the connection has to be asked for
  boost::system::error_code error_;
  bool armed_ = false;
  bool delivering_ = false;
  bool pinned_ = false;
  bool discarding_ = false;
  bool ended_ = false;
  bool told_ = false;
  bool stopped_ = false;
};

}  // namespace wisp::net
