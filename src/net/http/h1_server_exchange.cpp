#include "net/http/h1_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>

// The exchange of a connection of HTTP/1: the body of its request, and its response. The connection itself is
// in h1_server.cpp.
namespace wisp::net::http {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

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
    if (unreachable()) co_return gone();
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
        if (auto fits = count_body(step.data.size(), limits); !fits) {
          if (status_ == 0) answer(413, "");
          keep_ = false;
          co_return std::unexpected(std::move(fits).error());
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
  TRY(may_begin(head));
  WireFraming wire{.length = announced_length(head.status, size)};
  response_chunked_ = false;
  bool keep = keep_ && !server().draining;
  if (!size.is_known() && !is_bodiless(head.status, head_.method)) {
    if (head_.version == Version::http_1_0) {
      keep = false;
    } else {
      response_chunked_ = wire.chunked = true;
    }
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
  begun(head.status, size);
  return {};
}

/// Sends out_, `data`, `tail`.
asio::awaitable<Result<>> H1Server::send(std::span<const std::byte> data, std::string_view tail) {
  while (writing_) {
    if (!co_await write_free_.wait()) co_return fail(Errc::cancelled, "writing was cancelled");
  }
  if (unreachable()) co_return gone();
  WriteBuffers buffers = gather(out_, data, tail);
  boost::system::error_code error;
  const std::size_t sent = transport_->write_now(buffers, error);
  if (error) {
    lose(Lost::client_left);
    co_return gone();
  }
  if (skip_sent(buffers, sent)) co_return Result<>();
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
  if (bodiless_) {
    body = {};
  } else {
    response_bytes_ = body.size();
  }
  if (!writing_ && body.size() <= kAppendBelow) {
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
  CO_TRY(may_inform(head));
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
  CO_TRY(check_first(size, data));
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
  CO_TRY(check_end());
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
  const bool ambiguous = status_ != 0 && !response_known_ && !response_chunked_ && !bodiless_;
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
