#pragma once

#include "component/instance/tree.hpp"
#include "component/link/host_abi.hpp"
#include "component/link/host_end.hpp"
#include "component/link/wit_channels.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

/// What host functions read from and write to streams and futures with. Elements are copied straight between
/// a guest's memory and the host's; waiting is backpressure.
namespace wisp::component {

/// Numbers of the host are copied as they are.
template <class T>
inline constexpr std::uint32_t kPlainSize = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>
                                                ? sizeof(T)
                                                : (std::is_same_v<T, Unit>        ? 0
                                                   : std::is_same_v<T, std::byte> ? 1
                                                                                  : Buffer::kNotPlain);

/// Elements that the host takes.
template <class T>
class HostSink final : public Sink {
 public:
  HostSink() : Sink(0, 0) {}
  void assign(T* into, std::uint32_t length) noexcept {
    into_ = into;
    reset(length, kPlainSize<T>);
  }

  Result<std::byte*> plain(std::uint32_t) override {
    return reinterpret_cast<std::byte*>(into_ + progress());
  }
  Result<> take(Source& source, std::uint32_t count) override {
    if (source.instance() == nullptr) {
      auto& host = static_cast<HostSource&>(source);
      if (host.element_tag() != &kHostPayload<T>)
        return fail(Errc::internal, "two ends of a host stream differ in type");
      for (std::uint32_t i = 0; i < count; ++i)
        into_[progress() + i] = std::move(*static_cast<T*>(host.element(i)));
      return {};
    }
    const GuestRegion& from = static_cast<GuestSource&>(source).region();
    CallSide side(*from.instance, *from.options, nullptr);
    LiftContext in{.side = side, .memory = side.memory(), .scratch = {}};
    for (std::uint32_t i = 0; i < count; ++i) {
      TRY(side.charge(Wit<T>::kSize));
      const std::byte* const at = TRY(from.bytes(source.progress() + i, 1));
      into_[progress() + i] = TRY(Wit<T>::load(in, at));
    }
    return {};
  }

 private:
  T* into_ = nullptr;
};

/// Elements that the host gives.
template <class T>
class HostElements final : public HostSource {
 public:
  HostElements() : HostSource(0, 0) {}
  void assign(T* from, std::uint32_t length) noexcept {
    from_ = from;
    reset(length, kPlainSize<T>);
  }

  Result<std::byte*> plain(std::uint32_t) override {
    return reinterpret_cast<std::byte*>(const_cast<std::remove_const_t<T>*>(from_ + progress()));
  }
  Result<> give(const GuestRegion& to, std::uint32_t index, std::uint32_t count) override {
    if constexpr (kPlainSize<T> == Buffer::kNotPlain) {
      CallSide side(*to.instance, *to.options, nullptr);
      LowerContext out{.side = side, .memory = side.memory()};
      for (std::uint32_t i = 0; i < count; ++i)
        TRY(Wit<T>::store(out, to.at(index + i), std::move(from_[progress() + i])));
    }
    return {};
  }
  const void* element_tag() const noexcept override { return &kHostPayload<T>; }
  void* element(std::uint32_t offset) noexcept override { return from_ + progress() + offset; }

 private:
  T* from_ = nullptr;
};

/// The host reads a stream.
template <class T>
class StreamReader final : public HostEnd {
 public:
  explicit StreamReader(Stream<T> stream) : HostEnd(stream.take()) {}

  /// Waits for at least one element and puts up to `into.size()` there; their number. 0: the writer has
  /// dropped the stream, or the coroutine was cancelled (dropped() tells). `into` is in use until then.
  [[nodiscard]] boost::asio::awaitable<Result<std::size_t>> read(std::span<T> into) {
    if (dropped()) co_return 0;
    start(into);
    (void)co_await progressed();
    co_return sink_.progress();
  }

  /// Without a coroutine: on_progress tells when finish() has something.
  void start(std::span<T> into) {
    sink_.assign(into.data(), static_cast<std::uint32_t>(std::min<std::size_t>(into.size(), kMaxBuffer)));
    // A write that is pending already is read at once: host code reads guest memory without the guest's help.
    if (auto begun = begin_read(sink_); !begun) close();
  }
  std::size_t finish() {
    settle();
    return sink_.progress();
  }

  /// A write of the other end waits, perhaps one of no elements, which asks whether some would be taken.
  [[nodiscard]] bool offered() const noexcept { return waits(channel()->pending_source()); }
  /// Elements that the write which waits has left; 0 where there is none, or one of no elements.
  [[nodiscard]] std::uint32_t rest() const noexcept {
    const Source* const source = channel()->pending_source();
    return source == nullptr ? 0 : source->remain();
  }
  /// Answers a write of no elements that waits: some would be taken.
  void ready() { channel()->copied(0); }
  /// The bytes that a pending write offers, where they lie: what was taken is told with taken(). Valid until
  /// anything else runs. Not while an operation of this end is pending.
  [[nodiscard]] std::span<const std::byte> direct()
    requires(kPlainSize<T> == 1)
  {
    Source* const source = channel() != nullptr ? channel()->pending_source() : nullptr;
    if (source == nullptr || source->remain() == 0) return {};
    const auto bytes = source->plain(source->remain());
    if (!bytes) return {};
    return {*bytes, source->remain()};
  }
  /// Only while there is something in direct().
  void taken(std::size_t bytes)
    requires(kPlainSize<T> == 1)
  {
    channel()->copied(static_cast<std::uint32_t>(bytes));
  }

  /// Elements of the operation that was started so far.
  [[nodiscard]] std::size_t progress() const noexcept { return sink_.progress(); }

 private:
  HostSink<T> sink_;
};

/// The host writes a stream.
template <class T>
class StreamWriter final : public HostEnd {
 public:
  StreamWriter() : HostEnd(ChannelRef(new Channel(Channel::Kind::stream))) {}

  /// The end for the reader; once.
  [[nodiscard]] Stream<T> readable() { return Stream<T>(ChannelRef(channel())); }

  /// Waits until at least one element was read; the number. 0: the reader has dropped the stream, or the
  /// coroutine was cancelled (dropped() tells). Elements that are not plain are moved from.
  [[nodiscard]] boost::asio::awaitable<Result<std::size_t>> write(std::span<T> from) {
    if (dropped() || from.empty()) co_return 0;
    start(from);
    (void)co_await progressed();
    co_return source_.progress();
  }
  /// As write(), until all of it was read: false if the reader has dropped the stream before.
  [[nodiscard]] boost::asio::awaitable<Result<bool>> write_all(std::span<T> from) {
    while (!from.empty()) {
      const auto count = co_await write(from);
      if (!count) co_return std::unexpected(count.error());
      if (*count == 0) co_return false;
      from = from.subspan(*count);
    }
    co_return true;
  }

  /// Without a coroutine: on_progress tells when finish() has something.
  void start(std::span<T> from) {
    source_.assign(from.data(), static_cast<std::uint32_t>(std::min<std::size_t>(from.size(), kMaxBuffer)));
    if constexpr (kPlainSize<T> != Buffer::kNotPlain) {
      if (auto begun = begin_write(source_); !begun) close();
    } else {
      const Buffer* const sink = channel()->pending_sink();
      with_guest_of(sink, [this, alive = ChannelRef(channel()), mine = operation()]() -> Result<> {
        // Without this end, which drops the channel when it goes, or for another operation meanwhile.
        if (alive->dropped() || mine != operation()) return {};
        return begin_write(source_);
      });
    }
  }
  std::size_t finish() {
    settle();
    return source_.progress();
  }
  /// Elements of the operation that was started so far.
  [[nodiscard]] std::size_t progress() const noexcept { return source_.progress(); }

  /// A read of the other end waits, perhaps one of no elements, which asks whether there would be some.
  [[nodiscard]] bool wanted() const noexcept { return waits(channel()->pending_sink()); }
  /// Elements that the read which waits has room for; 0 where there is none, or one of no elements.
  [[nodiscard]] std::uint32_t room() const noexcept {
    const Sink* const sink = channel()->pending_sink();
    return sink == nullptr ? 0 : sink->remain();
  }
  /// Answers a read of no elements that waits: there are some.
  void ready() { channel()->copied(0); }

  /// The guest's buffer that waits for bytes, as memory: what is put there is told with filled(). Empty when
  /// no read of a guest is pending. Valid until anything else runs.
  [[nodiscard]] std::span<std::byte> direct()
    requires(kPlainSize<T> == 1)
  {
    Sink* const sink = channel() != nullptr ? channel()->pending_sink() : nullptr;
    if (sink == nullptr || sink->remain() == 0) return {};
    const auto bytes = sink->plain(sink->remain());
    if (!bytes) return {};
    return {*bytes, sink->remain()};
  }
  void filled(std::size_t bytes)
    requires(kPlainSize<T> == 1)
  {
    channel()->copied(static_cast<std::uint32_t>(bytes));
  }

 private:
  HostElements<T> source_;
};

/// The host reads a future.
template <class T>
class FutureReader final : public HostEnd {
 public:
  explicit FutureReader(Future<T> future) : HostEnd(future.take()) {}

  /// The value. Nothing: the writer ended without one, or the coroutine was cancelled.
  [[nodiscard]] boost::asio::awaitable<std::optional<T>> get() {
    if (dropped()) co_return std::nullopt;
    start();
    (void)co_await progressed();
    co_return finish();
  }

  /// Without a coroutine.
  void start() {
    sink_.assign(&value_, 1);
    if (auto begun = begin_read(sink_); !begun) close();
  }
  std::optional<T> finish() {
    settle();
    if (sink_.progress() == 0) return std::nullopt;
    return std::move(value_);
  }

 private:
  T value_{};
  HostSink<T> sink_;
};

/// The host's writable end of a future. The value waits in it for its reader, beyond the writer's life.
template <class T>
class FutureWriter {
 public:
  FutureWriter() : state_(new State) {}
  FutureWriter(FutureWriter&&) noexcept = default;
  FutureWriter& operator=(FutureWriter&&) noexcept = default;

  /// The end for the reader; once.
  [[nodiscard]] Future<T> readable() { return Future<T>(state_->channel); }

  [[nodiscard]] bool written() const noexcept { return state_ == nullptr || state_->written; }
  /// The reader is gone.
  [[nodiscard]] bool dropped() const noexcept { return state_ == nullptr || state_->channel->dropped(); }
  /// Fires when the reader goes.
  [[nodiscard]] Signal& dropping() noexcept { return state_->channel->dropping(); }

  /// Resolves it; the first call counts.
  void write(T value) {
    if (written()) return;
    State* const state = state_.get();
    state->written = true;
    state->value = std::move(value);
    state->source.assign(&state->value, 1);
    with_guest_of(state->channel->pending_sink(), [held = boost::intrusive_ptr<State>(state)]() -> Result<> {
      // Owned by the channel's operation from here on.
      intrusive_ptr_add_ref(held.get());
      auto begun = held->channel->write(held->source, *held);
      if (!begun) intrusive_ptr_release(held.get());
      return begun;
    });
  }

 private:
  struct State final : CopyParty {
    ChannelRef channel{new Channel(Channel::Kind::future)};
    T value{};
    HostElements<T> source;
    bool written = false;
    std::uint32_t references = 0;

    void on_copy() noexcept override {}
    void on_copy_done(CopyResult) noexcept override { intrusive_ptr_release(this); }

    friend void intrusive_ptr_add_ref(State* state) noexcept { ++state->references; }
    friend void intrusive_ptr_release(State* state) noexcept {
      if (--state->references == 0) delete state;
    }
  };
  boost::intrusive_ptr<State> state_;
};

/// A future that is resolved from the start.
template <class T>
[[nodiscard]] Future<T> ready_future(T value) {
  FutureWriter<T> writer;
  auto end = writer.readable();
  writer.write(std::move(value));
  return end;
}

}  // namespace wisp::component
