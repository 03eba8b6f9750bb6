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

boost::asio::awaitable<bool> HostEnd::progressed() {
  while (!progressed_) {
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
