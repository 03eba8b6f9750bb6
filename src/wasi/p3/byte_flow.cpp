#include "wasi/p3/byte_flow.hpp"

#include "component/link/channels.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace wisp::wasi::p3 {

using component::Stream;
using component::StreamReader;
using component::StreamWriter;

namespace {

/// One direction. Owns itself until it is over; woken by the core and by the other end of its stream, and
/// then does what can be done.
template <class Direction, class End, class Core>
class Flow : public Waiter, public std::enable_shared_from_this<Direction> {
 public:
  void begin() {
    self_ = this->shared_from_this();
    dropping_.link(end_.dropping(), *this);
    wake();
  }

  void wake() noexcept override {
    const auto self = this->shared_from_this();
    // What the step does may fire the signals that it is woken by.
    if (self_ == nullptr || std::exchange(stepping_, true)) return;
    self->step();
    stepping_ = false;
  }

 protected:
  template <class... A>
  Flow(std::shared_ptr<Core> core, Quota::Slot slot, FlowDone done, A&&... end)
      : core_(std::move(core)),
        end_(std::forward<A>(end)...),
        slot_(std::move(slot)),
        done_(std::move(done)) {}
  ~Flow() = default;

  [[nodiscard]] End& end() noexcept { return end_; }
  [[nodiscard]] Core& core() noexcept { return *core_; }
  void await_other() noexcept {
    if (!offering_.linked()) offering_.link(end_.offering(), *this);
  }
  void await_core() noexcept { changed_.link(core_->changed(), *this); }

  void finish(StreamResult<> outcome) {
    for (SignalLink* link : {&dropping_, &offering_, &changed_}) link->unlink();
    // Still held by wake().
    self_.reset();
    end_.close();
    core_.reset();
    slot_ = Quota::Slot();
    done_(std::move(outcome));
  }

 private:
  std::shared_ptr<Core> core_;
  End end_;
  Quota::Slot slot_;
  FlowDone done_;
  std::shared_ptr<Direction> self_;
  SignalLink dropping_;
  SignalLink offering_;
  SignalLink changed_;
  bool stepping_ = false;
};

class FlowFrom final : public Flow<FlowFrom, StreamWriter<std::uint8_t>, ByteSource> {
 public:
  FlowFrom(std::shared_ptr<ByteSource> source, Quota::Slot slot, FlowDone done)
      : Flow(std::move(source), std::move(slot), std::move(done)) {}

  [[nodiscard]] Stream<std::uint8_t> readable() { return end().readable(); }

  void step() {
    if (end().dropped()) return finish({});
    while (end().wanted()) {
      if (!core().ready()) {
        await_core();
        break;
      }
      if (end().room() == 0) {
        // A read of no elements asks whether there is something.
        if (auto open = core().read(0); !open) return over(std::move(open).error());
        end().ready();
        continue;
      }
      const auto into = end().direct();
      // Memory that has shrunk beneath a read cannot be: there is nobody to tell.
      if (into.empty()) return finish({});
      auto got = core().read_into(into.first(std::min(into.size(), kMaxRead)));
      if (!got) return over(std::move(got).error());
      if (*got == 0) continue;
      end().filled(*got);
      // What is there now is read now; more is for the next read.
      break;
    }
    await_other();
  }

 private:
  void over(StreamEnd end) {
    if (end.failure == nullptr) return finish({});
    finish(std::unexpected(std::move(end)));
  }
};

/// A guest's write is taken where it lies. A writer that has no buffer of its own either (another flow) shows
/// itself by answering a read of no elements, and then is given one.
class FlowTo final : public Flow<FlowTo, StreamReader<std::uint8_t>, ByteSink> {
 public:
  FlowTo(boost::asio::io_context& loop, Stream<std::uint8_t> data, std::shared_ptr<ByteSink> sink,
         Quota::Slot slot, FlowDone done)
      : Flow(std::move(sink), std::move(slot), std::move(done), std::move(data)), loop_(loop) {}

  void start() {
    end().on_progress = [this] {
      boost::asio::post(loop_, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->wake();
      });
    };
    begin();
  }

  void step() {
    while (true) {
      auto capacity = core().capacity();
      if (!capacity) return finish(std::unexpected(std::move(capacity).error()));
      if (*capacity == 0) {
        if (core().ready()) continue;
        return await_core();
      }
      if (flushing_) return finish({});
      const Step next = pass_on(std::min(*capacity, kMaxRead));
      if (next == Step::over) return;
      if (next == Step::wait) return await_other();
    }
  }

 private:
  enum class Step : std::uint8_t { again, wait, over };

  /// Takes at most `room` bytes.
  Step pass_on(std::size_t room) {
    if (reading_) {
      if (end().pending() && end().progress() == 0 && !end().dropped()) return Step::wait;
      reading_ = false;
      const std::size_t count = end().finish();
      if (count > 0) return write(std::as_bytes(std::span(buffer_)).first(count));
      asked_ = !std::exchange(buffered_, false);
    }
    if (end().offered()) {
      asked_ = false;
      if (end().rest() == 0) {
        end().ready();
        return Step::again;
      }
      const auto from = end().direct();
      if (from.empty()) return fail();
      const auto piece = from.first(std::min(from.size(), room));
      const Step next = write(piece);
      if (next == Step::again) end().taken(piece.size());
      return next;
    }
    if (end().dropped()) return flush();
    // The first question has no elements; one that was answered so is followed by a real one.
    buffered_ = asked_;
    asked_ = false;
    reading_ = true;
    if (buffered_) buffer_.resize(std::max(buffer_.size(), room));
    end().start(std::span(buffer_).first(buffered_ ? room : 0));
    return Step::again;
  }

  Step write(ByteView bytes) {
    if (auto written = core().write(bytes); !written) {
      finish(std::unexpected(std::move(written).error()));
      return Step::over;
    }
    return Step::again;
  }

  Step flush() {
    flushing_ = true;
    if (auto flushed = core().flush(); !flushed) {
      finish(std::unexpected(std::move(flushed).error()));
      return Step::over;
    }
    return Step::again;
  }

  Step fail() {
    finish(ended());
    return Step::over;
  }

  boost::asio::io_context& loop_;
  std::vector<std::uint8_t> buffer_;
  bool reading_ = false;   // an operation of ours is under way
  bool buffered_ = false;  // it has elements
  bool asked_ = false;     // one without elements was answered, and nothing is offered
  bool flushing_ = false;
};

}  // namespace

Stream<std::uint8_t> flow_from(std::shared_ptr<ByteSource> source, Quota::Slot slot, FlowDone done) {
  const auto flow = std::make_shared<FlowFrom>(std::move(source), std::move(slot), std::move(done));
  auto stream = flow->readable();
  flow->begin();
  return stream;
}

void flow_to(boost::asio::io_context& loop, Stream<std::uint8_t> data, std::shared_ptr<ByteSink> sink,
             Quota::Slot slot, FlowDone done) {
  std::make_shared<FlowTo>(loop, std::move(data), std::move(sink), std::move(slot), std::move(done))->start();
}

}  // namespace wisp::wasi::p3
