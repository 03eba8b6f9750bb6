#include "net/http/h1_client.hpp"

#include "net/http/h1_write.hpp"

#include <algorithm>

namespace wisp::net::http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kReadAhead = 4 << 10;
constexpr std::size_t kHeadGuess = 512;  // most heads of requests fit
constexpr unsigned kMaxInterim = 64;     // 1xx responses before the real one

bool expects_body(const RequestHead& head) noexcept {
  return head.method == "POST" || head.method == "PUT" || head.method == "PATCH";
}

/// One request over HTTP/1.
class H1Exchange final : public PooledExchange {
 public:
  H1Exchange(std::shared_ptr<H1Client> connection, const RequestHead& head, const SendContext& context)
      : connection_(std::move(connection)),
        method_(head.method),
        size_(context.size),
        first_byte_timeout_(context.options.first_byte_timeout),
        between_bytes_timeout_(context.options.between_bytes_timeout),
        limits_{
            .bytes = context.options.max_head_bytes, .fields = context.options.max_head_fields, .target = 0},
        left_(context.size.bytes()),
        reused_(connection_->used() > 1),
        timer_(
            connection_->client().wheel, [](void* self) { static_cast<H1Exchange*>(self)->on_timeout(); },
            this) {
    response_.fields =
        Fields(context.options.max_head_bytes + context.options.max_head_fields * Fields::kFieldOverhead);
    response_.fields.reserve(256, 8);
    out_.reserve(kHeadGuess);
  }

  ~H1Exchange() override {
    const bool reusable = finished_ && !broken_ && responded_ && body_.done() && framing_.keep_alive;
    connection_->in().unpin();
    connection_->in().consume(taken_);
    if (reusable && connection_->usable()) {
      connection_->client().give_back(std::move(connection_));
    } else {
      connection_->close();
    }
  }

  /// Of a request without a body; a connection that breaks is response()'s business.
  Result<> start(const RequestHead& head) {
    WireFraming wire;
    if (expects_body(head)) wire.length = 0;
    TRY(write_request_head(out_, head, wire));
    finished_ = true;
    boost::system::error_code error;
    unsent_ = out_.size() - connection_->transport().write_now({asio::buffer(out_)}, error);
    if (error) {
      unsent_ = 0;
      broken_ = true;
      untouched_ = reused_;
    }
    return {};
  }

  /// Errc::connection_closed is kept for response().
  asio::awaitable<Result<>> send_head(const RequestHead& head) {
    WireFraming wire;
    if (!size_.is_known()) {
      wire.chunked = true;
    } else if (size_.bytes() != 0 || expects_body(head)) {
      wire.length = size_.bytes();
    }
    CO_TRY(write_request_head(out_, head, wire));
    finished_ = size_.is_known() && size_.bytes() == 0;
    co_return co_await send({}, {});
  }

  asio::awaitable<Result<>> write(std::span<const std::byte> data) override {
    if (finished_ || broken_) co_return fail(Errc::http_protocol, "the request has ended");
    if (size_.is_known()) {
      if (data.size() > left_) {
        co_return fail(Errc::http_protocol, "the request body exceeds the announced size by {} bytes",
                       data.size() - left_);
      }
      left_ -= data.size();
    }
    if (data.empty()) co_return Result<>();
    out_.clear();
    if (size_.is_known()) co_return co_await send(data, {});
    write_chunk_size(out_, data.size());
    co_return co_await send(data, "\r\n");
  }

  asio::awaitable<Result<>> finish(const Fields* trailers) override {
    if (broken_) co_return fail(Errc::connection_closed, "the request was aborted");
    if (finished_) co_return Result<>();
    if (left_ != 0) {
      abort();
      co_return fail(Errc::http_protocol, "the request body is {} bytes shorter than announced", left_);
    }
    if (!size_.is_known()) {
      out_.clear();
      if (auto written = write_last_chunk(out_, trailers); !written) {
        abort();
        co_return written;
      }
      CO_TRY(co_await send({}, {}));
    }
    finished_ = true;
    if (waiting_for_head_) timer_.arm(first_byte_timeout_);
    co_return Result<>();
  }

  void abort() noexcept override {
    broken_ = true;
    aborted_ = true;
    connection_->close();
  }

  asio::awaitable<Result<ResponseHead*>> response() override {
    if (responded_) co_return &response_;
    if (const std::size_t rest = std::exchange(unsent_, 0); rest != 0) {
      out_.erase(0, out_.size() - rest);
      // The server may have answered before it closed.
      if (auto sent = co_await send({}, {}); !sent && sent.error().code() != Errc::connection_closed)
        co_return std::unexpected(std::move(sent).error());
    }
    Inbound& in = connection_->in();
    HeadScanner scanner;
    for (unsigned interim = 0;;) {
      HeadResult result = scanner.scan(in.pending(), limits_);
      if (result.state == HeadResult::State::complete) {
        result = parse_response_head(in.pending().substr(0, result.size), limits_, method_, response_,
                                     version_, framing_);
        in.consume(result.size);
      }
      if (result.state == HeadResult::State::refused) {
        abort();
        const Errc code = result.status == 431 ? Errc::http_limit : Errc::http_protocol;
        co_return fail(code, "the response is malformed: {}", result.reason);
      }
      if (result.state == HeadResult::State::complete) {
        if (response_.status >= 200) break;
        if (response_.status == 101 || ++interim > kMaxInterim) {
          abort();
          co_return fail(Errc::http_protocol, "the server sends interim responses that nobody asked for");
        }
        scanner.reset();
        continue;
      }
      if (in.ended()) {
        untouched_ = reused_ && in.pending().empty() && interim == 0;
        broken_ = true;
        co_return ended("before it sent a response");
      }
      if (timed_out_) {
        abort();
        co_return fail(Errc::response_timeout, "the response did not begin within {} ms",
                       first_byte_timeout_.count());
      }
      if (aborted_) co_return fail(Errc::connection_closed, "the request was aborted");
      waiting_for_head_ = true;
      // A server may answer and stop reading: then the request ends with its failing write.
      if ((finished_ || broken_) && !timer_.armed()) timer_.arm(first_byte_timeout_);
      const Inbound::More more = co_await in.more();
      waiting_for_head_ = false;
      if (more == Inbound::More::cancelled) {
        timer_.disarm();
        co_return fail(Errc::cancelled, "waiting for the response was cancelled");
      }
    }
    timer_.disarm();
    responded_ = true;
    body_.start(framing_, limits_);
    co_return &response_;
  }

  bool bodiless() const noexcept override {
    return responded_ &&
           (framing_.body == BodyKind::none || (framing_.body == BodyKind::length && framing_.length == 0));
  }
  Version version() const noexcept override { return version_; }

  asio::awaitable<Result<std::span<const std::byte>>> read_body(std::size_t max) override {
    if (!responded_) CO_TRY(co_await response());
    Inbound& in = connection_->in();
    for (;;) {
      if (auto piece = read_now(max)) co_return *std::move(piece);
      if (in.ended()) {
        if (body_.until_close() && in.error() == asio::error::eof) co_return std::span<const std::byte>();
        broken_ = true;
        co_return fail(Errc::http_incomplete,
                       "the server closed the connection in the middle of the response body");
      }
      if (timed_out_) {
        abort();
        co_return fail(Errc::read_timeout, "the server sent nothing for {} ms",
                       between_bytes_timeout_.count());
      }
      in.prefer(std::min(max, connection_->client().limits.buffer_bytes));
      timer_.arm(between_bytes_timeout_);
      const Inbound::More more = co_await in.more();
      timer_.disarm();
      if (more == Inbound::More::cancelled)
        co_return fail(Errc::cancelled, "reading the response was cancelled");
    }
  }

  std::optional<Result<std::span<const std::byte>>> read_now(std::size_t max) override {
    if (!responded_) return std::nullopt;
    Inbound& in = connection_->in();
    in.unpin();
    in.consume(std::exchange(taken_, 0));
    for (;;) {
      const BodyDecoder::Step step = body_.next(in.pending(), std::max<std::size_t>(max, 1));
      in.consume(step.skip);
      switch (step.kind) {
        case BodyDecoder::Step::Kind::end:
          return std::span<const std::byte>();
        case BodyDecoder::Step::Kind::refused: {
          const char* reason = step.reason;
          abort();
          return fail(Errc::http_protocol, "the response body is malformed: {}", reason);
        }
        case BodyDecoder::Step::Kind::data:
          taken_ = step.data.size();
          in.pin();
          return std::as_bytes(std::span(step.data));
        case BodyDecoder::Step::Kind::need_more:
          if (step.skip == 0) return std::nullopt;
      }
    }
  }

  const Fields* trailers() const noexcept override {
    return responded_ && body_.done() && !body_.trailers().empty() ? &body_.trailers() : nullptr;
  }

  bool untouched() const noexcept override { return untouched_; }

 private:
  void on_timeout() noexcept {
    timed_out_ = true;
    connection_->in().wake();
  }

  Unexpected ended(const char* when) const {
    const auto& error = connection_->in().error();
    if (error == asio::error::eof)
      return fail(Errc::connection_closed, "the server closed the connection {}", when);
    return fail(Errc::connection_closed, "the connection broke {}: {}", when, error.message());
  }

  asio::awaitable<Result<>> send(std::span<const std::byte> data, std::string_view tail) {
    Transport& transport = connection_->transport();
    WriteBuffers buffers = gather(out_, data, tail);
    boost::system::error_code error;
    const std::size_t sent = transport.write_now(buffers, error);
    if (!skip_sent(buffers, sent) && !error) {
      try {
        error = co_await transport.write(buffers);
      } catch (...) {
        abort();  // part of a message is out: nothing can follow it
        throw;
      }
    }
    if (!error) co_return Result<>();
    // The server may have answered before it closed; response() finds out.
    if (error == asio::error::operation_aborted) {
      abort();
      co_return fail(Errc::cancelled, "writing the request was cancelled");
    }
    broken_ = true;
    untouched_ = reused_;
    co_return fail(Errc::connection_closed, "the connection broke while the request was written: {}",
                   error.message());
  }

  std::shared_ptr<H1Client> connection_;
  std::string method_;
  BodySize size_;
  std::chrono::milliseconds first_byte_timeout_;
  std::chrono::milliseconds between_bytes_timeout_;
  HeadLimits limits_;
  std::string out_;
  std::uint64_t left_;  // of a known size
  bool reused_;
  bool finished_ = false;
  bool broken_ = false;   // the connection cannot be used again
  bool aborted_ = false;  // nor is a response waited for
  bool responded_ = false;
  bool untouched_ = false;
  bool timed_out_ = false;
  bool waiting_for_head_ = false;
  ResponseHead response_;
  Version version_ = Version::http_1_1;
  Framing framing_;
  BodyDecoder body_;
  std::size_t unsent_ = 0;  // of out_, by start()
  std::size_t taken_ = 0;   // of what read_now() handed out
  Timer timer_;
};

}  // namespace

H1Client::H1Client(std::shared_ptr<Client::State> client, std::string key,
                   std::unique_ptr<Transport> transport, std::size_t max_head)
    : client_(std::move(client)),
      key_(std::move(key)),
      transport_(std::move(transport)),
      in_(
          *transport_, client_->wheel, kReadAhead,
          std::max(max_head + (4 << 10), client_->limits.buffer_bytes),
          [](void* self) noexcept {
            auto* connection = static_cast<H1Client*>(self);
            if (connection->resting_) connection->close();
          },
          this),
      idle_timer_(client_->wheel, [](void* self) { static_cast<H1Client*>(self)->close(); }, this) {
  ++client_->open;
  ++client_->made;
}

H1Client::~H1Client() {
  client_->forget(key_, this);
  --client_->open;
}

void H1Client::start() { in_.start(shared_from_this()); }

void H1Client::rest() {
  in_.prefer(0);
  resting_ = true;
  idle_timer_.arm(client_->limits.idle_timeout);
}

void H1Client::close(Transport::Ending ending) noexcept {
  if (std::exchange(closed_, true)) return;
  const auto self = shared_from_this();
  idle_timer_.disarm();
  in_.stop();
  transport_->close(ending);
  if (resting_) client_->forget(key_, this);
}

std::unique_ptr<PooledExchange> send_h1_now(std::shared_ptr<H1Client> connection, const RequestHead& head,
                                            const SendContext& context) {
  connection->count_use();
  auto exchange = std::make_unique<H1Exchange>(std::move(connection), head, context);
  if (!exchange->start(head)) return nullptr;
  return exchange;
}

asio::awaitable<Result<std::unique_ptr<PooledExchange>>> send_h1(std::shared_ptr<H1Client> connection,
                                                                 const RequestHead& head,
                                                                 const SendContext& context) {
  connection->count_use();
  auto exchange = std::make_unique<H1Exchange>(std::move(connection), head, context);
  // A write that fails is reported by response(), which also knows whether the request may be repeated.
  if (auto sent = co_await exchange->send_head(head);
      !sent && sent.error().code() != Errc::connection_closed) {
    co_return std::unexpected(std::move(sent).error());
  }
  co_return exchange;
}

}  // namespace wisp::net::http
