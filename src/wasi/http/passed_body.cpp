#include "wasi/http/passed_body.hpp"

#include "net/http/exchange.hpp"

#include <utility>

namespace wisp::wasi::http {

PassedBody::PassedBody(Of of, std::shared_ptr<IncomingBody> body, std::optional<std::uint64_t> announced)
    : of_(of), body_(std::move(body)), announced_(announced) {}

PassedBody::~PassedBody() { body_->close(); }

void PassedBody::attach(Waiter* reader) noexcept {
  reader_ = reader;
  if (reader == nullptr) {
    changed_.unlink();
  } else {
    changed_.link(body_->changed(), *this);
  }
}

void PassedBody::wake() noexcept {
  // A signal lets go of those it wakes.
  if (!changed_.linked() && reader_ != nullptr) changed_.link(body_->changed(), *this);
  // Who looks sees for himself.
  if (reader_ != nullptr && !looking_) reader_->wake();
}

/// Whoever looks for bytes asks for them.
void PassedBody::look() const {
  if (!piece_.empty() || state_ != State::open || std::exchange(looking_, true)) return;
  if (auto piece = body_->read(kMaxRead)) piece_ = *piece;
  looking_ = false;
}

ByteView PassedBody::pending() const noexcept {
  look();
  return piece_;
}

ByteView PassedBody::take() {
  look();
  taken_ += piece_.size();
  const ByteView piece = std::exchange(piece_, {});
  if (of_ == Of::response) return piece;
  copy_.assign(net::http::as_text(piece));
  return net::http::as_body(copy_);
}

OutgoingContents::State PassedBody::state() noexcept {
  look();
  if (state_ != State::open || !piece_.empty() || !body_->at_end()) return state_;
  auto outcome = body_->outcome();
  if (!outcome || (announced_ && taken_ != *announced_)) return state_ = State::abandoned;
  trailers_ = *std::move(outcome);
  return state_ = State::finished;
}

void PassedBody::break_off(std::optional<Failure>) noexcept {
  reader_ = nullptr;
  changed_.unlink();
  piece_ = {};
  body_->close();
}

}  // namespace wisp::wasi::http
