#include "wasi/http/contents_origin.hpp"

namespace wisp::wasi::http {

namespace asio = boost::asio;

ContentsOrigin::ContentsOrigin(asio::io_context& loop, std::shared_ptr<OutgoingContents> contents,
                               std::shared_ptr<Maker> maker, std::optional<std::chrono::nanoseconds> silence)
    : contents_(std::move(contents)), maker_(std::move(maker)), silence_(silence), alarm_(loop, *this) {
  contents_->attach(this);
}

ContentsOrigin::~ContentsOrigin() {
  contents_->attach(nullptr);
  if (whole_ || !maker_) {
    // Who sent a request does not mind that its body was not needed.
    contents_->break_off(std::nullopt);
  } else {
    contents_->break_off(
        Failure{.text = "the reader has gone", .detail = ErrorCode::of<ErrorCase::connection_terminated>()});
  }
  if (maker_) maker_->left(whole_);
}

asio::awaitable<Result<std::span<const std::byte>>> ContentsOrigin::read(std::size_t) {
  using State = OutgoingContents::State;
  alarm_.start(silence_);
  for (;;) {
    if (!contents_->pending().empty()) {
      const auto piece = contents_->take();
      if (!piece.empty()) {
        alarm_.stop();
        co_return piece;
      }
    }
    const State state = contents_->state();
    // A request of no bytes ends here, too, unless its trailers are there or announced, as it does on the
    // wire.
    const bool nothing = !maker_ && state == State::open && contents_->announced() == 0;
    if ((state == State::finished && contents_->pending().empty()) || nothing) {
      whole_ = true;
      co_return std::span<const std::byte>();
    }
    if (const auto* made = maker_ ? maker_->outcome() : nullptr; made != nullptr) {
      if (!*made)
        co_return fail(Errc::trap, "the sender failed within the body: {}", made->error().message());
      if (state == State::open && contents_->ends_with_call())
        co_return fail(Errc::http_protocol, "the sender returned and left the body unfinished");
    }
    if (state == State::abandoned)
      co_return fail(Errc::http_protocol, "the sender did not finish the body, or gave it another length");
    if (alarm_.over()) co_return fail(Errc::read_timeout, "the body did not go on for too long");
    if (!co_await news_.wait()) co_return fail(Errc::cancelled, "the reader has gone");
  }
}

const net::http::Fields* ContentsOrigin::trailers() const noexcept { return contents_->trailers().get(); }

ErrorCode ContentsOrigin::explain(const Error& error) const {
  if (error.code() == Errc::http_protocol) {
    if (auto code = contents_->failure()) return *std::move(code);
  }
  return client_error(error);
}

}  // namespace wisp::wasi::http
