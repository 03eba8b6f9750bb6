#include "component/instance/copy_end.hpp"

#include "component/instance/tree.hpp"

namespace wisp::component {

CopyEnd::~CopyEnd() {
  if (channel_ == nullptr) return;
  // The channel forgets this party before it tells the other side.
  channel_->reclaim(*this);
  channel_->drop();
}

bool CopyEnd::is_of(const Tree& tree, const Type* type) {
  if (payload_ == nullptr) return tree.same_payload(element_, type);
  if (!tree.stands_for(type, *payload_)) return false;
  payload_ = nullptr;
  element_ = type;
  return true;
}

bool CopyEnd::is_of(const Tree& tree, const HostPayload& payload) const {
  if (payload_ != nullptr) return payload_ == &payload;
  return tree.stands_for(element_, payload);
}

Result<> CopyEnd::copy(const GuestRegion& region, std::uint32_t length) {
  state_ = State::copying;
  if (readable()) {
    sink_.assign(region, length);
    return channel_->read(sink_, *this);
  }
  source_.assign(region, length);
  return channel_->write(source_, *this);
}

void CopyEnd::on_copy() noexcept {
  partial_ = true;
  result_ = CopyResult::completed;
  set_pending_event();
}

void CopyEnd::on_copy_done(CopyResult result) noexcept {
  partial_ = false;
  result_ = result;
  set_pending_event();
}

Event CopyEnd::deliver() {
  if (partial_) channel_->reclaim(*this);
  partial_ = false;
  const auto packed = static_cast<std::uint32_t>(result_);
  if (is_future()) {
    state_ = result_ == CopyResult::cancelled ? State::idle : State::done;
    return {.code = readable() ? EventCode::future_read : EventCode::future_write,
            .index = index,
            .payload = packed};
  }
  state_ = result_ == CopyResult::dropped ? State::done : State::idle;
  return {.code = readable() ? EventCode::stream_read : EventCode::stream_write,
          .index = index,
          .payload = packed | (progress() << 4)};
}

}  // namespace wisp::component
