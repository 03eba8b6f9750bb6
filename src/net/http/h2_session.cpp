#include "net/http/h2_session.hpp"

#include "net/http/h1_head.hpp"
#include "net/http/syntax.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>

namespace wisp::net::http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kReadSize = 16 << 10;
constexpr std::size_t kGather = 64 << 10;  // frames put into one write
constexpr std::size_t kMaxConnectionWindow = 16 << 20;
constexpr std::chrono::seconds kClosingTime{2};
constexpr std::chrono::milliseconds kClosingStep{50};
constexpr std::chrono::seconds kHeadTimeout{10};
// Frames that make work and carry nothing (pings, settings, resets, empty data) cost 1, errors that make us
// reset a stream cost 20; a peer that spends more than this in a second is not a client.
constexpr unsigned kGlitchesPerSecond = 4000;

std::vector<nghttp2_nv> name_values(const H2Fields& fields) {
  std::vector<nghttp2_nv> result;
  result.reserve(fields.items().size());
  auto* text =
      reinterpret_cast<std::uint8_t*>(const_cast<char*>(fields.text().data()));  // nghttp2 only reads
  for (const auto& item : fields.items()) {
    result.push_back({.name = text + item.offset,
                      .value = text + item.offset + item.name_size,
                      .namelen = item.name_size,
                      .valuelen = item.value_size,
                      .flags = NGHTTP2_NV_FLAG_NONE});
  }
  return result;
}

Unexpected refused(int code) { return fail(Errc::connection, "HTTP/2: {}", nghttp2_strerror(code)); }

}  // namespace

void H2Fields::add(std::string_view name, std::string_view value) {
  items_.push_back({.offset = static_cast<std::uint32_t>(text_.size()),
                    .name_size = static_cast<std::uint32_t>(name.size()),
                    .value_size = static_cast<std::uint32_t>(value.size())});
  std::ranges::transform(name, std::back_inserter(text_), lower);
  text_.append(value);
}

void H2Fields::pseudo(std::string_view name, std::string_view value) { add(name, value); }

Result<> H2Fields::add(const Fields& fields, Sizes sizes) {
  for (const auto [name, value] : fields) {
    if (is_connection_field(name)) continue;
    if (sizes == Sizes::drop && same_name(name, "content-length")) continue;
    if (!is_token(name)) return fail(Errc::http_protocol, "\"{}\" is not a field name", name);
    if (!is_field_value(value)) return fail(Errc::http_protocol, "the value of {} cannot be sent", name);
    if (same_name(name, "te") && !same_name(value, "trailers")) continue;
    add(name, value);
  }
  return {};
}

// --- the stream

H2Stream::H2Stream(std::shared_ptr<H2Session> session)
    : session_(std::move(session)),
      read_timer_(
          session_->wheel(),
          [](void* self) {
            auto* stream = static_cast<H2Stream*>(self);
            stream->read_timed_out_ = true;
            stream->arrived_.fire();
          },
          this),
      write_timer_(
          session_->wheel(),
          [](void* self) {
            auto* stream = static_cast<H2Stream*>(self);
            stream->write_timed_out_ = true;
            stream->drained_.fire();
          },
          this) {}

H2Stream::~H2Stream() {
  // What nobody will read any more is given back to the connection's window.
  taken_ += inbox_.size() + reading_.size() - read_;
  closed_ = true;
  release_taken();
}

void H2Stream::receive(std::string_view data) {
  if (stop_receiving_) {
    nghttp2_session_consume(session_->native(), id_, data.size());
    return;
  }
  inbox_.append(data);
  arrived_.fire();
}

void H2Stream::end_received() {
  received_all_ = true;
  arrived_.fire();
}

void H2Stream::preset_body(std::span<const std::byte> data) {
  owned_.assign(reinterpret_cast<const char*>(data.data()), data.size());
  end_to_send_ = true;
}

void H2Stream::stop_receiving() noexcept {
  stop_receiving_ = true;
  if (sent_all_ && !received_all_) reset(NGHTTP2_NO_ERROR);
}

void H2Stream::close(std::uint32_t code) {
  closed_ = true;
  lent_ = {};
  arrived_.fire();
  drained_.fire();
  on_closed(code);
}

void H2Stream::release_taken() noexcept {
  const std::size_t size = std::exchange(taken_, 0);
  if (size == 0 || session_->ended()) return;
  if (closed_) {
    nghttp2_session_consume_connection(session_->native(), size);
  } else {
    nghttp2_session_consume(session_->native(), id_, size);
  }
  session_->flush();
}

std::optional<H2Stream::More> H2Stream::bytes_now() noexcept {
  release_taken();
  if (read_ < reading_.size() || !inbox_.empty()) return More::bytes;
  if (received_all_) return More::end;
  if (closed_) return More::closed;
  return std::nullopt;
}

asio::awaitable<H2Stream::More> H2Stream::wait_for_bytes(std::chrono::milliseconds timeout) {
  read_timed_out_ = false;
  for (;;) {
    if (const auto more = bytes_now()) co_return *more;
    if (read_timed_out_) co_return More::timed_out;
    read_timer_.arm(timeout);
    const bool fired = co_await arrived_.wait();
    read_timer_.disarm();
    if (!fired) co_return More::cancelled;
  }
}

std::span<const std::byte> H2Stream::next_piece(std::size_t max) noexcept {
  if (read_ == reading_.size()) {
    reading_.clear();
    std::swap(reading_, inbox_);
    read_ = 0;
  }
  const std::string_view piece = std::string_view(reading_).substr(read_, std::max<std::size_t>(max, 1));
  read_ += piece.size();
  taken_ = piece.size();
  return std::as_bytes(std::span(piece));
}

asio::awaitable<H2Stream::Sent> H2Stream::send_data(std::span<const std::byte> data,
                                                    std::chrono::milliseconds timeout) {
  if (closed_) co_return Sent::closed;
  lent_ = data;
  write_timed_out_ = false;
  nghttp2_session_resume_data(session_->native(), id_);
  session_->flush();
  std::size_t left = lent_.size();
  while (!lent_.empty() && !closed_) {
    write_timer_.arm(timeout);
    bool fired = false;
    try {
      fired = co_await drained_.wait();
    } catch (...) {
      lent_ = {};  // the caller's bytes are gone after this
      write_timer_.disarm();
      throw;
    }
    write_timer_.disarm();
    if (!fired || (write_timed_out_ && lent_.size() == left)) {
      lent_ = {};
      co_return fired ? Sent::timed_out : Sent::cancelled;
    }
    write_timed_out_ = false;
    left = lent_.size();
  }
  co_return closed_ ? Sent::closed : Sent::all;
}

void H2Stream::send_end(H2Fields trailers) {
  if (closed_) return;
  trailers_to_send_ = std::move(trailers);
  end_to_send_ = true;
  nghttp2_session_resume_data(session_->native(), id_);
  session_->flush();
}

void H2Stream::reset(std::uint32_t code) noexcept {
  if (closed_ || id_ < 0 || std::exchange(reset_, true) || session_->ended()) return;
  lent_ = {};
  nghttp2_submit_rst_stream(session_->native(), NGHTTP2_FLAG_NONE, id_, code);
  session_->flush();
}

// --- the session

struct H2Session::Callbacks {
  static H2Session& self(void* user) { return *static_cast<H2Session*>(user); }

  static bool opens(const H2Session& session, const nghttp2_frame& frame) {
    return session.side_ == Side::server && frame.hd.type == NGHTTP2_HEADERS &&
           frame.headers.cat == NGHTTP2_HCAT_REQUEST;
  }

  static H2Stream::Section section(const nghttp2_frame& frame) {
    return frame.headers.cat == NGHTTP2_HCAT_HEADERS ? H2Stream::Section::trailers : H2Stream::Section::head;
  }

  static int on_begin_headers(nghttp2_session* native, const nghttp2_frame* frame, void* user) {
    H2Session& session = self(user);
    session.head_timer_.arm(kHeadTimeout);
    if (!opens(session, *frame)) return 0;
    auto stream = session.on_open();
    if (!stream) {
      nghttp2_submit_rst_stream(native, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
      return 0;
    }
    stream->id_ = frame->hd.stream_id;
    session.streams_.emplace(frame->hd.stream_id, std::move(stream));
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                       void* user) {
    H2Session& session = self(user);
    H2Stream* stream = session.find(frame->hd.stream_id);
    if (stream == nullptr || frame->hd.type != NGHTTP2_HEADERS) return 0;
    const bool fits = stream->on_field(section(*frame), {reinterpret_cast<const char*>(name), name_size},
                                       {reinterpret_cast<const char*>(value), value_size});
    if (fits) return 0;
    return session.glitch(20) ? NGHTTP2_ERR_CALLBACK_FAILURE : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_frame_recv(nghttp2_session* native, const nghttp2_frame* frame, void* user) {
    H2Session& session = self(user);
    H2Stream* stream = session.find(frame->hd.stream_id);
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        session.head_timer_.disarm();
        if (stream == nullptr) return 0;
        stream->on_fields_done(section(*frame), ends ? H2Stream::Then::end : H2Stream::Then::more);
        if (ends) stream->end_received();
        return 0;
      case NGHTTP2_DATA:
        if (stream != nullptr && ends) stream->end_received();
        if (frame->hd.length <= frame->data.padlen && !ends && session.glitch(1))
          return NGHTTP2_ERR_CALLBACK_FAILURE;
        return 0;
      case NGHTTP2_GOAWAY:
        session.on_goaway();
        return 0;
      case NGHTTP2_RST_STREAM:
        // A server may end each stream that we have opened so (RFC 9113 §8.1), also one that is through on
        // our side; gRPC's do.
        if (session.side_ == Side::client &&
            ++session.resets_ <= nghttp2_session_get_next_stream_id(native) / 2)
          return 0;
        [[fallthrough]];
      case NGHTTP2_PING:
      case NGHTTP2_SETTINGS:
      case NGHTTP2_PRIORITY:
        return session.glitch(1) ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
      default:
        return 0;
    }
  }

  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame*, int, void* user) {
    return self(user).glitch(20) ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
  }

  static int on_data_chunk(nghttp2_session* native, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                           std::size_t size, void* user) {
    H2Session& session = self(user);
    if (H2Stream* stream = session.find(id); stream != nullptr) {
      stream->receive({reinterpret_cast<const char*>(data), size});
    } else {
      nghttp2_session_consume(native, id, size);
    }
    return 0;
  }

  static int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
    H2Session& session = self(user);
    const auto found = session.streams_.find(id);
    if (found == session.streams_.end()) return 0;
    const auto stream = std::move(found->second);
    session.streams_.erase(found);
    stream->close(code);
    session.on_stream_gone();
    return 0;
  }

  static int on_frame_send(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) return 0;
    if (H2Stream* stream = self(user).find(frame->hd.stream_id); stream != nullptr) {
      stream->sent_all_ = true;
      if (stream->stop_receiving_) stream->stop_receiving();
    }
    return 0;
  }

  /// Fills a DATA frame.
  static ssize_t read_data(nghttp2_session* native, std::int32_t id, std::uint8_t* to, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source*, void* user) {
    H2Stream* stream = self(user).find(id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    std::size_t size = std::min(room, stream->owned_.size() - stream->owned_sent_);
    std::memcpy(to, stream->owned_.data() + stream->owned_sent_, size);
    stream->owned_sent_ += size;
    if (stream->owned_sent_ == stream->owned_.size()) {
      stream->owned_.clear();
      stream->owned_sent_ = 0;
      if (const std::size_t more = std::min(room - size, stream->lent_.size()); more != 0) {
        std::memcpy(to + size, stream->lent_.data(), more);
        stream->lent_ = stream->lent_.subspan(more);
        size += more;
        if (stream->lent_.empty()) stream->drained_.fire();
      }
    }
    const bool done = stream->owned_.empty() && stream->lent_.empty();
    if (done && stream->end_to_send_) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!stream->trailers_to_send_.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const auto values = name_values(stream->trailers_to_send_);
        if (nghttp2_submit_trailer(native, id, values.data(), values.size()) != 0) {
          return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        }
      }
      return static_cast<ssize_t>(size);
    }
    return size == 0 ? NGHTTP2_ERR_DEFERRED : static_cast<ssize_t>(size);
  }
};

H2Session::H2Session(asio::io_context& io, TimerWheel& wheel, std::unique_ptr<Transport> transport, Side side,
                     H2Limits limits)
    : io_(io),
      wheel_(wheel),
      transport_(std::move(transport)),
      side_(side),
      limits_(limits),
      in_(std::make_unique_for_overwrite<std::byte[]>(kReadSize)),
      write_timer_(
          wheel, [](void* self) { static_cast<H2Session*>(self)->end(); }, this),
      closing_timer_(
          wheel, [](void* self) { static_cast<H2Session*>(self)->linger(); }, this),
      head_timer_(wheel, [](void* self) { static_cast<H2Session*>(self)->end(); }, this) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0)
    throw std::bad_alloc();
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Callbacks::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::on_frame_recv);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, Callbacks::on_invalid_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::on_data_chunk);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Callbacks::on_frame_send);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::on_stream_close);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_max_send_header_block_length(option, 256 << 10);
  const int made = side == Side::server ? nghttp2_session_server_new2(&native_, callbacks, this, option)
                                        : nghttp2_session_client_new2(&native_, callbacks, this, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  if (made != 0) throw std::bad_alloc();
}

H2Session::~H2Session() { nghttp2_session_del(native_); }

void H2Session::start(std::string_view received) {
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, side_ == Side::server ? limits_.streams : 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(limits_.stream_window)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits_.head_bytes)},
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
  };
  // A server does not send ENABLE_PUSH (RFC 9113 §6.5.2).
  nghttp2_submit_settings(native_, NGHTTP2_FLAG_NONE, settings, side_ == Side::server ? 3 : 4);
  // A stream whose body nobody reads must not stop the others.
  const std::size_t window = std::min(limits_.stream_window * limits_.streams, kMaxConnectionWindow);
  nghttp2_session_set_local_window_size(native_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(std::max<std::size_t>(window, 65'535)));
  const auto self = shared_from_this();
  if (!received.empty()) feed(received);
  flush();
  read_more();
}

void H2Session::read_more() {
  if (ended_) return;
  transport_->read({in_.get(), kReadSize}, shared_from_this(), Transport::Look::now);
}

void H2Session::on_read(const boost::system::error_code& error, std::size_t size) noexcept {
  if (error || ended_) {
    end();
    return;
  }
  if (closing_) {
    read_more();
    return;
  }
  feed({reinterpret_cast<const char*>(in_.get()), size});
  flush();
  read_more();
}

void H2Session::feed(std::string_view bytes) noexcept {
  receiving_ = true;
  const ssize_t used =
      nghttp2_session_mem_recv(native_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (used < 0) {
    // Says why, as far as it can still be said, and goes.
    nghttp2_session_terminate_session(native_,
                                      used == NGHTTP2_ERR_CALLBACK_FAILURE || used == NGHTTP2_ERR_FLOODED
                                          ? NGHTTP2_ENHANCE_YOUR_CALM
                                          : NGHTTP2_PROTOCOL_ERROR);
    receiving_ = false;
    flush();
    end();
    return;
  }
  on_batch();
  receiving_ = false;
}

bool H2Session::glitch(unsigned cost) noexcept {
  const std::uint64_t second = TimerWheel::now_ms() / 1000;
  if (second != glitch_window_) {
    glitch_window_ = second;
    glitches_ = 0;
  }
  glitches_ += cost;
  return glitches_ > kGlitchesPerSecond;
}

H2Stream* H2Session::find(std::int32_t id) noexcept {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

bool H2Session::gather() {
  sending_ = true;
  while (out_.size() < kGather) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(native_, &data);
    if (size <= 0) {
      sending_ = false;
      return size == 0;
    }
    out_.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  }
  sending_ = false;
  return true;
}

void H2Session::flush() noexcept {
  if (receiving_ || sending_ || writing_ || ended_ || closing_) return;
  const auto self = shared_from_this();
  for (;;) {
    out_.clear();
    if (!gather()) {
      end();
      return;
    }
    if (out_.empty()) break;
    boost::system::error_code error;
    const std::size_t sent = transport_->write_now({asio::buffer(out_)}, error);
    if (error) {
      end();
      return;
    }
    if (sent < out_.size()) {
      writing_ = true;
      asio::co_spawn(io_, write_rest(sent), asio::detached);
      return;
    }
  }
  if (out_.capacity() > 2 * kGather) out_ = {};
  if (nghttp2_session_want_read(native_) == 0 && nghttp2_session_want_write(native_) == 0) close_gently();
}

/// Everything is sent. A close with unread input would reset the connection, and with it what the peer has
/// not read yet.
void H2Session::close_gently() noexcept {
  if (std::exchange(closing_, true)) return;
  // Nothing unread means nobody waits for more: an idle connection ends here.
  if (in_a_hurry() && transport_->settled()) return end();
  transport_->shutdown_send();
  closing_until_ = std::chrono::steady_clock::now() + kClosingTime;
  closing_timer_.arm(kClosingStep);
}

/// Until the peer has closed, or has everything while we are in a hurry, or has had its time.
void H2Session::linger() noexcept {
  const bool hurried = in_a_hurry() && transport_->settled();
  if (hurried || std::chrono::steady_clock::now() >= closing_until_) return end();
  closing_timer_.arm(kClosingStep);
}

asio::awaitable<void> H2Session::write_rest(std::size_t sent) {
  const auto self = shared_from_this();
  write_timer_.arm(limits_.write_timeout);
  const auto error = co_await transport_->write({asio::buffer(out_) + sent});
  write_timer_.disarm();
  writing_ = false;
  if (error) {
    end();
  } else {
    flush();
  }
}

void H2Session::end() noexcept {
  if (std::exchange(ended_, true)) return;
  const auto self = shared_from_this();
  write_timer_.disarm();
  closing_timer_.disarm();
  head_timer_.disarm();
  transport_->close();
  const auto streams = std::move(streams_);
  streams_.clear();
  for (const auto& [id, stream] : streams) stream->close(NGHTTP2_CANCEL);
  on_stream_gone();
}

void H2Session::submit_goaway(std::uint32_t code) noexcept {
  if (ended_) return;
  nghttp2_submit_goaway(native_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(native_), code,
                        nullptr, 0);
  flush();
}

Result<> H2Session::submit_informational(H2Stream& stream, const H2Fields& fields) {
  const auto values = name_values(fields);
  const int code = nghttp2_submit_headers(native_, NGHTTP2_FLAG_NONE, stream.id(), nullptr, values.data(),
                                          values.size(), nullptr);
  if (code != 0) return refused(code);
  flush();
  return {};
}

Result<> H2Session::submit_response(H2Stream& stream, const H2Fields& fields, Body body) {
  if (ended_ || stream.closed_) return fail(Errc::connection, "the stream is closed");
  const auto values = name_values(fields);
  const nghttp2_data_provider provider{.source = {.ptr = nullptr}, .read_callback = Callbacks::read_data};
  const int code = nghttp2_submit_response(native_, stream.id(), values.data(), values.size(),
                                           body == Body::follows ? &provider : nullptr);
  if (code != 0) return refused(code);
  flush();
  return {};
}

Result<> H2Session::submit_request(const std::shared_ptr<H2Stream>& stream, const H2Fields& fields,
                                   Body body) {
  if (ended_) return fail(Errc::connection_closed, "the connection has ended");
  const auto values = name_values(fields);
  const nghttp2_data_provider provider{.source = {.ptr = nullptr}, .read_callback = Callbacks::read_data};
  const std::int32_t id = nghttp2_submit_request(native_, nullptr, values.data(), values.size(),
                                                 body == Body::follows ? &provider : nullptr, nullptr);
  if (id < 0) return refused(id);
  stream->id_ = id;
  streams_.emplace(id, stream);
  flush();
  return {};
}

}  // namespace wisp::net::http
