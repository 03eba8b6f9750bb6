#include "wasi/bridge/stream_sink.hpp"

#include "component/link/channels.hpp"
#include "wasi/bridge/stream_source.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <optional>
#include <vector>

namespace wisp::wasi::bridge {

namespace {

/// Handles may be permitted the same room each: what all of them write into it.
constexpr std::size_t kMost = 16 * kMaxRead;

}  // namespace

/// Keeps itself while the sink has gone and bytes are on their way.
class StreamSink::Pipe final : private Waiter, public std::enable_shared_from_this<Pipe> {
 public:
  Pipe(boost::asio::io_context& loop, std::shared_ptr<Quota::Slot> slot)
      : loop_(loop), slot_(std::move(slot)) {}

  [[nodiscard]] component::Stream<std::uint8_t> readable() { return writer_.readable(); }

  void begin(std::unique_ptr<Outcome> outcome, std::shared_ptr<component::Tree> to) {
    to_ = std::move(to);
    outcome_ = std::move(outcome);
    const auto later = [this, weak = weak_from_this()] {
      boost::asio::post(loop_, [weak] {
        if (const auto self = weak.lock()) self->step();
      });
    };
    writer_.on_progress = later;
    later_ = later;
    dropping_.link(writer_.dropping(), *this);
    outcome_->start(later);
  }

  [[nodiscard]] std::size_t room() const noexcept {
    return flushing_ || writer_.dropped() ? 0 : kMaxRead - std::min(kMaxRead, waiting());
  }
  void flush() noexcept { flushing_ = waiting() > 0; }
  [[nodiscard]] EndState& end() noexcept { return end_; }
  [[nodiscard]] Signal& changed() noexcept { return changed_; }

  void write(ByteView bytes) {
    if (bytes.size() > kMost - std::min(kMost, waiting())) {
      end_.fail({.text = "more was written than there was room for", .detail = gone()});
      return give_up();
    }
    const auto* const from = reinterpret_cast<const std::uint8_t*>(bytes.data());
    next_.insert(next_.end(), from, from + bytes.size());
    look();
  }

  /// Takes note of what was read, and offers more.
  void look() {
    if (!end_.open()) return;
    while (!writer_.pending()) {
      if (!sending_.empty()) {
        // Less than all: the reader is gone.
        static_cast<void>(writer_.finish());
        sending_.clear();
      }
      if (next_.empty() || writer_.dropped()) break;
      std::swap(sending_, next_);
      writer_.start(sending_);
    }
    if (waiting() == 0) flushing_ = false;
    const bool told = outcome_ && !outcome_->pending();
    if (told && !said_) said_ = outcome_->finish();
    const bool failed = said_ && !*said_ && !said_->error().reader_gone;
    if (failed || (writer_.dropped() && told)) over(failed);
  }

  /// The sink has gone.
  void close() {
    closed_ = true;
    // Whoever could still read is somebody else.
    let_go(std::move(to_));
    look();
    if (end_.open() && waiting() > 0) {
      self_ = shared_from_this();
    } else {
      finish();
    }
  }

 private:
  void wake() noexcept override { later_(); }

  void step() {
    const auto self = shared_from_this();
    look();
    changed_.fire();
    if (closed_ && (waiting() == 0 || !end_.open() || writer_.dropped())) finish();
  }

  [[nodiscard]] std::size_t waiting() const noexcept {
    return next_.size() + sending_.size() - (sending_.empty() ? 0 : writer_.progress());
  }

  void over(bool failed) {
    if (failed) {
      end_.fail({.text = fmt::format("the component that is written to failed: {}", said_->error().text),
                 .detail = said_->error().detail});
    } else if (!said_) {
      end_.fail({.text = "the component that is written to has ended", .detail = gone()});
    } else {
      end_.end();
    }
    give_up();
  }

  [[nodiscard]] std::any gone() const { return outcome_ ? outcome_->gone() : std::any(); }

  void give_up() {
    writer_.close();
    sending_.clear();
    next_.clear();
  }

  void finish() {
    writer_.close();
    slot_ = nullptr;
    self_.reset();
  }

  boost::asio::io_context& loop_;
  std::shared_ptr<Quota::Slot> slot_;
  std::shared_ptr<component::Tree> to_;
  // Before the end that may have an operation in it.
  std::vector<std::uint8_t> sending_;  // offered
  std::vector<std::uint8_t> next_;
  component::StreamWriter<std::uint8_t> writer_;
  std::unique_ptr<Outcome> outcome_;  // null: not begun
  std::optional<std::expected<void, OutcomeError>> said_;
  std::function<void()> later_;
  EndState end_;
  SignalLink dropping_;
  Signal changed_;
  std::shared_ptr<Pipe> self_;
  bool flushing_ = false;
  bool closed_ = false;
};

StreamSink::StreamSink(boost::asio::io_context& loop, std::shared_ptr<Quota::Slot> slot)
    : pipe_(std::make_shared<Pipe>(loop, std::move(slot))) {}
StreamSink::~StreamSink() { shut_down(); }

component::Stream<std::uint8_t> StreamSink::readable() { return pipe_->readable(); }
void StreamSink::begin(std::unique_ptr<Outcome> outcome, std::shared_ptr<component::Tree> to) {
  pipe_->begin(std::move(outcome), std::move(to));
}

void StreamSink::shut_down() {
  if (std::exchange(shut_, true)) return;
  pipe_->close();
  pipe_->changed().fire();
}

StreamResult<std::size_t> StreamSink::capacity() {
  if (shut_) return ended();
  pipe_->look();
  if (!pipe_->end().open()) return pipe_->end().take();
  return pipe_->room();
}

StreamResult<> StreamSink::write(ByteView bytes) {
  if (shut_) return ended();
  pipe_->look();
  if (!pipe_->end().open()) return pipe_->end().take();
  pipe_->write(bytes);
  return {};
}

StreamResult<> StreamSink::flush() {
  if (shut_) return ended();
  pipe_->look();
  if (!pipe_->end().open()) return pipe_->end().take();
  pipe_->flush();
  return {};
}

bool StreamSink::ready() {
  if (shut_) return true;
  pipe_->look();
  return !pipe_->end().open() || pipe_->room() > 0;
}

Signal& StreamSink::changed() noexcept { return pipe_->changed(); }

}  // namespace wisp::wasi::bridge
