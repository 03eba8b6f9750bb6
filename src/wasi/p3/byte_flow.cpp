#include "wasi/p3/byte_flow.hpp"

#include "component/link/channels.hpp"
#include "wasi/p3/stream_taker.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace wisp::wasi::p3 {

using component::Stream;
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
    again_ = true;
    // What a step does may wake it.
    if (std::exchange(stepping_, true)) return;
    while (self_ != nullptr && std::exchange(again_, false)) self->step();
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
  bool again_ = false;
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

class FlowTo final : public Flow<FlowTo, StreamTaker, ByteSink> {
 public:
  FlowTo(Stream<std::uint8_t> data, std::shared_ptr<ByteSink> sink, Quota::Slot slot, FlowDone done)
      : Flow(std::move(sink), std::move(slot), std::move(done), std::move(data)) {}

  void start(boost::asio::io_context& loop) {
    end().on_progress([&loop, weak = weak_from_this()] {
      boost::asio::post(loop, [weak] {
        if (const auto self = weak.lock()) self->wake();
      });
    });
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
      StreamResult<> passed;
      switch (end().look()) {
        case StreamTaker::Has::nothing:
          return await_other();
        case StreamTaker::Has::question:
          end().answer();
          break;
        case StreamTaker::Has::bytes:
          passed = pass_on(std::min(*capacity, kMaxRead));
          break;
        case StreamTaker::Has::end:
          flushing_ = true;
          passed = core().flush();
          break;
      }
      if (!passed) return finish(std::move(passed));
    }
  }

 private:
  StreamResult<> pass_on(std::size_t room) {
    const auto bytes = end().bytes();
    // Memory that has shrunk beneath a write cannot be: there is nobody to tell.
    if (bytes.empty()) return ended();
    const auto piece = bytes.first(std::min(bytes.size(), room));
    auto written = core().write(piece);
    if (written) end().took(piece.size());
    return written;
  }

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
  std::make_shared<FlowTo>(std::move(data), std::move(sink), std::move(slot), std::move(done))->start(loop);
}

}  // namespace wisp::wasi::p3
