#include "net/http/h1_server.hpp"

#include "net/http/syntax.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace wisp::net::http {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::size_t kReadAhead = 4 << 10;
constexpr std::size_t kCopyBelow =
    4 << 10;  // smaller bodies are copied behind the head: one buffer is cheaper to send
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
        log();
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
  body_bytes_ = 0;
  taken_ = 0;
  status_ = 0;
  response_bytes_ = 0;
  finished_ = false;
  aborted_ = false;
  continue_due_ = framing_.expect_continue && framing_.body != BodyKind::none;
  keep_ = framing_.keep_alive &&
          (limits.requests_per_connection == 0 || requests_ < limits.requests_per_connection);
  lost_ = Lost::no;
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
  log();
}

void H1Server::log() noexcept {
  if (server().options.access_log) {
    server().options.access_log({.method = head_.method,
                                 .path_with_query = head_.path_with_query,
                                 .authority = head_.authority,
                                 .version = head_.version,
                                 .peer = transport_->peer(),
                                 .status = status_ != 0 ? status_ : std::uint16_t{499},
                                 .response_bytes = response_bytes_,
                                 .duration = std::chrono::steady_clock::now() - began_});
  }
}

/// Lets the client read what was sent before the connection goes: a close with unread input would reset it.
asio::awaitable<void> H1Server::close_gently() {
  while (writing_ && !closed_) {
    if (!co_await write_free_.wait()) break;
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
  if (requests_ != 0) {
    transport_->close();
  } else {
    wait_timer_.arm(kDrainGrace);  // its first request may be on its way
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
  if (lost_ != Lost::no) return;
  lost_ = why;
  keep_ = false;
  disconnected_.fire();
}

Unexpected H1Server::gone() const {
  switch (lost_) {
    case Lost::timed_out:
      return fail(Errc::connection, "the request took too long");
    case Lost::shut_down:
      return fail(Errc::connection, "the server shuts down");
    case Lost::no:
    case Lost::client_left:
      break;
  }
  return fail(Errc::connection, "the client has gone");
}

// --- request body

std::optional<std::uint64_t> H1Server::body_size() const noexcept {
  if (framing_.body == BodyKind::chunked) return std::nullopt;
  return framing_.length;
}

const Fields* H1Server::trailers() const noexcept {
  return body_.done() && !body_.trailers().empty() ? &body_.trailers() : nullptr;
}

asio::awaitable<Result<>> H1Server::send_continue() {
  if (writing_) co_return Result<>();  // the response is under way, which says as much
  boost::system::error_code error;
  const std::size_t sent = transport_->write_now({asio::buffer(kContinue)}, error);
  if (sent == kContinue.size()) co_return Result<>();
  co_return co_await send_rest({asio::buffer(kContinue) + sent});
}

asio::awaitable<Result<std::span<const std::byte>>> H1Server::read_body(std::size_t max) {
  max = std::max<std::size_t>(max, 1);
  const ServerLimits& limits = server().options.limits;
  in_.unpin();
  in_.consume(std::exchange(taken_, 0));
  if (std::exchange(continue_due_, false) && status_ == 0) {
    if (auto sent = co_await send_continue(); !sent) co_return std::unexpected(std::move(sent).error());
  }
  too_slow_ = false;
  for (;;) {
    if (lost_ == Lost::timed_out || lost_ == Lost::shut_down) co_return gone();
    const BodyDecoder::Step step = body_.next(in_.pending(), max);
    in_.consume(step.skip);
    switch (step.kind) {
      case BodyDecoder::Step::Kind::end:
        co_return std::span<const std::byte>();
      case BodyDecoder::Step::Kind::refused: {
        const char* reason = step.reason;
        if (status_ == 0) answer(400, reason);
        keep_ = false;
        lose(Lost::client_left);
        co_return fail(Errc::http_protocol, "the request body is malformed: {}", reason);
      }
      case BodyDecoder::Step::Kind::data:
        body_bytes_ += step.data.size();
        if (limits.body_bytes != 0 && body_bytes_ > limits.body_bytes) {
          if (status_ == 0) answer(413, "");
          keep_ = false;
          co_return fail(Errc::http_limit, "the request body is larger than {} bytes", limits.body_bytes);
        }
        taken_ = step.data.size();
        in_.pin();
        co_return std::as_bytes(std::span(step.data));
      case BodyDecoder::Step::Kind::need_more:
        break;
    }
    if (step.skip != 0) continue;
    if (in_.ended()) {
      lose(Lost::client_left);
      co_return gone();
    }
    if (too_slow_) {
      if (status_ == 0) answer(408, "the body took too long");
      lose(Lost::timed_out);
      co_return fail(Errc::timeout, "the client sent nothing for {} ms", limits.body_timeout.count());
    }
    in_.prefer(std::min(max, limits.buffer_bytes));
    waiting_ = Waiting::body;
    wait_timer_.arm(limits.body_timeout);
    const Inbound::More more = co_await in_.more();
    wait_timer_.disarm();
    if (more == Inbound::More::cancelled) {
      if (lost_ != Lost::no) co_return gone();
      co_return fail(Errc::cancelled, "reading the request was cancelled");
    }
  }
}

// --- response

Result<> H1Server::begin_response(const ResponseHead& head, BodySize size) {
  if (lost_ == Lost::timed_out || lost_ == Lost::shut_down) return gone();
  if (status_ != 0 || aborted_) return fail(Errc::http_protocol, "a response head was sent before");
  if (head.status < 200 || head.status > 999)
    return fail(Errc::http_protocol, "{} is no final status", head.status);
  WireFraming wire;
  const bool no_content = head.status == 204;
  response_bodiless_ = no_content || head.status == 304 || head_.method == "HEAD";
  response_known_ = size.is_known();
  response_left_ = size.bytes();
  response_chunked_ = false;
  bool keep = keep_ && !server().draining;
  if (!response_bodiless_ && !size.is_known()) {
    if (head_.version == Version::http_1_0) {
      keep = false;
    } else {
      response_chunked_ = wire.chunked = true;
    }
  } else if (size.is_known() && !no_content && (size.bytes() != 0 || head.status != 304)) {
    wire.length = size.bytes();
  }
  // Nobody reads the rest of a body whose sender still waits for a go-ahead.
  if (continue_due_) keep = false;
  if (!keep) {
    wire.connection = "close";
  } else if (head_.version == Version::http_1_0) {
    wire.connection = "keep-alive";
  }
  out_.clear();
  TRY(write_response_head(out_, head, wire, server().date.now()));
  keep_ = keep;
  status_ = head.status;
  return {};
}

/// What of `data` is to be sent: all, nothing where a body has no place, or an error beyond a known size.
Result<std::span<const std::byte>> H1Server::admit(std::span<const std::byte> data) {
  if (status_ == 0) return fail(Errc::http_protocol, "the response head has not been sent");
  if (finished_ || aborted_) {
    if (lost_ != Lost::no) return gone();
    return fail(Errc::http_protocol, "the response has ended");
  }
  if (response_bodiless_) return std::span<const std::byte>();
  if (response_known_) {
    if (data.size() > response_left_) {
      return fail(Errc::http_protocol, "the response body exceeds the announced size by {} bytes",
                  data.size() - response_left_);
    }
    response_left_ -= data.size();
  }
  response_bytes_ += data.size();
  return data;
}

/// Sends out_, `data`, `tail`.
asio::awaitable<Result<>> H1Server::send(std::span<const std::byte> data, std::string_view tail) {
  while (writing_) {
    if (!co_await write_free_.wait()) co_return fail(Errc::cancelled, "writing was cancelled");
  }
  if (lost_ == Lost::timed_out || lost_ == Lost::shut_down) co_return gone();
  if (data.size() + tail.size() <= kCopyBelow) {
    out_.append(reinterpret_cast<const char*>(data.data()), data.size()).append(tail);
    data = {};
    tail = {};
  }
  WriteBuffers buffers{asio::buffer(out_), asio::buffer(data.data(), data.size()), asio::buffer(tail)};
  boost::system::error_code error;
  std::size_t sent = transport_->write_now(buffers, error);
  if (error) {
    lose(Lost::client_left);
    co_return gone();
  }
  bool all = true;
  for (auto& buffer : buffers) {
    const std::size_t step = std::min(sent, buffer.size());
    buffer += step;
    sent -= step;
    all = all && buffer.size() == 0;
  }
  if (all) co_return Result<>();
  co_return co_await send_rest(buffers);
}

asio::awaitable<Result<>> H1Server::send_rest(WriteBuffers buffers) {
  // Progress, not completion, is what the time limit is about, so a large write goes out in pieces.
  constexpr std::size_t kPiece = 256 << 10;
  writing_ = true;
  boost::system::error_code error;
  bool cancelled = false;
  try {
    while (!error && asio::buffer_size(buffers) != 0) {
      WriteBuffers piece{};
      std::size_t room = kPiece;
      for (std::size_t i = 0; i < buffers.size(); ++i) {
        const std::size_t step = std::min(room, buffers[i].size());
        piece[i] = asio::buffer(buffers[i], step);
        buffers[i] += step;
        room -= step;
      }
      write_timer_.arm(server().options.limits.write_timeout);
      error = co_await transport_->write(piece);
    }
  } catch (...) {
    cancelled = true;
  }
  write_timer_.disarm();
  writing_ = false;
  write_free_.fire();
  if (!error && !cancelled) co_return Result<>();
  // Part of a message is out: nothing can follow it.
  aborted_ = aborted_ || !finished_;
  keep_ = false;
  closed_ = true;
  transport_->close();
  if (!cancelled) lose(Lost::client_left);
  co_return gone();
}

asio::awaitable<Result<>> H1Server::respond(const ResponseHead& head, std::span<const std::byte> body) {
  if (auto begun = begin_response(head, BodySize::known(body.size())); !begun) co_return begun;
  finished_ = true;
  if (response_bodiless_) {
    body = {};
  } else {
    response_bytes_ = body.size();
  }
  if (!writing_ && body.size() <= kCopyBelow) {
    out_.append(reinterpret_cast<const char*>(body.data()), body.size());
    boost::system::error_code error;
    const std::size_t sent = transport_->write_now({asio::buffer(out_)}, error);
    if (error) {
      lose(Lost::client_left);
      co_return gone();
    }
    if (sent == out_.size()) co_return Result<>();
    co_return co_await send_rest({asio::buffer(out_) + sent});
  }
  co_return co_await send(body, {});
}

asio::awaitable<Result<>> H1Server::send_informational(const ResponseHead& head) {
  if (head.status < 100 || head.status > 199 || head.status == 101) {
    co_return fail(Errc::http_protocol, "{} is no interim status", head.status);
  }
  if (status_ != 0 || aborted_) co_return fail(Errc::http_protocol, "a response head was sent before");
  if (head_.version == Version::http_1_0) co_return Result<>();
  if (head.status == 100) continue_due_ = false;
  out_.clear();
  CO_TRY(write_response_head(out_, head, {}, {}));
  co_return co_await send({}, {});
}

asio::awaitable<Result<>> H1Server::send_head(const ResponseHead& head, BodySize size) {
  if (auto begun = begin_response(head, size); !begun) co_return begun;
  co_return co_await send({}, {});
}

asio::awaitable<Result<>> H1Server::send_head_and_write(const ResponseHead& head, BodySize size,
                                                        std::span<const std::byte> data) {
  if (size.is_known() && data.size() > size.bytes()) {
    co_return fail(Errc::http_protocol, "the response body exceeds the announced size by {} bytes",
                   data.size() - size.bytes());
  }
  if (auto begun = begin_response(head, size); !begun) co_return begun;
  const std::span<const std::byte> admitted = CO_TRY(admit(data));
  if (admitted.empty() || !response_chunked_) co_return co_await send(admitted, {});
  write_chunk_size(out_, admitted.size());
  co_return co_await send(admitted, "\r\n");
}

asio::awaitable<Result<>> H1Server::write(std::span<const std::byte> data) {
  const std::span<const std::byte> admitted = CO_TRY(admit(data));
  if (admitted.empty()) co_return Result<>();
  out_.clear();
  if (!response_chunked_) co_return co_await send(admitted, {});
  write_chunk_size(out_, admitted.size());
  co_return co_await send(admitted, "\r\n");
}

asio::awaitable<Result<>> H1Server::finish(const Fields* trailers) {
  CO_TRY(admit({}));
  if (response_known_ && !response_bodiless_ && response_left_ != 0) {
    abort();
    co_return fail(Errc::http_protocol, "the response body is {} bytes shorter than announced",
                   response_left_);
  }
  if (response_chunked_) {
    out_.clear();
    if (auto written = write_last_chunk(out_, trailers); !written) {
      abort();
      co_return written;
    }
    finished_ = true;
    co_return co_await send({}, {});
  }
  finished_ = true;
  co_return Result<>();
}

void H1Server::abort() noexcept {
  if (finished_ || aborted_) return;
  aborted_ = true;
  keep_ = false;
  closed_ = true;
  // Without chunks or a length a client takes an orderly end for the end of the body.
  const bool ambiguous = status_ != 0 && !response_known_ && !response_chunked_ && !response_bodiless_;
  transport_->close(ambiguous ? Transport::Ending::reset : Transport::Ending::orderly);
}

void H1Server::answer(std::uint16_t status, std::string_view reason) noexcept {
  if (!serving_) ++server().stats.rejected;
  const std::string body = error_text(status, reason);
  ResponseHead head{.status = status};
  std::string bytes;
  const bool no_body = serving_ && head_.method == "HEAD";
  if (!head.fields.add("Content-Type", "text/plain") ||
      !write_response_head(bytes, head, {.length = body.size(), .chunked = false, .connection = "close"},
                           server().date.now())) {
    transport_->close();
    return;
  }
  if (!no_body) bytes += body;
  status_ = status;
  finished_ = true;
  keep_ = false;
  response_bytes_ = no_body ? 0 : body.size();
  if (writing_) {
    transport_->close();
    return;
  }
  boost::system::error_code error;
  const std::size_t sent = transport_->write_now({asio::buffer(bytes)}, error);
  if (error || sent == bytes.size()) return;
  writing_ = true;
  asio::co_spawn(server().io, send_answer(bytes.substr(sent)), asio::detached);
}

asio::awaitable<void> H1Server::send_answer(std::string bytes) {
  const auto self = shared_from_this();
  write_timer_.arm(server().options.limits.write_timeout);
  (void)co_await transport_->write({asio::buffer(bytes)});
  write_timer_.disarm();
  writing_ = false;
  write_free_.fire();
}

}  // namespace wisp::net::http
