#include "wasi/http/outgoing.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace wisp::wasi::http {

namespace asio = boost::asio;
using net::http::BodySize;
using net::http::ClientExchange;

std::optional<PendingResponse::Outcome> PendingResponse::take() {
  if (state_ != State::ready) return std::nullopt;
  state_ = State::taken;
  return std::exchange(outcome_, std::nullopt);
}

void PendingResponse::cancel() noexcept {
  if (state_ == State::waiting) cancel_.emit(asio::cancellation_type::terminal);
  // A response that nobody took closes its body with itself.
  if (outcome_ && *outcome_ && (*outcome_)->body) (*outcome_)->body->close();
  outcome_.reset();
  state_ = State::taken;
}

void PendingResponse::resolve(Outcome outcome) {
  if (state_ != State::waiting) {
    if (outcome && outcome->body) outcome->body->close();
    return;
  }
  outcome_.emplace(std::move(outcome));
  state_ = State::ready;
  changed_.fire();
}

namespace {

/// A response's body; holds the exchange, and what counts it, until it is through.
class ResponseOrigin final : public BodyOrigin {
 public:
  ResponseOrigin(std::shared_ptr<void> flight, std::shared_ptr<ClientExchange> exchange)
      : flight_(std::move(flight)), exchange_(std::move(exchange)) {}
  asio::awaitable<Result<std::span<const std::byte>>> read(std::size_t max) override {
    return exchange_->read_body(max);
  }
  std::optional<Result<std::span<const std::byte>>> read_now(std::size_t max) override {
    return exchange_->read_now(max);
  }
  const net::http::Fields* trailers() const noexcept override { return exchange_->trailers(); }
  ErrorCode explain(const Error& error) const override { return client_error(error); }

 private:
  std::shared_ptr<void> flight_;
  std::shared_ptr<ClientExchange> exchange_;
};

/// gRPC is HTTP/2 wherever it is spoken, and has no way to ask for it over cleartext.
bool is_grpc(const net::http::Fields& fields) noexcept {
  constexpr std::string_view kType = "application/grpc";
  const auto type = fields.get("content-type");
  if (!type || type->size() < kType.size() || !net::http::same_name(type->substr(0, kType.size()), kType))
    return false;
  return type->size() == kType.size() || (*type)[kType.size()] == '+' || (*type)[kType.size()] == ';';
}

/// Between one millisecond and a year: zero is "at once" to a guest, and what the client counts in must not
/// overflow.
std::chrono::milliseconds bounded(std::optional<std::chrono::nanoseconds> timeout) {
  using std::chrono::milliseconds;
  constexpr milliseconds kDefault{600'000};
  constexpr milliseconds kMost = std::chrono::hours(24 * 365);
  if (!timeout) return kDefault;
  if (timeout->count() < 0) return kMost;  // an unsigned number of the guest's, beyond 292 years
  return std::clamp(std::chrono::ceil<milliseconds>(*timeout), milliseconds{1}, kMost);
}

}  // namespace

/// One request under way: a coroutine that connects and waits for the head, and one that passes the request's
/// body on. Lives until the response's body is through.
class Outgoing::Flight final : public std::enable_shared_from_this<Flight>, private Waiter {
 public:
  Flight(std::shared_ptr<Outgoing> owner, std::shared_ptr<PendingResponse> pending,
         std::shared_ptr<OutgoingContents> body, Quota::Slot slot, Quota::Slot share,
         net::http::RequestHead head, net::http::SendOptions options)
      : owner_(std::move(owner)),
        pending_(std::move(pending)),
        body_(std::move(body)),
        slot_(std::move(slot)),
        share_(std::move(share)),
        head_(std::move(head)),
        options_(std::move(options)) {
    ++owner_->in_flight_;
    if (!body_) exchange_ = owner_->client_.send_now(head_, options_);
  }
  ~Flight() {
    if (body_) body_->break_off(std::nullopt);
    --owner_->in_flight_;
  }
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;

  static asio::awaitable<void> run(std::shared_ptr<Flight> self) {
    // A body later, so that what the guest does next (write a short one, finish it) is done.
    if (self->body_) co_await asio::post(asio::use_awaitable);
    std::optional<Result<IncomingResponse>> outcome;
    try {
      outcome.emplace(co_await self->exchange());
    } catch (...) {
      // Asio's way to say that the coroutine was cancelled.
      outcome.emplace(fail(Errc::cancelled, "the request was given up"));
    }
    auto& response = *outcome;
    if (!response) {
      self->fail_upload();
      const ErrorCode code = client_error(response.error());
      if (self->body_) self->body_->break_off(Failure{.text = response.error().message(), .detail = code});
      self->answer(std::unexpected(code));
      co_return;
    }
    self->answer(*std::move(response));
  }

 private:
  asio::awaitable<Result<IncomingResponse>> exchange() {
    // By now the guest has paused or ended: a short body is often whole, and its length known.
    BodySize size = BodySize::none();
    bool upload = false;
    if (body_) {
      if (body_->state() == OutgoingContents::State::abandoned)
        co_return fail(Errc::http_protocol, "the request's body was dropped before it was finished");
      const bool whole = body_->state() == OutgoingContents::State::finished && !body_->trailers();
      upload = !whole || !body_->pending().empty();
      if (whole) {
        size = BodySize::known(body_->pending().size());
      } else if (body_->state() == OutgoingContents::State::finished && body_->pending().empty()) {
        size = BodySize::unknown();  // nothing but trailers, for which a length leaves no place
      } else {
        size = body_->announced() ? BodySize::known(*body_->announced()) : BodySize::unknown();
      }
    }
    std::shared_ptr<ClientExchange> exchange = std::move(exchange_);
    if (!exchange)
      exchange = CO_TRY(co_await owner_->client_.send(std::move(head_), size, std::move(options_)));
    if (body_ && !upload) body_->break_off(std::nullopt);
    if (upload) {
      exchange_ = exchange;
      asio::co_spawn(owner_->loop_, pass_on(shared_from_this(), exchange), asio::detached);
    }
    net::http::ResponseHead* answer = CO_TRY(co_await exchange->response());
    auto fields = counted_without_forbidden(std::move(answer->fields), share_.sibling());
    if (!fields)
      co_return fail(Errc::http_limit, "the guest holds too much of its messages for this response's head");
    std::unique_ptr<BodyOrigin> origin;
    if (!exchange->bodiless()) origin = std::make_unique<ResponseOrigin>(shared_from_this(), exchange);
    co_return IncomingResponse{
        .status = answer->status,
        .fields = std::move(fields),
        .body = std::make_shared<IncomingBody>(owner_->loop_, std::move(origin), share_.sibling())};
  }

  /// Passes on the request's body until it ends or the exchange breaks.
  static asio::awaitable<void> pass_on(std::shared_ptr<Flight> self,
                                       std::shared_ptr<ClientExchange> exchange) {
    const std::shared_ptr<OutgoingContents> body = self->body_;
    body->attach(self.get());
    Result<> sent;
    try {
      for (;;) {
        if (self->failed_) {
          sent = fail(Errc::connection_closed, "the request was given up");
          break;
        }
        if (body->state() == OutgoingContents::State::abandoned) {
          exchange->abort();
          // Whoever still waits for the response learns why there is none.
          self->answer(std::unexpected(ErrorCode::of<ErrorCase::http_protocol_error>()));
          break;
        }
        if (!body->pending().empty()) {
          sent = co_await exchange->write(body->take());
          if (!sent) break;
        } else if (body->state() == OutgoingContents::State::finished) {
          sent = co_await exchange->finish(body->trailers().get());
          break;
        } else {
          static_cast<void>(co_await self->news_.wait());
        }
      }
    } catch (...) {
      sent = fail(Errc::cancelled, "sending the request was cancelled");
    }
    self->exchange_.reset();
    body->attach(nullptr);
    if (sent) {
      body->break_off(std::nullopt);
    } else {
      body->break_off(Failure{.text = sent.error().message(), .detail = client_error(sent.error())});
    }
  }

  /// Lets go of who waits: the response it holds leads back to here.
  void answer(PendingResponse::Outcome outcome) {
    if (const auto pending = std::exchange(pending_, nullptr)) {
      pending->resolve(std::move(outcome));
    } else if (outcome && outcome->body) {
      outcome->body->close();
    }
  }

  /// The response will not come: the upload has no purpose.
  void fail_upload() noexcept {
    failed_ = true;
    if (exchange_) exchange_->abort();
    news_.fire();
  }

  void wake() noexcept override {
    // Also ends a write that waits for a peer that does not read.
    if (body_->state() == OutgoingContents::State::abandoned && exchange_) exchange_->abort();
    news_.fire();
  }

  std::shared_ptr<Outgoing> owner_;
  std::shared_ptr<PendingResponse> pending_;
  std::shared_ptr<OutgoingContents> body_;
  Quota::Slot slot_;
  Quota::Slot share_;                         // of the request's text
  net::http::RequestHead head_;               // until it is sent
  net::http::SendOptions options_;            // likewise
  std::shared_ptr<ClientExchange> exchange_;  // sent by the constructor; later while pass_on() runs
  net::Event news_;                           // of the body, for pass_on()
  bool failed_ = false;
};

Outgoing::Outgoing(asio::io_context& loop, OutgoingOptions options)
    : loop_(loop), options_(std::move(options)), client_(loop, options_.dns, options_.tls, options_.limits) {}

Outgoing::~Outgoing() = default;

std::expected<std::shared_ptr<PendingResponse>, ErrorCode> Outgoing::send(OutgoingRequest request,
                                                                          const RequestTimeouts& timeouts,
                                                                          Quota::Slot slot) {
  using enum ErrorCase;
  const auto refuse = [&](ErrorCode code) {
    if (request.body) request.body->break_off(Failure{.text = "the request was refused", .detail = code});
    return std::unexpected(std::move(code));
  };
  net::http::RequestHead head;
  head.method = std::move(request.method);
  if (!net::http::is_token(head.method)) return refuse(ErrorCode::of<http_request_method_invalid>());
  head.scheme = std::move(request.scheme).value_or("https");
  std::ranges::transform(head.scheme, head.scheme.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  if (head.scheme != "http" && head.scheme != "https") return refuse(ErrorCode::of<http_protocol_error>());
  if (!request.authority) return refuse(ErrorCode::of<http_request_uri_invalid>());
  const auto target = net::http::parse_authority(*request.authority);
  if (!target) return refuse(ErrorCode::of<http_request_uri_invalid>());
  const std::uint16_t port = target->port.value_or(head.scheme == "https" ? 443 : 80);
  if (port == 0) return refuse(ErrorCode::of<http_request_uri_invalid>());
  if (stopped_ || !options_.policy || !options_.policy->may_name(target->host, port))
    return refuse(ErrorCode::of<http_request_denied>());
  if (head.scheme == "https" && !options_.tls) return refuse(ErrorCode::of<configuration_error>());
  head.authority = *std::move(request.authority);
  head.path_with_query = std::move(request.path_with_query).value_or("/");
  if (!head.path_with_query.starts_with('/') && head.path_with_query != "*")
    head.path_with_query.insert(0, "/");
  head.fields = take(std::move(request.fields));

  boost::system::error_code not_literal;
  asio::ip::make_address(target->host, not_literal);
  net::http::SendOptions options;
  options.pool_key = options_.pool_key;
  if (head.scheme == "http" && is_grpc(head.fields))
    options.protocol = net::http::ClientProtocol::h2_prior_knowledge;
  options.policy = [policy = options_.policy, name = not_literal ? target->host : std::string()](
                       const asio::ip::address& address, std::uint16_t at) -> Result<> {
    if (policy->allows(name, address, at)) return {};
    return fail(Errc::denied, "{} is not an allowed destination", address.to_string());
  };
  options.connect_timeout = bounded(timeouts.connect);
  options.first_byte_timeout = bounded(timeouts.first_byte);
  options.between_bytes_timeout = bounded(timeouts.between_bytes);

  auto pending = std::make_shared<PendingResponse>();
  auto flight =
      std::make_shared<Flight>(shared_from_this(), pending, std::move(request.body), std::move(slot),
                               std::move(request.share), std::move(head), std::move(options));
  asio::co_spawn(loop_, Flight::run(std::move(flight)),
                 asio::bind_cancellation_slot(pending->cancel_.slot(), [pending](std::exception_ptr failed) {
                   if (failed)
                     pending->resolve(std::unexpected(ErrorCode::of<ErrorCase::connection_terminated>()));
                 }));
  return pending;
}

void Outgoing::shut_down() noexcept { stopped_ = true; }

}  // namespace wisp::wasi::http
