#include "base/signal.hpp"

namespace wisp {

void SignalLink::link(Signal& signal, Waiter& waiter) noexcept {
  unlink();
  signal_ = &signal;
  waiter_ = &waiter;
  previous_ = nullptr;
  next_ = signal.first_;
  if (next_ != nullptr) next_->previous_ = this;
  signal.first_ = this;
}

void SignalLink::unlink() noexcept {
  if (signal_ == nullptr) return;
  if (previous_ != nullptr) {
    previous_->next_ = next_;
  } else {
    signal_->first_ = next_;
  }
  if (next_ != nullptr) next_->previous_ = previous_;
  signal_ = nullptr;
  previous_ = nullptr;
  next_ = nullptr;
}

Signal::~Signal() {
  while (first_ != nullptr) first_->unlink();
}

void Signal::fire() noexcept {
  // The batch moves to a signal of its own: a waiter may destroy other links of it, or this signal, while it
  // is woken.
  Signal batch;
  batch.first_ = first_;
  first_ = nullptr;
  for (SignalLink* link = batch.first_; link != nullptr; link = link->next_) link->signal_ = &batch;
  while (batch.first_ != nullptr) {
    SignalLink* link = batch.first_;
    Waiter* waiter = link->waiter_;
    link->unlink();
    waiter->wake();
  }
}

}  // namespace wisp
