#include "component/instance/subtask.hpp"

#include <algorithm>

namespace wisp::component {

Subtask::~Subtask() {
  if (callee != nullptr) callee->abandon();
  if (!delivered_) release_loans(*caller_, loans_);
}

void Subtask::keep_arguments() {
  std::ranges::copy(values_, kept_.begin());
  values_ = FlatSpan(kept_.data(), values_.size());
}

void Subtask::deliver_resolve() noexcept {
  delivered_ = true;
  release_loans(*caller_, loans_);
}

/// Before it has a number the caller's frame looks at the state itself.
void Subtask::progress() noexcept {
  if (index != 0) set_pending_event();
}

void Subtask::finish(State state) noexcept {
  state_ = state;
  callee = nullptr;
  if (index != 0) {
    set_pending_event();
  } else {
    signal().fire();
  }
}

Result<> Subtask::start(CallSide& to, FlatSpan params) {
  begin();
  CallSide from(*caller_, lower_->options, nullptr);
  const auto moved = marshalling->params(from, values_, to, params);
  take_loans(from);
  return moved;
}

Result<> Subtask::resolve(CallSide& from, FlatSpan results) {
  CallSide to(*caller_, lower_->options, nullptr);
  const Signature& signature = lower_->signature;
  const bool pointer = signature.indirect_results;
  TRY(marshalling->results(from, results, to,
                           pointer ? values_.subspan(signature.params.size() - 1, 1) : values_));
  finish(State::returned);
  return {};
}

void Subtask::cancelled() noexcept {
  finish(state_ == State::starting ? State::cancelled_before_started : State::cancelled_before_returned);
}

void Subtask::failed(const Error& error) noexcept {
  callee = nullptr;
  if (marshalling != nullptr && marshalling->absorbs(*this, error)) return;
  failure_.emplace(error);
  finish(State::cancelled_before_returned);
}

Event Subtask::deliver() {
  if (resolved()) deliver_resolve();
  return {.code = EventCode::subtask, .index = index, .payload = static_cast<std::uint32_t>(state_)};
}

}  // namespace wisp::component
