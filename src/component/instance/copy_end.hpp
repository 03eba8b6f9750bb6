#pragma once

#include "component/async/waitable.hpp"
#include "component/instance/guest_buffer.hpp"

namespace wisp::component {

/// A guest's end of a stream or future (Canonical ABI, CopyEnd): its state, and the buffer of the operation
/// that it has offered. Owned by the instance's handle table.
class CopyEnd : public Waitable, public CopyParty {
 public:
  enum class State : std::uint8_t { idle, copying, cancelling, done };

  CopyEnd(Kind kind, ChannelRef channel, const Type* element)
      : Waitable(kind), channel_(std::move(channel)), element_(element) {}
  /// Drops the end as the specification does, whatever its state.
  ~CopyEnd() override;

  [[nodiscard]] bool readable() const noexcept {
    return kind() == Kind::stream_reader || kind() == Kind::future_reader;
  }
  [[nodiscard]] bool is_future() const noexcept {
    return kind() == Kind::future_reader || kind() == Kind::future_writer;
  }
  [[nodiscard]] const Type* element() const noexcept { return element_; }
  [[nodiscard]] State state() const noexcept { return state_; }
  void set_state(State state) noexcept { state_ = state; }
  [[nodiscard]] bool copying() const noexcept {
    return state_ == State::copying || state_ == State::cancelling;
  }
  [[nodiscard]] Channel& channel() const noexcept { return *channel_; }
  /// Takes the channel out of an end that is about to be destroyed: a value on its way elsewhere.
  [[nodiscard]] ChannelRef take_channel() noexcept { return std::exchange(channel_, nullptr); }

  /// Offers `length` elements at `region`. State::idle only.
  [[nodiscard]] Result<> copy(const GuestRegion& region, std::uint32_t length);

  /// A stream operation that has progressed and not ended is cancelled before its event was delivered.
  void cancel_partial() noexcept {
    if (!is_future() && result_ == CopyResult::completed) result_ = CopyResult::cancelled;
  }

  void on_copy() noexcept override;
  void on_copy_done(CopyResult result) noexcept override;

 private:
  [[nodiscard]] Event deliver() override;
  [[nodiscard]] std::uint32_t progress() const noexcept {
    return readable() ? sink_.progress() : source_.progress();
  }

  ChannelRef channel_;
  const Type* element_;
  GuestSink sink_;
  GuestSource source_;
  State state_ = State::idle;
  CopyResult result_ = CopyResult::completed;
  bool partial_ = false;  // the channel still has the buffer
};

}  // namespace wisp::component
