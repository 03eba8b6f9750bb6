#include "net/http/h2_client.hpp"

#include "net/http/h1_head.hpp"
#include "net/http/syntax.hpp"

#include <nghttp2/nghttp2.h>

#include <fmt/format.h>

namespace wisp::net::http {

namespace asio = boost::asio;

namespace {

class ClientStream final : public H2Stream {
 public:
  ClientStream(std::shared_ptr<H2Client> connection, const SendContext& context)
      : H2Stream(connection),
        options_(context.options),
        size_(context.size),
        left_(context.size.bytes()),
        timer_(
            connection->wheel(),
            [](void* self) {
              auto* stream = static_cast<ClientStream*>(self);
              stream->timed_out_ = true;
              stream->head_event_.fire();
            },
            this) {
    response_.fields = Fields(options_.max_head_bytes + options_.max_head_fields * Fields::kFieldOverhead);
    finished_ = size_.is_known() && size_.bytes() == 0;
  }

  bool on_field(Section, std::string_view name, std::string_view value) override {
    head_bytes_ += name.size() + value.size() + 4;
    if (head_bytes_ > options_.max_head_bytes || ++head_fields_ > options_.max_head_fields) {
      too_large_ = true;
      return false;
    }
    if (responded_) return is_connection_field(name) || trailers_.add(name, value).has_value();
    if (name == ":status") {
      response_.status =
          static_cast<std::uint16_t>(parse_content_length(value).value_or(0));  // three digits: nghttp2
      return true;
    }
    return is_connection_field(name) || response_.fields.add(name, value).has_value();
  }

  void on_fields_done(Section, Then then) override {
    if (responded_) return;
    if (response_.status < 200) {  // interim: the real one follows
      response_.fields.clear();
      return;
    }
    responded_ = true;
    bodiless_ = then == Then::end;
    head_event_.fire();
  }

  void on_closed(std::uint32_t code) override {
    code_ = code;
    head_event_.fire();
  }

  asio::awaitable<Result<>> write(std::span<const std::byte> data) {
    if (finished_) co_return fail(Errc::http_protocol, "the request has ended");
    if (size_.is_known()) {
      if (data.size() > left_) {
        co_return fail(Errc::http_protocol, "the request body exceeds the announced size by {} bytes",
                       data.size() - left_);
      }
      left_ -= data.size();
    }
    if (data.empty()) co_return Result<>();
    Sent sent = Sent::cancelled;
    try {
      sent = co_await send_data(data, options_.between_bytes_timeout);
    } catch (...) {
      abort();
      throw;
    }
    switch (sent) {
      case Sent::all:
        co_return Result<>();
      case Sent::closed:
        co_return closed_error("while the request was written");
      case Sent::timed_out:
        abort();
        co_return fail(Errc::timeout, "the server takes no more of the request body");
      case Sent::cancelled:
        break;
    }
    abort();
    co_return fail(Errc::cancelled, "writing the request was cancelled");
  }

  Result<> finish(const Fields* trailers) {
    if (finished_) return {};
    if (left_ != 0) {
      abort();
      return fail(Errc::http_protocol, "the request body is {} bytes shorter than announced", left_);
    }
    H2Fields to_send;
    if (trailers != nullptr) {
      if (auto added = to_send.add(*trailers, H2Fields::Sizes::keep);
          !added || trailers->contains("content-length")) {
        abort();
        return fail(Errc::http_protocol, "the trailers cannot be sent");
      }
    }
    finished_ = true;
    send_end(std::move(to_send));
    if (waiting_for_head_) timer_.arm(options_.first_byte_timeout);
    return {};
  }

  void abort() noexcept {
    finished_ = true;
    aborted_ = true;
    reset(NGHTTP2_CANCEL);
  }

  asio::awaitable<Result<ResponseHead*>> response() {
    while (!responded_) {
      if (closed_) co_return closed_error("before it sent a response");
      if (timed_out_) {
        abort();
        co_return fail(Errc::response_timeout, "the response did not begin within {} ms",
                       options_.first_byte_timeout.count());
      }
      waiting_for_head_ = true;
      if (finished_ && !timer_.armed()) timer_.arm(options_.first_byte_timeout);
      const bool fired = co_await head_event_.wait();
      waiting_for_head_ = false;
      if (!fired) {
        timer_.disarm();
        co_return fail(Errc::cancelled, "waiting for the response was cancelled");
      }
    }
    timer_.disarm();
    co_return &response_;
  }

  asio::awaitable<Result<std::span<const std::byte>>> read_body(std::size_t max) {
    CO_TRY(co_await response());
    switch (co_await wait_for_bytes(options_.between_bytes_timeout)) {
      case More::bytes:
        co_return next_piece(max);
      case More::end:
        co_return std::span<const std::byte>();
      case More::closed:
        co_return closed_error("in the middle of the response body");
      case More::timed_out:
        abort();
        co_return fail(Errc::read_timeout, "the server sent nothing for {} ms",
                       options_.between_bytes_timeout.count());
      case More::cancelled:
        break;
    }
    co_return fail(Errc::cancelled, "reading the response was cancelled");
  }

  std::optional<Result<std::span<const std::byte>>> read_now(std::size_t max) {
    if (!responded_) return std::nullopt;
    const auto more = bytes_now();
    if (more == More::bytes) return next_piece(max);
    if (more == More::end) return std::span<const std::byte>();
    if (more == More::closed) return closed_error("in the middle of the response body");
    return std::nullopt;
  }

  bool bodiless() const noexcept { return bodiless_; }
  const Fields* trailers() const noexcept {
    return received_all_ && !trailers_.empty() ? &trailers_ : nullptr;
  }
  bool complete() const noexcept { return closed_ || (finished_ && received_all_); }
  bool untouched() const noexcept {
    return closed_ && !responded_ && !aborted_ && code_ == NGHTTP2_REFUSED_STREAM;
  }

 private:
  Unexpected closed_error(const char* when) const {
    if (too_large_)
      return fail(Errc::http_limit, "the response head is larger than {} bytes", options_.max_head_bytes);
    if (code_ == NGHTTP2_PROTOCOL_ERROR)
      return fail(Errc::http_protocol, "HTTP/2: the response is malformed");
    return fail(responded_ ? Errc::http_incomplete : Errc::connection_closed,
                "the server closed the stream {}: {}", when, nghttp2_http2_strerror(code_));
  }

  SendOptions options_;
  BodySize size_;
  std::uint64_t left_;
  std::size_t head_bytes_ = 0;
  std::size_t head_fields_ = 0;
  ResponseHead response_;
  Fields trailers_;
  Event head_event_;
  Timer timer_;
  std::uint32_t code_ = 0;
  bool finished_ = false;
  bool aborted_ = false;
  bool responded_ = false;
  bool bodiless_ = false;
  bool too_large_ = false;
  bool timed_out_ = false;
  bool waiting_for_head_ = false;
};

class H2Exchange final : public PooledExchange {
 public:
  explicit H2Exchange(std::shared_ptr<ClientStream> stream) : stream_(std::move(stream)) {}
  ~H2Exchange() override {
    if (!stream_->complete()) stream_->abort();
  }

  asio::awaitable<Result<>> write(std::span<const std::byte> data) override { return stream_->write(data); }
  asio::awaitable<Result<>> finish(const Fields* trailers) override { co_return stream_->finish(trailers); }
  void abort() noexcept override { stream_->abort(); }
  asio::awaitable<Result<ResponseHead*>> response() override { return stream_->response(); }
  bool bodiless() const noexcept override { return stream_->bodiless(); }
  Version version() const noexcept override { return Version::http_2; }
  asio::awaitable<Result<std::span<const std::byte>>> read_body(std::size_t max) override {
    return stream_->read_body(max);
  }
  std::optional<Result<std::span<const std::byte>>> read_now(std::size_t max) override {
    return stream_->read_now(max);
  }
  const Fields* trailers() const noexcept override { return stream_->trailers(); }
  bool untouched() const noexcept override { return stream_->untouched(); }

 private:
  std::shared_ptr<ClientStream> stream_;
};

}  // namespace

H2Client::H2Client(std::shared_ptr<Client::State> client, std::string key,
                   std::unique_ptr<Transport> transport, std::size_t max_head)
    : H2Session(client->io, client->wheel, std::move(transport), Side::client,
                {.streams = 100,
                 .stream_window = client->limits.buffer_bytes,
                 .head_bytes = max_head,
                 .write_timeout = std::chrono::milliseconds(60'000)}),
      client_(client),
      key_(std::move(key)),
      idle_timer_(
          client->wheel,
          [](void* self) {
            auto* connection = static_cast<H2Client*>(self);
            connection->submit_goaway(NGHTTP2_NO_ERROR);
            connection->end();
          },
          this) {
  ++client_->open;
  ++client_->made;
}

H2Client::~H2Client() { --client_->open; }

void H2Client::start() {
  idle_timer_.arm(client_->limits.idle_timeout);
  H2Session::start({});
}

bool H2Client::has_room() noexcept {
  if (going_ || ended()) return false;
  return open_streams() <
             nghttp2_session_get_remote_settings(native(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) &&
         nghttp2_session_check_request_allowed(native()) != 0;
}

void H2Client::on_goaway() {
  if (std::exchange(going_, true)) return;
  client_->forget(key_, this);
}

void H2Client::on_stream_gone() {
  if (ended()) {
    idle_timer_.disarm();
    on_goaway();
  } else if (open_streams() == 0) {
    idle_timer_.arm(client_->limits.idle_timeout);
  }
}

Result<std::unique_ptr<PooledExchange>> send_h2(const std::shared_ptr<H2Client>& connection,
                                                const RequestHead& head, const SendContext& context) {
  if (!is_token(head.method)) return fail(Errc::http_protocol, "\"{}\" is not a method", head.method);
  if (head.method == "CONNECT") return fail(Errc::http_protocol, "CONNECT is not supported");
  std::string path = head.path_with_query.empty() ? "/" : head.path_with_query;
  if (path.starts_with('?')) path.insert(0, "/");
  const bool rooted = path.starts_with('/') || (path == "*" && head.method == "OPTIONS");
  if (!rooted || !all_are(path, kTarget)) return fail(Errc::http_protocol, "\"{}\" is not a path", path);
  H2Fields fields;
  fields.pseudo(":method", head.method);
  fields.pseudo(":scheme", head.scheme);
  fields.pseudo(":authority", head.authority);
  fields.pseudo(":path", path);
  TRY(fields.add(head.fields, H2Fields::Sizes::drop));
  const bool expects_body = head.method == "POST" || head.method == "PUT" || head.method == "PATCH";
  if (context.size.is_known() && (context.size.bytes() != 0 || expects_body)) {
    fields.add("content-length", fmt::format_int(context.size.bytes()).c_str());
  }
  const bool no_body = context.size.is_known() && context.size.bytes() == 0;
  auto stream = std::make_shared<ClientStream>(connection, context);
  connection->busy();
  TRY(connection->submit_request(stream, fields, no_body ? H2Session::Body::none : H2Session::Body::follows));
  return std::make_unique<H2Exchange>(std::move(stream));
}

}  // namespace wisp::net::http
