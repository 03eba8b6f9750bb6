#include "wasi/http/incoming_body.hpp"

#include "wasi/http/fields.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <algorithm>

namespace wisp::wasi::http {

namespace asio = boost::asio;

IncomingBody::IncomingBody(asio::io_context& loop, std::unique_ptr<BodyOrigin> origin, Quota::Slot share)
    : loop_(loop), origin_(std::move(origin)), share_(std::move(share)), empty_(!origin_) {
  if (!origin_) end_.end();
}

IncomingBody::~IncomingBody() = default;

StreamResult<ByteView> IncomingBody::read(std::size_t max) {
  if (pending_.empty() && end_.open() && max != 0) pull();
  if (!pending_.empty()) {
    const auto piece = pending_.first(std::min({pending_.size(), max, kMaxRead}));
    pending_ = pending_.subspan(piece.size());
    return piece;
  }
  if (!end_.open()) return end_.take();
  return ByteView();
}

bool IncomingBody::ready() {
  if (pending_.empty() && end_.open()) pull();
  return !pending_.empty() || !end_.open();
}

void IncomingBody::skip_to_end() {
  skipping_ = true;
  pending_ = {};
  if (end_.open()) pull();
}

std::expected<IncomingBody::Trailers, ErrorCode> IncomingBody::outcome() const {
  if (failure_) return std::unexpected(*failure_);
  return trailers_;
}

void IncomingBody::close() noexcept {
  pending_ = {};
  if (end_.open()) {
    failure_ = ErrorCode::of<ErrorCase::connection_terminated>();
    end_.end();
    changed_.fire();
  }
  if (running_) {
    cancel_.emit(asio::cancellation_type::terminal);
  } else {
    origin_.reset();
  }
}

asio::awaitable<void> IncomingBody::closed() {
  const auto self = shared_from_this();
  close();
  net::Event ended;
  struct Ended final : Waiter {
    explicit Ended(net::Event& event) : event(&event) {}
    void wake() noexcept override { event->fire(); }
    net::Event* event;
  } waiter{ended};
  while (running_) {
    SignalLink link;
    link.link(changed_, waiter);
    static_cast<void>(co_await ended.wait());
  }
}

/// Asks for the next piece. It may be there when this returns: the bytes often lie in the connection's
/// buffer.
void IncomingBody::pull() {
  wanted_ = true;
  if (running_) return asked_.fire_now();
  while (wanted_ && end_.open()) {
    auto piece = origin_->read_now(kMaxRead);
    if (!piece) break;
    arrived(*std::move(piece));
  }
  if (!end_.open()) origin_.reset();
  if (!wanted_ || !end_.open()) return;
  running_ = true;
  // The handler keeps the signal alive until the coroutine has let go of its slot.
  asio::co_spawn(
      loop_, pump(),
      asio::bind_cancellation_slot(cancel_.slot(), [self = shared_from_this()](std::exception_ptr) {}));
}

/// Reads a piece whenever one is wanted, until the end, a failure or close().
asio::awaitable<void> IncomingBody::pump() {
  try {
    while (end_.open()) {
      if (!wanted_) {
        if (!co_await asked_.wait()) break;
        continue;
      }
      auto piece = co_await origin_->read(kMaxRead);
      if (!end_.open()) break;  // closed meanwhile
      arrived(std::move(piece));
    }
  } catch (...) {
    broken(ErrorCode::of<ErrorCase::internal_error>(), "reading the body was cancelled");
  }
  running_ = false;
  origin_.reset();
  changed_.fire();
}

/// A piece, the end, or a failure.
void IncomingBody::arrived(Result<std::span<const std::byte>> piece) {
  wanted_ = skipping_;
  if (!piece) {
    broken(origin_->explain(piece.error()), piece.error().message());
  } else if (piece->empty()) {
    end_with_trailers();
  } else if (!skipping_) {
    pending_ = *piece;
    changed_.fire();
  }
}

void IncomingBody::end_with_trailers() {
  if (const auto* trailers = origin_->trailers(); trailers != nullptr) {
    trailers_ = counted(without_forbidden(*trailers), share_.sibling());
    if (!trailers_) {
      const auto size = static_cast<std::uint32_t>(trailers->size_bytes());
      return broken(ErrorCode::of<ErrorCase::http_response_trailer_section_size>(size),
                    "the guest holds too much of its messages for these trailers");
    }
  }
  end_.end();
}

void IncomingBody::broken(ErrorCode code, std::string text) {
  if (!end_.open()) return;
  failure_ = std::move(code);
  end_.fail({.text = std::move(text), .detail = *failure_});
}

}  // namespace wisp::wasi::http
