#pragma once

#include "base/signal.hpp"
#include "component/async/channel.hpp"
#include "component/instance/guest_buffer.hpp"
#include "net/event.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>

namespace wisp::component {

/// The host's half of an operation on a stream or future: one at a time, cancelled when it is destroyed. What
/// the typed ends (channels.hpp) share. Lives on one shard; does not move.
class HostEnd : protected CopyParty {
 public:
  HostEnd(const HostEnd&) = delete;
  HostEnd& operator=(const HostEnd&) = delete;

  /// The other end is gone: nothing will be copied any more.
  [[nodiscard]] bool dropped() const noexcept {
    return dropped_ || channel_ == nullptr || channel_->dropped();
  }
  /// Fires when the other end is dropped, whether or not an operation is pending. Only before close().
  [[nodiscard]] Signal& dropping() noexcept { return channel_->dropping(); }
  /// Fires when the other end begins an operation: for those that work on its buffer without one of their
  /// own. Inside the other end's call, where no code of a guest may run. Only before close().
  [[nodiscard]] Signal& offering() noexcept { return channel_->offering(); }
  /// An operation is pending.
  [[nodiscard]] bool pending() const noexcept { return pending_; }

  /// Drops this end: the other side's operation ends with "dropped".
  void close() noexcept;

  /// Called, within whatever made it happen, when the pending operation has progressed or ended; must only
  /// schedule. For those that do not use coroutines.
  std::function<void()> on_progress;

 protected:
  explicit HostEnd(ChannelRef channel) : channel_(std::move(channel)) {}
  ~HostEnd();

  [[nodiscard]] Result<> begin_read(Sink& sink);
  [[nodiscard]] Result<> begin_write(Source& source);
  /// Waits until the operation that was begun has progressed or ended, then takes its buffer back. Cancels it
  /// when the coroutine is cancelled: then false.
  [[nodiscard]] boost::asio::awaitable<bool> progressed();
  /// Takes the buffer back from an operation that may still be pending.
  void settle() noexcept;

  void on_copy() noexcept override;
  void on_copy_done(CopyResult result) noexcept override;

  [[nodiscard]] Channel* channel() const noexcept { return channel_.get(); }
  /// Names the operation that is about to begin, or goes on: for work that is done for it later.
  [[nodiscard]] std::uint32_t operation() const noexcept { return operation_; }

  /// Whether an operation with this buffer has something to wait for.
  [[nodiscard]] static bool waits(const Buffer* buffer) noexcept {
    return buffer != nullptr && (buffer->remain() > 0 || buffer->length() == 0);
  }

 private:
  ChannelRef channel_;
  net::Event event_;
  std::uint32_t operation_ = 0;
  bool pending_ = false;
  bool progressed_ = false;
  bool dropped_ = false;
};

/// Runs `work` where code of the guest that `other` belongs to may run: at once for the host's, otherwise
/// inside its tree, from the loop.
void with_guest_of(const Buffer* other, std::move_only_function<Result<>()> work);

}  // namespace wisp::component
