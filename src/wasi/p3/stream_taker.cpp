#include "wasi/p3/stream_taker.hpp"

#include "wasi/io/stream.hpp"

namespace wisp::wasi::p3 {

StreamTaker::Has StreamTaker::look() {
  while (position_ == filled_) {
    if (reading_) {
      if (end_.pending() && end_.progress() == 0) return Has::nothing;
      reading_ = false;
      position_ = 0;
      filled_ = end_.finish();
      asked_ = !std::exchange(buffered_, false);
      continue;
    }
    if (end_.offered()) {
      asked_ = false;
      return end_.rest() == 0 ? Has::question : Has::bytes;
    }
    if (end_.dropped()) return Has::end;
    buffered_ = std::exchange(asked_, false);
    if (buffered_) buffer_.resize(kMaxRead);
    reading_ = true;
    end_.start(std::span(buffer_).first(buffered_ ? buffer_.size() : 0));
  }
  return Has::bytes;
}

std::span<const std::byte> StreamTaker::bytes() {
  if (position_ == filled_) return end_.direct();
  return std::as_bytes(std::span(buffer_)).subspan(position_, filled_ - position_);
}

void StreamTaker::took(std::size_t count) {
  if (position_ == filled_) {
    end_.taken(count);
  } else {
    position_ += count;
  }
}

}  // namespace wisp::wasi::p3
