#include "wasi/p3/http_bodies.hpp"

#include <boost/asio/post.hpp>

namespace wisp::wasi::p3 {

namespace asio = boost::asio;

namespace {

/// Passes a body on, from the connection to a stream and a future. Keeps itself until both are through.
class BodyPump final : public std::enable_shared_from_this<BodyPump>, private Waiter {
 public:
  BodyPump(asio::io_context& loop, std::shared_ptr<http::IncomingBody> body,
           std::optional<TransmissionFuture> handled)
      : loop_(loop), body_(std::move(body)) {
    if (handled) handled_.emplace(*std::move(handled));
  }

  BodyEnds start() {
    self_ = shared_from_this();
    BodyEnds ends{.contents = stream_.readable(), .trailers = trailers_.readable()};
    stream_gone_.link(stream_.dropping(), *this);
    stream_.on_progress = [this] { step_later(); };
    if (handled_) {
      handled_->on_progress = [this] { step_later(); };
      handled_->start();
    }
    step();
    return ends;
  }

 private:
  void wake() noexcept override { step(); }

  /// Guests read while they are on the stack.
  void step_later() {
    if (std::exchange(posted_, true)) return;
    asio::post(loop_, [weak = weak_from_this()] {
      const auto pump = weak.lock();
      if (!pump) return;
      pump->posted_ = false;
      pump->step();
    });
  }

  void step() {
    if (std::exchange(stepping_, true)) return;
    const auto keep = shared_from_this();
    while (open_ ? pass_on() : resolve()) {
    }
    hear();
    stepping_ = false;
  }

  /// False: it has to wait.
  bool pass_on() {
    if (stream_.dropped() || !stream_gone_.linked()) {
      close_stream();
      return true;
    }
    if (!piece_.empty()) {
      if (stream_.pending() && stream_.progress() < piece_.size()) return false;
      piece_ = piece_.subspan(stream_.finish());
      if (!piece_.empty()) stream_.start(piece_);
      return true;
    }
    auto piece = body_->read(kMaxRead);
    if (!piece) {
      close_stream();
      return true;
    }
    if (piece->empty()) {
      if (!changed_.linked()) changed_.link(body_->changed(), *this);
      return false;
    }
    // Only read from.
    piece_ = {reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(piece->data())), piece->size()};
    stream_.start(piece_);
    return true;
  }

  void close_stream() {
    open_ = false;
    piece_ = {};
    stream_gone_.unlink();
    stream_.close();
    if (!trailers_.dropped()) trailers_gone_.link(trailers_.dropping(), *this);
  }

  /// After the stream: the trailers, for which the rest of the body is skipped.
  bool resolve() {
    if (done_) return false;
    if (trailers_.dropped()) {
      body_->close();
    } else {
      if (!body_->at_end()) body_->skip_to_end();
      if (!body_->at_end()) {
        if (!changed_.linked()) changed_.link(body_->changed(), *this);
        return false;
      }
      trailers_.write(outcome());
    }
    done_ = true;
    return false;
  }

  Trailers outcome() const {
    auto outcome = body_->outcome();
    if (!outcome) return std::unexpected(std::move(outcome).error());
    std::optional<std::unique_ptr<HttpFields>> fields;
    if (*outcome) fields.emplace(std::make_unique<HttpFields>(http::FieldMap(*std::move(outcome))));
    return fields;
  }

  /// What the reader made of it. Listens on after the body until that is said.
  void hear() {
    if (handled_ && !handled_->pending()) {
      if (const auto said = handled_->finish(); said && !*said) body_->close();
      handled_.reset();
    }
    if (!done_) return;
    trailers_gone_.unlink();
    changed_.unlink();
    if (!handled_) self_.reset();
  }

  asio::io_context& loop_;
  std::shared_ptr<http::IncomingBody> body_;
  component::StreamWriter<std::uint8_t> stream_;
  component::FutureWriter<Trailers> trailers_;
  std::optional<component::FutureReader<Transmission>> handled_;
  std::span<std::uint8_t> piece_;  // of the connection's buffer, while the stream has not taken it all
  SignalLink stream_gone_, trailers_gone_, changed_;
  std::shared_ptr<BodyPump> self_;
  bool open_ = true;
  bool done_ = false;
  bool posted_ = false;
  bool stepping_ = false;
};

http::ErrorCode never_sent() {
  return http::ErrorCode::of<http::ErrorCase::internal_error>("the message was dropped before it was sent");
}

/// From one future to another.
class Receipt final {
 public:
  Receipt(asio::io_context& loop, TransmissionFuture from, component::FutureWriter<Transmission> to)
      : loop_(loop), from_(std::move(from)), to_(std::move(to)) {}
  Receipt(const Receipt&) = delete;
  Receipt& operator=(const Receipt&) = delete;
  ~Receipt() { to_.write(std::unexpected(never_sent())); }

  /// Owns itself from here on.
  static void start(std::unique_ptr<Receipt> receipt) {
    Receipt& self = *receipt.release();
    self.from_.on_progress = [&self] {
      if (std::exchange(self.told_, true)) return;
      asio::post(self.loop_, [own = std::unique_ptr<Receipt>(&self)] {
        if (auto value = own->from_.finish()) own->to_.write(*std::move(value));
      });
    };
    self.from_.start();
  }

 private:
  asio::io_context& loop_;
  component::FutureReader<Transmission> from_;
  component::FutureWriter<Transmission> to_;
  bool told_ = false;
};

}  // namespace

BodyEnds open_body(asio::io_context& loop, std::shared_ptr<http::IncomingBody> body,
                   std::optional<TransmissionFuture> handled) {
  return std::make_shared<BodyPump>(loop, std::move(body), std::move(handled))->start();
}

void forward(asio::io_context& loop, TransmissionFuture from, component::FutureWriter<Transmission> to) {
  Receipt::start(std::make_unique<Receipt>(loop, std::move(from), std::move(to)));
}

StreamedBody::StreamedBody(Of of, BodyEnds ends, component::FutureWriter<Transmission> transmission,
                           std::optional<std::uint64_t> announced, Quota::Slot share)
    : of_(of),
      announced_(announced),
      stream_(ends.contents ? *std::move(ends.contents) : BodyStream()),
      trailers_(std::move(ends.trailers)),
      transmission_(std::move(transmission)),
      share_(std::move(share)) {
  stream_.on_progress = [this] { progress(); };
  trailers_.on_progress = [this] { progress(); };
  trailers_.start();
  if (!stream_.dropped()) read();
}

StreamedBody::~StreamedBody() {
  if (!transmission_.written()) break_off(Failure{.text = "not sent", .detail = never_sent()});
}

/// Offers the stream the buffer that is to be filled.
void StreamedBody::read() {
  Buffer& buffer = buffers_[filling_];
  if (buffer.bytes == nullptr) {
    buffer.size = grown_ ? kBuffer : kFirstBuffer;
    buffer.bytes = std::make_unique_for_overwrite<std::uint8_t[]>(buffer.size);
  }
  reading_ = true;
  stream_.start({buffer.bytes.get(), buffer.size});
}

ByteView StreamedBody::pending() const noexcept {
  if (!reading_) return {};
  return std::as_bytes(std::span(buffers_[filling_].bytes.get(), stream_.progress()));
}

ByteView StreamedBody::take() {
  if (!reading_) return {};
  const Buffer& full = buffers_[filling_];
  const ByteView taken = std::as_bytes(std::span(full.bytes.get(), stream_.finish()));
  reading_ = false;
  taken_ += taken.size();
  if (announced_ && taken_ > *announced_) {
    abandon(http::wrong_body_size(of_, taken_));
    return {};
  }
  if (stream_.dropped()) return taken;
  if (!grown_ && taken.size() == full.size && share_.resize(2 * kBuffer)) grown_ = true;
  filling_ = 1 - filling_;
  if (grown_ && buffers_[filling_].size < kBuffer) buffers_[filling_] = {};
  read();
  return taken;
}

void StreamedBody::abandon(http::ErrorCode code) {
  state_ = State::abandoned;
  failure_ = std::move(code);
}

void StreamedBody::look_at_trailers() {
  if (trailers_known_ || trailers_.pending()) return;
  auto trailers = trailers_.finish();
  if (!trailers) return abandon(http::ErrorCode::of<http::ErrorCase::connection_terminated>());
  if (!*trailers) return abandon(std::move(*trailers).error());
  trailers_known_ = true;
  if (**trailers) fields_ = (**trailers)->get()->map().freeze();
}

http::OutgoingContents::State StreamedBody::state() noexcept {
  if (state_ != State::open) return state_;
  look_at_trailers();
  if (state_ != State::open || !stream_.dropped() || !trailers_known_) return state_;
  if (announced_ && written() != *announced_) {
    abandon(http::wrong_body_size(of_, written()));
  } else {
    state_ = State::finished;
  }
  return state_;
}

void StreamedBody::break_off(std::optional<Failure> failure) noexcept {
  reader_ = nullptr;
  if (!transmission_.written()) {
    // What is wrong with the body itself says more than how its sending ended.
    if (failure && !failure_) {
      const auto* code = failure->as<http::ErrorCode>();
      transmission_.write(std::unexpected(
          code != nullptr ? *code : http::ErrorCode::of<http::ErrorCase::internal_error>(failure->text)));
    } else if (state() == State::abandoned) {
      transmission_.write(std::unexpected(*failure_));
    } else {
      transmission_.write({});
    }
  }
  stream_.close();
  trailers_.close();
}

}  // namespace wisp::wasi::p3
