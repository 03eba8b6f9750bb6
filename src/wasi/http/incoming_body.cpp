#include "wasi/http/incoming_body.hpp"

#include "net/event.hpp"
#include "wasi/http/fields.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>

namespace wisp::wasi::http {

namespace asio = boost::asio;

IncomingBody::IncomingBody(asio::io_context& loop, std::unique_ptr<BodyOrigin> origin)
    : loop_(loop), origin_(std::move(origin)) {
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
  if (reading_) {
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
  while (reading_) {
    SignalLink link;
    link.link(changed_, waiter);
    static_cast<void>(co_await ended.wait());
  }
}

/// Starts a read unless one is under way. It may be done when this returns: the bytes are often there.
void IncomingBody::pull() {
  if (reading_) return;
  reading_ = true;
  asio::co_spawn(loop_, pump(shared_from_this()),
                 asio::bind_cancellation_slot(cancel_.slot(), asio::detached));
}

asio::awaitable<void> IncomingBody::pump(std::shared_ptr<IncomingBody> self) {
  do {
    Result<std::span<const std::byte>> piece;
    try {
      piece = co_await self->origin_->read(kMaxRead);
    } catch (...) {
      piece = fail(Errc::cancelled, "reading the body was cancelled");
    }
    if (!self->end_.open()) break;  // closed meanwhile
    if (!piece) {
      self->failure_ = self->origin_->explain(piece.error());
      self->end_.fail({.text = piece.error().message(), .detail = *self->failure_});
    } else if (piece->empty()) {
      if (const auto* trailers = self->origin_->trailers(); trailers != nullptr)
        self->trailers_ = without_forbidden(*trailers);
      self->end_.end();
    } else if (!self->skipping_) {
      self->pending_ = *piece;
    }
  } while (self->skipping_ && self->end_.open());
  self->reading_ = false;
  if (!self->end_.open()) self->origin_.reset();
  self->changed_.fire();
}

}  // namespace wisp::wasi::http
