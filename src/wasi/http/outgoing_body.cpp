#include "wasi/http/outgoing_body.hpp"

namespace wisp::wasi::http {

ErrorCode wrong_body_size(OutgoingContents::Of of, std::uint64_t bytes) {
  if (of == OutgoingContents::Of::request) return ErrorCode::of<ErrorCase::http_request_body_size>(bytes);
  return ErrorCode::of<ErrorCase::http_response_body_size>(bytes);
}

StreamResult<std::size_t> OutgoingBody::capacity() {
  if (!end_.open()) return end_.take();
  return buffer_.size() < limit_ ? limit_ - buffer_.size() : 0;
}

StreamResult<> OutgoingBody::write(ByteView bytes) {
  if (!end_.open()) return end_.take();
  if (announced_ && bytes.size() > *announced_ - written_) {
    end_.fail({.text = "the body is longer than its content-length",
               .detail = wrong_body_size(of_, written_ + bytes.size())});
    abandon();
    return end_.take();
  }
  if (!share_.resize(buffer_.size() + bytes.size())) {
    end_.fail({.text = "the guest holds too much of its messages",
               .detail = ErrorCode::of<ErrorCase::internal_error>("too much is held of messages")});
    abandon();
    return end_.take();
  }
  written_ += bytes.size();
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  wake_reader();
  return {};
}

StreamResult<> OutgoingBody::flush() {
  if (!end_.open()) return end_.take();
  return {};
}

std::expected<void, ErrorCode> OutgoingBody::finish(std::shared_ptr<const net::http::Fields> trailers) {
  if (state_ == State::abandoned || (announced_ && written_ != *announced_)) {
    abandon();
    return std::unexpected(wrong_body_size(of_, written_));
  }
  trailers_ = std::move(trailers);
  state_ = State::finished;
  end_.end();
  wake_reader();
  return {};
}

void OutgoingBody::abandon() noexcept {
  if (state_ != State::open) return;
  state_ = State::abandoned;
  end_.end();
  wake_reader();
}

ByteView OutgoingBody::take() {
  taken_.clear();
  taken_.swap(buffer_);
  static_cast<void>(share_.resize(0));
  changed_.fire();
  return taken_;
}

void OutgoingBody::break_off(std::optional<Failure> failure) noexcept {
  reader_ = nullptr;
  buffer_ = {};
  static_cast<void>(share_.resize(0));
  if (!end_.open()) return;
  if (failure) {
    end_.fail(*std::move(failure));
  } else {
    end_.end();
  }
  changed_.fire();
}

}  // namespace wisp::wasi::http
