#include "component/link/host_end.hpp"

#include "component/instance/tree.hpp"

namespace wisp::component {

HostEnd::~HostEnd() { close(); }

void HostEnd::close() noexcept {
  settle();
  if (const ChannelRef channel = std::exchange(channel_, nullptr)) channel->drop();
}

void HostEnd::settle() noexcept {
  if (pending_ && channel_ != nullptr) channel_->reclaim(*this);
  pending_ = false;
  progressed_ = false;
  ++operation_;
}

Result<> HostEnd::begin_read(Sink& sink) {
  pending_ = true;
  progressed_ = false;
  return channel_->read(sink, *this);
}

Result<> HostEnd::begin_write(Source& source) {
  pending_ = true;
  progressed_ = false;
  return channel_->write(source, *this);
}

namespace {

struct Watch final : Waiter {
  explicit Watch(net::Event& wakes) : event(wakes) {}
  void wake() noexcept override { event.fire(); }
  net::Event& event;
};

}  // namespace

boost::asio::awaitable<bool> HostEnd::progressed() {
  // The other end may go before the operation has reached the channel.
  Watch watch(event_);
  SignalLink dropping;
  if (channel_ != nullptr) dropping.link(channel_->dropping(), watch);
  while (!progressed_ && !dropped()) {
    if (!co_await event_.wait()) {
      settle();
      co_return false;
    }
  }
  settle();
  co_return true;
}

void HostEnd::on_copy() noexcept {
  progressed_ = true;
  event_.fire();
  if (on_progress) on_progress();
}

void HostEnd::on_copy_done(CopyResult result) noexcept {
  pending_ = false;
  progressed_ = true;
  dropped_ |= result == CopyResult::dropped;
  event_.fire();
  if (on_progress) on_progress();
}

void with_guest_of(const Buffer* other, std::move_only_function<Result<>()> work) {
  if (other == nullptr || other->instance() == nullptr) {
    // What can go wrong without a guest is a bug of the host: its end is dropped with what holds it.
    (void)work();
    return;
  }
  auto* const instance = static_cast<ComponentInstance*>(const_cast<void*>(other->instance()));
  instance->tree().enter_later(std::move(work));
}

}  // namespace wisp::component
