#include "net/inbound.hpp"

#include <algorithm>
#include <cstring>

namespace wisp::net {

namespace {
constexpr std::chrono::milliseconds kStallCheck{250};
}  // namespace

Inbound::Inbound(Transport& transport, TimerWheel& wheel, std::size_t initial_capacity,
                 std::size_t max_capacity, Closed closed, void* connection)
    : transport_(transport),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(initial_capacity)),
      capacity_(initial_capacity),
      initial_capacity_(initial_capacity),
      max_capacity_(std::max(max_capacity, initial_capacity)),
      closed_(closed),
      connection_(connection),
      stall_timer_(wheel, [](void* self) { static_cast<Inbound*>(self)->on_stall(); }, this) {}

void Inbound::start(const std::shared_ptr<void>& owner) {
  owner_ = owner;
  arm(Grow::no);
}

void Inbound::move_to(std::size_t capacity) {
  auto buffer = std::make_unique_for_overwrite<std::byte[]>(capacity);
  std::memcpy(buffer.get(), buffer_.get() + begin_, end_ - begin_);
  buffer_ = std::move(buffer);
  capacity_ = capacity;
  end_ -= begin_;
  begin_ = 0;
}

void Inbound::arm(Grow grow, Transport::Look look) {
  if (armed_ || ended_ || stopped_) return;
  if (!pinned_) {
    const std::size_t held = end_ - begin_;
    std::size_t wanted = std::clamp(preferred_, initial_capacity_, max_capacity_);
    if (grow == Grow::yes && held == capacity_)
      wanted = std::max(wanted, std::min(capacity_ * 2, max_capacity_));
    if (wanted > capacity_ || (held == 0 && wanted < capacity_)) {
      move_to(wanted);
    } else if (held == 0) {
      begin_ = end_ = 0;
    } else if (begin_ != 0 && (end_ == capacity_ || held < capacity_ / 4)) {
      std::memmove(buffer_.get(), buffer_.get() + begin_, held);
      begin_ = 0;
      end_ = held;
    }
  }
  if (end_ == capacity_) {
    if (!told_) stall_timer_.arm(kStallCheck);
    return;
  }
  auto owner = owner_.lock();
  if (!owner) return;
  armed_ = true;
  transport_.read({buffer_.get() + end_, capacity_ - end_}, std::shared_ptr<Reader>(std::move(owner), this),
                  look);
}

void Inbound::on_stall() noexcept {
  if (armed_ || ended_ || stopped_) return;
  const auto owner = owner_.lock();
  if (!transport_.peer_has_closed()) {
    stall_timer_.arm(kStallCheck);
  } else if (!std::exchange(told_, true)) {
    closed_(connection_);
  }
}

void Inbound::on_read(const boost::system::error_code& error, std::size_t size) noexcept {
  armed_ = false;
  if (error) {
    ended_ = true;
    error_ = error;
    stall_timer_.disarm();
    if (!std::exchange(told_, true)) closed_(connection_);
    arrived_.fire_now();
    return;
  }
  if (discarding_) {
    arm(Grow::no);
    return;
  }
  end_ += size;
  delivering_ = true;
  arrived_.fire_now();
  delivering_ = false;
  arm(Grow::no, Transport::Look::after_others);
}

boost::asio::awaitable<Inbound::More> Inbound::more() {
  if (ended_) co_return More::end;
  if (!delivering_ || end_ == capacity_) arm(Grow::yes);
  if (!co_await arrived_.wait()) co_return More::cancelled;
  co_return ended_ ? More::end : More::bytes;
}

void Inbound::discard() noexcept {
  discarding_ = true;
  pinned_ = false;
  begin_ = end_;
  arm(Grow::no);
}

}  // namespace wisp::net
