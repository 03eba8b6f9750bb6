#include "net/http/h2_server.hpp"

#include "net/http/h1_head.hpp"
#include "net/http/syntax.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

namespace wisp::net::http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kCopyBelow = 16
                                   << 10;  // smaller bodies are copied, so that their handler need not wait

H2Limits limits_of(const ServerLimits& limits) {
  return {.streams = limits.h2_streams,
          .stream_window = limits.buffer_bytes,
          .head_bytes = limits.head_bytes,
          .write_timeout = limits.write_timeout};
}

}  // namespace

void start_h2(std::shared_ptr<Server::State> server, std::unique_ptr<Transport> transport,
              std::string_view received) {
  std::make_shared<H2Server>(std::move(server), std::move(transport))->start(received);
}

// --- the connection

H2Server::H2Server(std::shared_ptr<Server::State> state, std::unique_ptr<Transport> transport)
    : H2Session(state->io, state->wheel, std::move(transport), Side::server,
                limits_of(state->options.limits)),
      ServerConnection(state),
      idle_timer_(
          state->wheel,
          [](void* self) {
            auto* connection = static_cast<H2Server*>(self);
            connection->submit_goaway(NGHTTP2_NO_ERROR);
            connection->end();
          },
          this) {}

H2Server::~H2Server() = default;

void H2Server::start(std::string_view received) {
  idle_timer_.arm(server().options.limits.head_timeout);
  H2Session::start(received);
  if (server().draining) drain();
}

void H2Server::drain() noexcept {
  draining_ = true;
  take_no_more();
}

void H2Server::take_no_more() noexcept {
  last_announced_ = true;
  submit_goaway(NGHTTP2_NO_ERROR);
}

void H2Server::kill() noexcept {
  const auto self = shared_from_this();
  end();
}

void H2Server::count_handler(int change) noexcept {
  handlers_ += static_cast<std::uint32_t>(change);
  server().stats.in_flight += static_cast<std::uint32_t>(change);
}

std::shared_ptr<H2Stream> H2Server::on_open() {
  const ServerLimits& limits = server().options.limits;
  // Handlers outlive streams that their client resets at once: their number is what costs.
  if (last_announced_ || handlers_ >= 2 * limits.h2_streams) return nullptr;
  idle_timer_.disarm();
  ++requests_;
  return std::make_shared<H2ServerStream>(std::static_pointer_cast<H2Server>(shared_from_this()));
}

void H2Server::on_batch() {
  for (auto& stream : std::exchange(ready_, {})) stream->begin();
  const std::uint32_t most = server().options.limits.requests_per_connection;
  if (most != 0 && requests_ >= most && !last_announced_) take_no_more();
}

void H2Server::on_stream_gone() {
  if (ended()) {
    idle_timer_.disarm();
  } else if (open_streams() == 0) {
    idle_timer_.arm(server().options.limits.idle_timeout);
  }
}

// --- the stream

H2ServerStream::H2ServerStream(std::shared_ptr<H2Server> connection)
    : H2Stream(connection),
      connection_(*connection),
      handler_timer_(
          connection->wheel(), [](void* self) { static_cast<H2ServerStream*>(self)->on_handler_timeout(); },
          this) {
  head_.version = Version::http_2;
}

H2ServerStream::~H2ServerStream() = default;

bool H2ServerStream::on_field(Section section, std::string_view name, std::string_view value) {
  const ServerLimits& limits = connection_.server().options.limits;
  head_bytes_ += name.size() + value.size() + 4;
  ++head_fields_;
  if (head_bytes_ > limits.head_bytes || head_fields_ > limits.head_fields) {
    refuse(431, "the fields are too many or too large");
    // An answer is worth some reading, but compressed fields can be made to grow without end.
    return section == Section::head && head_bytes_ <= 4 * limits.head_bytes;
  }
  if (section == Section::trailers) {
    return is_connection_field(name) || same_name(name, "content-length") ||
           trailers_.add(name, value).has_value();
  }
  if (name == ":method") {
    head_.method = value;
  } else if (name == ":scheme") {
    head_.scheme = value;
  } else if (name == ":authority") {
    head_.authority = value;
  } else if (name == ":path") {
    head_.path_with_query = value;
  } else if (name == "host") {
    if (!host_.empty()) refuse(400, "more than one Host");
    host_ = value;
  } else if (name == "cookie") {
    cookie_.append(cookie_.empty() ? "" : "; ").append(value);
  } else if (name == "expect") {
    if (same_name(value, "100-continue")) {
      continue_due_ = true;
    } else {
      refuse(417, "the expectation is not supported");
    }
  } else if (!is_connection_field(name) && !head_.fields.add(name, value)) {
    refuse(431, "the fields are too large");
  }
  return true;
}

void H2ServerStream::on_fields_done(Section section, Then then) {
  if (section == Section::trailers) return;
  has_body_ = then == Then::more;
  if (!cookie_.empty() && !head_.fields.add("cookie", cookie_)) refuse(431, "the fields are too large");
  check_head();
  connection_.ready(shared_from_this());
}

/// What nghttp2 leaves to its user: that the pieces make a request which HTTP/1 could carry, too.
void H2ServerStream::check_head() {
  const ServerLimits& limits = connection_.server().options.limits;
  if (head_.method == "CONNECT") return refuse(501, "CONNECT is not supported");
  if (!is_token(head_.method)) return refuse(400, "the method is not a token");
  if (head_.authority.empty()) head_.authority = host_;
  if (!host_.empty() && !same_name(host_, head_.authority)) return refuse(400, "Host and :authority differ");
  if (!parse_authority(head_.authority)) return refuse(400, "the authority is missing or malformed");
  const std::string& path = head_.path_with_query;
  if (path.size() > limits.target_bytes) return refuse(414, "the request target is too long");
  const bool rooted = path.starts_with('/') || (path == "*" && head_.method == "OPTIONS");
  if (!rooted || !all_are(path, kTarget)) return refuse(400, "the path is malformed");
  head_.scheme = connection_.server().options.tls ? "https" : "http";
  if (const auto size = body_size(); size && limits.body_bytes != 0 && *size > limits.body_bytes)
    refuse(413, "");
}

void H2ServerStream::refuse(std::uint16_t status, const char* reason) noexcept {
  if (refused_ != 0) return;
  refused_ = status;
  refused_reason_ = reason;
}

void H2ServerStream::begin() {
  if (closed_) return;
  if (connection_.server().options.access_log) began_ = std::chrono::steady_clock::now();
  if (refused_ != 0) {
    ++connection_.server().stats.rejected;
    answer(refused_, refused_reason_);
    stop_receiving();
    log();
    return;
  }
  ++connection_.server().stats.requests;
  // What completes the coroutine still looks at the slot, so it keeps the stream, too.
  asio::co_spawn(
      connection_.io(), run(),
      asio::bind_cancellation_slot(cancel_.slot(), [self = shared_from_this()](std::exception_ptr) {}));
}

asio::awaitable<void> H2ServerStream::run() {
  const auto self = shared_from_this();
  const auto timeout = connection_.server().options.limits.handler_timeout;
  running_ = true;
  connection_.count_handler(+1);
  if (timeout.count() != 0) handler_timer_.arm(timeout);
  try {
    co_await connection_.server().handler(*this);
  } catch (...) {
    // A handler may be cancelled or fail; what that means for the response is decided below.
  }
  handler_timer_.disarm();
  running_ = false;
  connection_.count_handler(-1);
  settle();
  log();
}

void H2ServerStream::settle() noexcept {
  if (!finished_ && !aborted_) {
    if (status_ == 0 && lost_ == Lost::no) {
      answer(500, "");
    } else {
      abort();
    }
  }
  stop_receiving();
}

void H2ServerStream::log() noexcept {
  const auto& access_log = connection_.server().options.access_log;
  if (!access_log) return;
  access_log({.method = head_.method,
              .path_with_query = head_.path_with_query,
              .authority = head_.authority,
              .version = Version::http_2,
              .peer = peer(),
              .status = status_ != 0 ? status_ : std::uint16_t{499},
              .response_bytes = response_bytes_,
              .duration = std::chrono::steady_clock::now() - began_});
}

void H2ServerStream::on_closed(std::uint32_t) {
  if (!running_) return;
  const bool stopped = connection_.server().stopped;
  if (!finished_ && !aborted_) lose(stopped ? Lost::shut_down : Lost::client_left);
  if (stopped) cancel_.emit(asio::cancellation_type::terminal);
}

void H2ServerStream::on_handler_timeout() noexcept {
  if (finished_ || closed_) return;
  const auto self = shared_from_this();
  if (status_ == 0 && !aborted_) {
    answer(504, "the handler took too long");
  } else {
    abort();
  }
  lose(Lost::timed_out);
  cancel_.emit(asio::cancellation_type::terminal);
}

void H2ServerStream::lose(Lost why) noexcept {
  if (lost_ != Lost::no) return;
  lost_ = why;
  disconnected_.fire();
}

Unexpected H2ServerStream::gone() const {
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

std::optional<std::uint64_t> H2ServerStream::body_size() const noexcept {
  if (!has_body_) return 0;
  const auto text = head_.fields.get("content-length");
  return text ? parse_content_length(*text) : std::nullopt;
}

const Fields* H2ServerStream::trailers() const noexcept {
  return received_all_ && !trailers_.empty() ? &trailers_ : nullptr;
}

asio::awaitable<Result<std::span<const std::byte>>> H2ServerStream::read_body(std::size_t max) {
  const ServerLimits& limits = connection_.server().options.limits;
  if (std::exchange(continue_due_, false) && status_ == 0 && !received_all_) {
    CO_TRY(co_await send_informational({.status = 100}));
  }
  if (lost_ == Lost::timed_out || lost_ == Lost::shut_down) co_return gone();
  switch (co_await wait_for_bytes(limits.body_timeout)) {
    case More::end:
      co_return std::span<const std::byte>();
    case More::bytes:
      break;
    case More::closed:
      lose(Lost::client_left);
      co_return gone();
    case More::timed_out:
      if (status_ == 0) {
        answer(408, "the body took too long");
      } else {
        abort();
      }
      lose(Lost::timed_out);
      co_return fail(Errc::timeout, "the client sent nothing for {} ms", limits.body_timeout.count());
    case More::cancelled:
      if (lost_ != Lost::no) co_return gone();
      co_return fail(Errc::cancelled, "reading the request was cancelled");
  }
  const std::span<const std::byte> piece = next_piece(max);
  body_bytes_ += piece.size();
  if (limits.body_bytes != 0 && body_bytes_ > limits.body_bytes) {
    if (status_ == 0) answer(413, "");
    co_return fail(Errc::http_limit, "the request body is larger than {} bytes", limits.body_bytes);
  }
  co_return piece;
}

// --- response

Result<> H2ServerStream::submit_head(const ResponseHead& head, BodySize size) {
  return submit(head, size, nullptr);
}

Result<> H2ServerStream::submit_whole(const ResponseHead& head, std::span<const std::byte> body) {
  TRY(submit(head, BodySize::known(body.size()), &body));
  if (!bodiless_) response_bytes_ = body.size();
  return {};
}

Result<> H2ServerStream::submit(const ResponseHead& head, BodySize size,
                                const std::span<const std::byte>* whole) {
  if (lost_ != Lost::no) return gone();
  if (status_ != 0 || aborted_) return fail(Errc::http_protocol, "a response head was sent before");
  if (head.status < 200 || head.status > 999)
    return fail(Errc::http_protocol, "{} is no final status", head.status);
  const bool no_content = head.status == 204;
  const bool bodiless = no_content || head.status == 304 || head_.method == "HEAD";
  H2Fields fields;
  fields.pseudo(":status", fmt::format_int(head.status).c_str());
  TRY(fields.add(head.fields, H2Fields::Sizes::drop));
  if (!head.fields.contains("date")) fields.add("date", connection_.server().date.now());
  if (size.is_known() && !no_content && (size.bytes() != 0 || head.status != 304)) {
    fields.add("content-length", fmt::format_int(size.bytes()).c_str());
  }
  const bool no_body = bodiless || (size.is_known() && size.bytes() == 0);
  if (whole != nullptr && !no_body) preset_body(*whole);
  TRY(connection_.submit_response(*this, fields, no_body ? H2Session::Body::none : H2Session::Body::follows));
  status_ = head.status;
  bodiless_ = bodiless;
  response_known_ = size.is_known();
  response_left_ = size.bytes();
  finished_ = whole != nullptr;
  return {};
}

Result<std::span<const std::byte>> H2ServerStream::admit(std::span<const std::byte> data) {
  if (status_ == 0) return fail(Errc::http_protocol, "the response head has not been sent");
  if (lost_ != Lost::no) return gone();
  if (finished_ || aborted_) return fail(Errc::http_protocol, "the response has ended");
  if (bodiless_) return std::span<const std::byte>();
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

asio::awaitable<Result<>> H2ServerStream::send(std::span<const std::byte> data) {
  if (data.empty()) co_return Result<>();
  Sent sent = Sent::cancelled;
  try {
    sent = co_await send_data(data, connection_.server().options.limits.write_timeout);
  } catch (...) {
    abort();
    throw;
  }
  switch (sent) {
    case Sent::all:
      co_return Result<>();
    case Sent::closed:
      lose(Lost::client_left);
      break;
    case Sent::timed_out:
      abort();
      lose(Lost::timed_out);
      break;
    case Sent::cancelled:
      abort();
      if (lost_ == Lost::no) co_return fail(Errc::cancelled, "writing was cancelled");
      break;
  }
  co_return gone();
}

asio::awaitable<Result<>> H2ServerStream::respond(const ResponseHead& head, std::span<const std::byte> body) {
  const bool swallowed = head.status == 204 || head.status == 304 || head_.method == "HEAD";
  if (body.size() <= kCopyBelow || swallowed) {
    co_return submit_whole(head, body);
  }
  CO_TRY(submit_head(head, BodySize::known(body.size())));
  CO_TRY(admit(body));
  CO_TRY(co_await send(body));
  co_return co_await finish(nullptr);
}

asio::awaitable<Result<>> H2ServerStream::send_informational(const ResponseHead& head) {
  if (head.status < 100 || head.status > 199 || head.status == 101) {
    co_return fail(Errc::http_protocol, "{} is no interim status", head.status);
  }
  if (lost_ != Lost::no) co_return gone();
  if (status_ != 0 || aborted_) co_return fail(Errc::http_protocol, "a response head was sent before");
  if (head.status == 100) continue_due_ = false;
  H2Fields fields;
  fields.pseudo(":status", fmt::format_int(head.status).c_str());
  CO_TRY(fields.add(head.fields, H2Fields::Sizes::drop));
  co_return connection_.submit_informational(*this, fields);
}

asio::awaitable<Result<>> H2ServerStream::send_head(const ResponseHead& head, BodySize size) {
  co_return submit_head(head, size);
}

asio::awaitable<Result<>> H2ServerStream::send_head_and_write(const ResponseHead& head, BodySize size,
                                                              std::span<const std::byte> data) {
  if (size.is_known() && data.size() > size.bytes()) {
    co_return fail(Errc::http_protocol, "the response body exceeds the announced size by {} bytes",
                   data.size() - size.bytes());
  }
  CO_TRY(submit_head(head, size));
  const std::span<const std::byte> admitted = CO_TRY(admit(data));
  co_return co_await send(admitted);
}

asio::awaitable<Result<>> H2ServerStream::write(std::span<const std::byte> data) {
  const std::span<const std::byte> admitted = CO_TRY(admit(data));
  co_return co_await send(admitted);
}

asio::awaitable<Result<>> H2ServerStream::finish(const Fields* trailers) {
  CO_TRY(admit({}));
  if (response_known_ && !bodiless_ && response_left_ != 0) {
    abort();
    co_return fail(Errc::http_protocol, "the response body is {} bytes shorter than announced",
                   response_left_);
  }
  H2Fields to_send;
  if (trailers != nullptr) {
    if (auto added = to_send.add(*trailers, H2Fields::Sizes::keep);
        !added || trailers->contains("content-length")) {
      abort();
      co_return fail(Errc::http_protocol, "the trailers cannot be sent");
    }
  }
  finished_ = true;
  if (!bodiless_ && !(response_known_ && response_bytes_ == 0)) send_end(std::move(to_send));
  co_return Result<>();
}

void H2ServerStream::abort() noexcept {
  if (finished_ || aborted_) return;
  aborted_ = true;
  reset(NGHTTP2_INTERNAL_ERROR);
}

void H2ServerStream::answer(std::uint16_t status, std::string_view reason) noexcept {
  const std::string body = error_text(status, reason);
  ResponseHead head{.status = status};
  if (!head.fields.add("content-type", "text/plain")) return;
  if (!submit_whole(head, std::as_bytes(std::span(body)))) reset(NGHTTP2_INTERNAL_ERROR);
}

}  // namespace wisp::net::http
