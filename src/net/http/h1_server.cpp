#include "net/http/h1_server.hpp"

#include "net/http/syntax.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace wisp::net::http {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kReadAhead = 4 << 10;
constexpr std::size_t kKeepOut = 16 << 10;  // a larger write buffer is given back
constexpr std::chrono::seconds kClosingTime{2};
constexpr std::chrono::milliseconds kClosingStep{50};
constexpr std::chrono::milliseconds kDrainGrace{500};

}  // namespace

void start_h1(std::shared_ptr<Server::State> server, std::unique_ptr<Transport> transport) {
  std::make_shared<H1Server>(std::move(server), std::move(transport))->start();
}

H1Server::H1Server(std::shared_ptr<Server::State> state, std::unique_ptr<Transport> transport)
    : ServerConnection(std::move(state)),
      transport_(std::move(transport)),
      in_(
          *transport_, server().wheel, kReadAhead,
          std::max(server().options.limits.head_bytes + (4 << 10), server().options.limits.buffer_bytes),
          [](void* self) noexcept { static_cast<H1Server*>(self)->on_closed(); }, this),
      limits_{.bytes = server().options.limits.head_bytes,
              .fields = server().options.limits.head_fields,
              .target = server().options.limits.target_bytes},
      wait_timer_(
          server().wheel, [](void* self) { static_cast<H1Server*>(self)->on_wait_timeout(); }, this),
      write_timer_(
          server().wheel, [](void* self) { static_cast<H1Server*>(self)->transport_->close(); }, this),
      handler_timer_(
          server().wheel, [](void* self) { static_cast<H1Server*>(self)->on_handler_timeout(); }, this) {}

H1Server::~H1Server() = default;

void H1Server::start() {
  // What completes the coroutine still looks at the slot, so it keeps the connection, too.
  asio::co_spawn(
      server().io, run(),
      asio::bind_cancellation_slot(cancel_.slot(), [self = shared_from_this()](std::exception_ptr) {}));
  in_.start(shared_from_this());
}

// --- the connection

asio::awaitable<void> H1Server::run() {
  const auto self = shared_from_this();
  for (;;) {
    const Next next = co_await next_head();
    if (next == Next::h2) {
      in_.stop();
      const std::string received(in_.pending());
      start_h2(shared_server(), std::move(transport_), received);
      co_return;
    }
    if (next == Next::close) break;
    begin_exchange();
    try {
      co_await server().handler(*this);
    } catch (...) {
      // A handler may be cancelled or fail; what that means for the response is decided below.
    }
    if (lost_ == Lost::timed_out || lost_ == Lost::shut_down)
      co_await asio::this_coro::reset_cancellation_state();
    settle();
    end_exchange();
    if (!keep_) break;
  }
  co_await close_gently();
}

asio::awaitable<H1Server::Next> H1Server::next_head() {
  const ServerLimits& limits = server().options.limits;
  scanner_.reset();
  head_.clear();
  in_.prefer(0);
  waiting_ = Waiting::idle;
  too_slow_ = false;
  bool first = requests_ == 0;
  for (;;) {
    const std::string_view pending = in_.pending();
    const bool maybe_h2 =
        requests_ == 0 && pending.substr(0, kPreface.size()) == kPreface.substr(0, pending.size());
    if (maybe_h2 && pending.size() >= kPreface.size()) {
      wait_timer_.disarm();
      co_return Next::h2;
    }
    if (!pending.empty() && !maybe_h2) {
      HeadResult result = scanner_.scan(pending, limits_);
      if (result.state == HeadResult::State::complete) {
        wait_timer_.disarm();
        const std::size_t size = result.size;
        result = parse_request_head(pending.substr(0, size), limits_, head_, framing_);
        in_.consume(size);
        if (result.state == HeadResult::State::complete) {
          if (limits.body_bytes == 0 || framing_.length <= limits.body_bytes) co_return Next::request;
          result = {.state = HeadResult::State::refused, .status = 413};
        }
      }
      if (result.state == HeadResult::State::refused) {
        began_ = std::chrono::steady_clock::now();
        answer(result.status, result.reason);
        log(server().options);
        co_return Next::close;
      }
    }
    if (closed_ || in_.ended()) co_return Next::close;
    if (too_slow_) {
      if (!in_.pending().empty()) answer(408, "the head took too long");
      co_return Next::close;
    }
    if (server().draining && in_.pending().empty() && requests_ != 0) co_return Next::close;
    const Waiting now = in_.pending().empty() && !first ? Waiting::idle : Waiting::head;
    if (now != waiting_ || !wait_timer_.armed()) {
      waiting_ = now;
      if (now == Waiting::idle) {
        wait_timer_.arm(limits.idle_timeout);
      } else {
        // One that was accepted just before a drain has its first request on its way, or none.
        const bool late = server().draining && in_.pending().empty();
        wait_timer_.arm(late ? kDrainGrace : limits.head_timeout);
      }
    }
    if (co_await in_.more() == Inbound::More::cancelled) co_return Next::close;
  }
}

void H1Server::begin_exchange() {
  const ServerLimits& limits = server().options.limits;
  ++requests_;
  ++server().stats.requests;
  ++server().stats.in_flight;
  head_.scheme = server().options.tls ? "https" : "http";
  body_.start(framing_, limits_);
  taken_ = 0;
  start_over();
  continue_due_ = framing_.expect_continue && framing_.body != BodyKind::none;
  keep_ = framing_.keep_alive &&
          (limits.requests_per_connection == 0 || requests_ < limits.requests_per_connection);
  serving_ = true;
  if (limits.handler_timeout.count() != 0) handler_timer_.arm(limits.handler_timeout);
  if (server().options.access_log) began_ = std::chrono::steady_clock::now();
}

/// What remains to be done for a handler that ended without finishing.
void H1Server::settle() noexcept {
  if (finished_ || aborted_) return;
  if (status_ == 0 && lost_ == Lost::no) {
    answer(500, "");
  } else {
    abort();
  }
}

void H1Server::end_exchange() noexcept {
  handler_timer_.disarm();
  serving_ = false;
  --server().stats.in_flight;
  in_.unpin();
  in_.consume(std::exchange(taken_, 0));
  // A rest of the body that is there already is skipped; waiting for more would be the client's to decide.
  while (keep_ && !body_.done()) {
    const BodyDecoder::Step step = body_.next(in_.pending(), in_.pending().size() + 1);
    if (step.kind == BodyDecoder::Step::Kind::refused) keep_ = false;
    in_.consume(step.skip + step.data.size());
    if (step.kind == BodyDecoder::Step::Kind::need_more && step.skip == 0) keep_ = false;
  }
  if (out_.capacity() > kKeepOut) out_ = {};
  log(server().options);
}

/// Lets the client read what was sent before the connection goes: a close with unread input would reset it.
asio::awaitable<void> H1Server::close_gently() {
  while (writing_ && !closed_) {
    if (!co_await write_free_.wait()) break;
  }
  if (!closed_ && transport_->owes()) {
    write_timer_.arm(server().options.limits.write_timeout);
    static_cast<void>(co_await transport_->write({}));
    write_timer_.disarm();
  }
  if (!closed_ && !in_.ended()) {
    transport_->shutdown_send();
    in_.discard();
    waiting_ = Waiting::closing;
    closing_until_ = std::chrono::steady_clock::now() + kClosingTime;
    wait_timer_.arm(kClosingStep);
    while (!in_.ended()) {
      if (co_await in_.more() != Inbound::More::bytes) break;
    }
  }
  wait_timer_.disarm();
  in_.stop();
  closed_ = true;
  transport_->close();
}

/// Until the client has closed, or has everything while the server drains, or has had its time.
void H1Server::linger() noexcept {
  const bool hurried = server().draining && transport_->settled();
  if (hurried || std::chrono::steady_clock::now() >= closing_until_) return transport_->close();
  wait_timer_.arm(kClosingStep);
}

void H1Server::on_closed() noexcept {
  if (serving_) lose(Lost::client_left);
}

void H1Server::on_wait_timeout() noexcept {
  switch (waiting_) {
    case Waiting::idle:
      transport_->close();
      break;
    case Waiting::closing:
      linger();
      break;
    case Waiting::head:
      too_slow_ = true;
      in_.wake();
      break;
    case Waiting::body:
      too_slow_ = true;
      in_.wake();
      break;
  }
}

void H1Server::on_handler_timeout() noexcept {
  if (finished_ || lost_ == Lost::shut_down) return;
  const auto self = shared_from_this();
  if (status_ == 0 && !aborted_) {
    answer(504, "the handler took too long");
  } else {
    abort();
  }
  lose(Lost::timed_out);
  cancel_.emit(asio::cancellation_type::terminal);
}

void H1Server::drain() noexcept {
  keep_ = false;
  if (serving_ || !transport_ || waiting_ == Waiting::closing || !in_.pending().empty()) return;
  if (requests_ != 0 && !transport_->owes()) {
    transport_->close();
  } else {
    wait_timer_.arm(kDrainGrace);  // its first request may be on its way, or the end of its last response
  }
}

void H1Server::kill() noexcept {
  if (!transport_) return;
  const auto self = shared_from_this();
  closed_ = true;
  keep_ = false;
  transport_->close();
  if (serving_) {
    lose(Lost::shut_down);
    cancel_.emit(asio::cancellation_type::terminal);
  }
}

void H1Server::lose(Lost why) noexcept {
  keep_ = keep_ && lost_ != Lost::no;
  note_lost(why);
}

}  // namespace wisp::net::http
