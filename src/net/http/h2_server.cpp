#include "net/http/h2_server.hpp"

#include "net/http/h1_head.hpp"
#include "net/http/syntax.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <nghttp2/nghttp2.h>

namespace wisp::net::http {

namespace asio = boost::asio;

namespace {

H2Limits limits_of(const ServerLimits& limits) {
  return {.streams = limits.h2_streams,
          .stream_window = limits.buffer_bytes,
          .head_bytes = std::min<std::size_t>(limits.head_bytes, UINT32_MAX),  // as it is announced
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
  if (last_announced_ || handlers_ >= 2 * std::uint64_t{limits.h2_streams}) return nullptr;
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
    log(connection_.server().options);
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
  log(connection_.server().options);
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

void H2ServerStream::on_closed(std::uint32_t) {
  if (!running_) return;
  const bool stopped = connection_.server().stopped;
  if (!finished_ && !aborted_) note_lost(stopped ? Lost::shut_down : Lost::client_left);
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
  note_lost(Lost::timed_out);
  cancel_.emit(asio::cancellation_type::terminal);
}

}  // namespace wisp::net::http
