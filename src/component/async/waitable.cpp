#include "component/async/waitable.hpp"

#include <utility>

namespace wisp::component {

Waitable::~Waitable() { join(nullptr); }

void Waitable::set_pending_event() noexcept {
  pending_ = true;
  if (set_ == nullptr) {
    signal_.fire();
    return;
  }
  if (!queued_) set_->push(*this);
  set_->signal_.fire();
}

Event Waitable::take_event() {
  leave_ready();
  pending_ = false;
  return deliver();
}

void Waitable::join(WaitableSet* set) noexcept {
  if (set_ != nullptr) {
    leave_ready();
    --set_->members_;
  }
  set_ = set;
  if (set_ == nullptr) return;
  ++set_->members_;
  if (!pending_) return;
  set_->push(*this);
  set_->signal_.fire();
}

void Waitable::leave_ready() noexcept {
  if (!queued_) return;
  queued_ = false;
  (previous_ != nullptr ? previous_->next_ : set_->first_) = next_;
  (next_ != nullptr ? next_->previous_ : set_->last_) = previous_;
  previous_ = next_ = nullptr;
}

void WaitableSet::push(Waitable& member) noexcept {
  member.queued_ = true;
  member.previous_ = std::exchange(last_, &member);
  member.next_ = nullptr;
  (member.previous_ != nullptr ? member.previous_->next_ : first_) = &member;
}

Event WaitableSet::take_event() { return first_->take_event(); }

}  // namespace wisp::component
