#include "wasi/http/session.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

namespace wisp::wasi::http {

namespace asio = boost::asio;
using net::http::BodySize;
using net::http::Lost;
using net::http::ResponseHead;

namespace {

/// The body of a request, as the connection reads it.
class RequestOrigin final : public BodyOrigin {
 public:
  explicit RequestOrigin(net::http::Exchange& exchange) : exchange_(exchange) {}
  asio::awaitable<Result<std::span<const std::byte>>> read(std::size_t max) override {
    return exchange_.read_body(max);
  }
  const net::http::Fields* trailers() const noexcept override { return exchange_.trailers(); }
  ErrorCode explain(const Error& error) const override { return server_error(error); }

 private:
  net::http::Exchange& exchange_;
};

/// What both sides of a request share, in one allocation.
struct Shared {
  Shared(asio::io_context& loop, const net::http::RequestHead& head,
         const std::shared_ptr<IncomingBody>& body)
      : request(loop, head, body) {}
  IncomingRequest request;
  ResponseSlot slot;
};

std::uint16_t status_for(const Error& error) noexcept {
  switch (error.code()) {
    case Errc::no_capacity:
    case Errc::out_of_mappings:
      return 503;
    case Errc::deadline:
      return 504;
    default:
      return 502;
  }
}

std::string_view sentence_for(std::uint16_t status) noexcept {
  switch (status) {
    case 503:
      return "503 Service Unavailable: no instance of the component is free\n";
    case 504:
      return "504 Gateway Timeout: the component took too long\n";
    default:
      return "502 Bad Gateway: the component failed\n";
  }
}

bool is_head(const net::http::Exchange& exchange) { return exchange.head().method == "HEAD"; }

}  // namespace

HttpHandler::Session::Session(HttpHandler& owner, net::http::Exchange& exchange)
    : owner_(owner), exchange_(&exchange) {
  auto& loop = owner.place_.shard.loop();
  if (exchange.has_body())
    body_ = std::make_shared<IncomingBody>(loop, std::make_unique<RequestOrigin>(exchange));
  const auto shared = std::make_shared<Shared>(loop, exchange.head(), body_);
  request_ = {shared, &shared->request};
  slot_ = {shared, &shared->slot};
  work_ = make_work(owner.place_, *this, request_, slot_);
  next_ = std::exchange(owner.sessions_, this);
  if (next_ != nullptr) next_->previous_ = this;
  ++owner.at_work_;
}

HttpHandler::Session::~Session() {
  (previous_ != nullptr ? previous_->next_ : owner_.sessions_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  slot_->attach(nullptr);
  if (exchange_ !=
      nullptr) {  // the coroutine was cancelled: whatever the guest still holds must not use the exchange
    if (body_) body_->close();
    request_->detach();
  }
  work_.reset();
  if (--owner_.at_work_ == 0) owner_.idle_.fire();
}

void HttpHandler::Session::start() {
  slot_->attach(this);
  work_->start();
  if (!worked()) departure_.watch(exchange_->disconnected());
}

void HttpHandler::Session::departed() noexcept {
  if (exchange_ != nullptr && exchange_->lost() == Lost::timed_out) {
    work_->cancel(Error(Errc::deadline, "the request took longer than allowed"));
  } else {
    work_->cancel(Error(Errc::cancelled, "the client has gone"));
  }
  news_.fire();
}

void HttpHandler::Session::report(const Error& error) const {
  if (owner_.options_.on_failure) owner_.options_.on_failure(request_->head(), error);
}

void HttpHandler::Session::report_outcome() const {
  if (const auto& outcome = work_->outcome(); !outcome) report(outcome.error());
}

asio::awaitable<void> HttpHandler::Session::answer() {
  while (!slot_->answer() && !worked() && exchange_->lost() == Lost::no) {
    if (!slot_->interim().empty()) co_await send_interim();
    if (!has_news()) static_cast<void>(co_await news_.wait());
  }
  if (exchange_->lost() != Lost::no) co_return;
  if (!slot_->answer()) co_return co_await no_answer();
  if (!slot_->interim().empty()) co_await send_interim();
  auto reply = *std::move(slot_->answer());
  if (!reply) {
    report(Error(Errc::trap_host,
                 fmt::format("the component answered with the error {}", name_of(reply.error()))));
    const std::uint16_t status = http::status_for(reply.error());
    co_return co_await refuse(status, sentence_for(status));
  }
  if (auto sent = co_await send(*std::move(reply)); !sent && exchange_->lost() == Lost::no)
    report(sent.error());
}

asio::awaitable<void> HttpHandler::Session::send_interim() {
  for (const auto& head : std::exchange(slot_->interim(), {})) {
    if (!co_await exchange_->send_informational(head)) break;
  }
}

/// The guest ended without an answer.
asio::awaitable<void> HttpHandler::Session::no_answer() {
  if (work_->outcome()) {
    report(Error(Errc::trap_host, "the component returned without an answer"));
    co_return co_await refuse(500, "500 Internal Server Error: the component gave no answer\n");
  }
  const std::uint16_t status = status_for(work_->outcome().error());
  co_await refuse(status, sentence_for(status));
}

asio::awaitable<void> HttpHandler::Session::refuse(std::uint16_t status, std::string_view why) {
  ResponseHead head{.status = status, .fields = {}};
  static_cast<void>(head.fields.add("content-type", "text/plain"));
  static_cast<void>(co_await exchange_->respond(head, net::http::as_body(why)));
}

asio::awaitable<Result<>> HttpHandler::Session::send(OutgoingResponse response) {
  const std::shared_ptr<OutgoingContents> body = std::move(response.body);
  const auto announced = body ? body->announced() : content_length(*response.fields).value_or(std::nullopt);
  const ResponseHead head{.status = response.status, .fields = take(std::move(response.fields))};
  if (!body) {
    if (!announced || *announced == 0 || (!is_head(*exchange_) && head.status != 304))
      co_return co_await exchange_->respond(head, {});
    CO_TRY(co_await exchange_->send_head(head, BodySize::known(*announced)));
    co_return co_await exchange_->finish(nullptr);
  }
  body->attach(this);
  using State = OutgoingContents::State;
  const bool whole = body->state() == State::finished && !body->trailers() && exchange_->lost() == Lost::no;
  Result<> sent;
  // What stream() would do as well, by two coroutines more.
  if (whole && !is_head(*exchange_)) {
    sent = co_await exchange_->respond(head, body->pending());
  } else {
    sent = co_await stream(head, *body);
  }
  if (sent) {
    body->break_off(std::nullopt);
  } else {
    body->break_off(Failure{.text = sent.error().message(), .detail = server_error(sent.error())});
    if (exchange_->head_sent()) exchange_->abort();
  }
  co_return sent;
}

/// A body that is finished, without trailers, of which nothing was sent.
asio::awaitable<Result<>> HttpHandler::Session::send_whole(const ResponseHead& head, OutgoingContents& body) {
  // The answer to HEAD announces what GET would get.
  if (body.announced() && is_head(*exchange_)) {
    CO_TRY(co_await exchange_->send_head(head, BodySize::known(*body.announced())));
    co_return co_await exchange_->finish(nullptr);
  }
  co_return co_await exchange_->respond(head, body.pending());
}

asio::awaitable<Result<>> HttpHandler::Session::stream(const ResponseHead& head, OutgoingContents& body) {
  using State = OutgoingContents::State;
  const BodySize size = body.announced() ? BodySize::known(*body.announced()) : BodySize::unknown();
  // A status of gRPC in the head is that of a response which is nothing but this head; its end must be in the
  // same frame, or clients take it for a head whose trailers are missing.
  const bool ends_at_once = head.fields.contains("grpc-status");
  bool begun = false;
  for (;;) {
    if (exchange_->lost() != Lost::no) co_return fail(Errc::connection, "the client has gone");
    if (!begun) {
      if (body.state() == State::finished && !body.trailers()) co_return co_await send_whole(head, body);
      if (body.state() == State::abandoned && body.written() == 0 && body.announced() && is_head(*exchange_))
        co_return co_await send_whole(head, body);
      if (worked() && !work_->outcome() && body.state() != State::finished) {
        // Nothing has been sent yet, so the client can be told.
        co_await no_answer();
        co_return Result<>();
      }
      if (ends_at_once && body.state() == State::open && body.pending().empty()) {
        static_cast<void>(co_await news_.wait());
        continue;
      }
      const ByteView piece = body.take();
      begun = true;
      if (piece.empty()) {
        CO_TRY(co_await exchange_->send_head(head, size));
      } else {
        CO_TRY(co_await exchange_->send_head_and_write(head, size, piece));
      }
    } else if (!body.pending().empty()) {
      CO_TRY(co_await exchange_->write(body.take()));
    } else if (body.state() == State::finished) {
      co_return co_await exchange_->finish(body.trailers().get());
    } else if (body.state() == State::abandoned) {
      co_return fail(Errc::http_protocol,
                     "the component did not finish the body, or gave it another length than announced");
    } else if (worked() && !work_->outcome()) {
      co_return fail(Errc::trap, "the component failed within the body");
    } else if (worked() && body.ends_with_call()) {
      co_return fail(Errc::http_protocol, "the component returned and left the body unfinished");
    } else {
      static_cast<void>(co_await news_.wait());
    }
  }
}

asio::awaitable<void> HttpHandler::Session::leave() {
  if (body_) {
    // A guest that may still read the request keeps the exchange.
    while (!worked() && exchange_->lost() == Lost::no && !body_->at_end() && body_.use_count() > 1) {
      static_cast<void>(co_await news_.wait());
    }
    co_await body_->closed();
  }
  departure_.forget();
  if (!worked() || request_.use_count() > 2) request_->detach();
  exchange_ = nullptr;
}

asio::awaitable<void> HttpHandler::Session::ended(std::chrono::milliseconds limit) {
  if (limit.count() == 0 || worked()) co_return co_await work_->finished();
  asio::steady_timer timer(owner_.place_.shard.loop());
  const auto here = std::make_shared<Session*>(this);  // the timer's handler may run after the session's end
  timer.expires_after(limit);
  timer.async_wait([session = std::weak_ptr(here)](const boost::system::error_code& error) {
    const auto still = session.lock();
    if (error || !still) return;
    (*still)->work_->cancel(Error(Errc::deadline, "the work after the response took longer than allowed"));
  });
  co_await work_->finished();
}

}  // namespace wisp::wasi::http
