#pragma once

#include "base/result.hpp"
#include "base/signal.hpp"

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cstddef>
#include <cstdint>

namespace wisp::component {

struct Type;

/// Canonical ABI, CopyResult.
enum class CopyResult : std::uint8_t { completed = 0, dropped = 1, cancelled = 2 };

/// Longest buffer in elements (Canonical ABI, Buffer.MAX_LENGTH).
inline constexpr std::uint32_t kMaxBuffer = (1u << 28) - 1;

/// Elements that one side of a stream or future reads from or writes to, in the order of their progress.
/// Lives with the operation that offers it.
class Buffer {
 public:
  virtual ~Buffer() = default;

  [[nodiscard]] std::uint32_t length() const noexcept { return length_; }
  [[nodiscard]] std::uint32_t progress() const noexcept { return progress_; }
  [[nodiscard]] std::uint32_t remain() const noexcept { return length_ - progress_; }

  /// Bytes of an element when elements are plain numbers, which are copied as they are; 0 when there is no
  /// payload; kNotPlain for all others.
  static constexpr std::uint32_t kNotPlain = ~0u;
  [[nodiscard]] std::uint32_t plain_size() const noexcept { return plain_size_; }

  /// Plain elements: where the next `count` of them lie right now.
  [[nodiscard]] virtual Result<std::byte*> plain(std::uint32_t count) = 0;

  /// The guest instance it belongs to; null for the host.
  [[nodiscard]] virtual const void* instance() const noexcept { return nullptr; }

  /// `count` elements were copied.
  void advance(std::uint32_t count) noexcept { progress_ += count; }

 protected:
  Buffer(std::uint32_t length, std::uint32_t plain_size) : length_(length), plain_size_(plain_size) {}
  void reset(std::uint32_t length, std::uint32_t plain_size) noexcept {
    length_ = length;
    plain_size_ = plain_size;
    progress_ = 0;
  }

 private:
  std::uint32_t length_;
  std::uint32_t plain_size_;
  std::uint32_t progress_ = 0;
};

/// Elements to be read out of.
class Source : public Buffer {
 protected:
  using Buffer::Buffer;
};

/// Elements to be written to.
class Sink : public Buffer {
 public:
  /// Takes `count` elements that are not plain from `source` and puts them at its progress; neither's
  /// progress is moved. An Error traps.
  [[nodiscard]] virtual Result<> take(Source& source, std::uint32_t count) = 0;

 protected:
  using Buffer::Buffer;
};

/// Who offered a buffer, told on the shard's thread, perhaps within its own call of Channel::read or write.
/// Must not run guest code.
class CopyParty {
 public:
  /// Elements were copied; the buffer is still the channel's, until it is taken back with reclaim(). May come
  /// several times before that.
  virtual void on_copy() noexcept = 0;
  /// The operation is over, the buffer is no longer the channel's.
  virtual void on_copy_done(CopyResult result) noexcept = 0;

 protected:
  ~CopyParty() = default;
};

/// The rendezvous behind a stream or future (Canonical ABI, SharedStreamImpl and SharedFutureImpl): at most
/// one buffer waits in it for the other side, and elements go from buffer to buffer without a copy between.
///
/// Held by both ends, and by values on the way; lives on one shard. An end whose operation is pending stays
/// alive until it is told the end of it, or cancels.
class Channel {
 public:
  enum class Kind : std::uint8_t { stream, future };

  explicit Channel(Kind kind) : kind_(kind) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  [[nodiscard]] Kind kind() const noexcept { return kind_; }

  /// Offers a buffer. `party` is told at once or later. An Error is the caller's trap: an element broke the
  /// canonical ABI, or both ends are in one instance and elements are not numbers.
  [[nodiscard]] Result<> read(Sink& sink, CopyParty& party);
  [[nodiscard]] Result<> write(Source& source, CopyParty& party);

  /// Ends the operation that is pending with CopyResult::cancelled. Only while the caller's own is.
  void cancel() noexcept;

  /// Takes the pending buffer back after on_copy(), without a word. Does nothing if another one is pending.
  void reclaim(const CopyParty& party) noexcept;

  /// One end is gone; the other end's pending operation ends with CopyResult::dropped.
  void drop() noexcept;
  [[nodiscard]] bool dropped() const noexcept { return dropped_; }

  /// Fires once, when one end is dropped.
  [[nodiscard]] Signal& dropping() noexcept { return dropping_; }

  /// Fires when one end has begun an operation that waits for the other; inside its call of read or write.
  [[nodiscard]] Signal& offering() noexcept { return offering_; }

  /// What is pending: null if nothing, or the other side's buffer. For host ends that copy without a buffer
  /// of their own.
  [[nodiscard]] Sink* pending_sink() const noexcept { return sink_; }
  [[nodiscard]] Source* pending_source() const noexcept { return source_; }
  /// `count` elements were put into, or taken from, the pending buffer from outside: tells its party. An
  /// operation that is through, also one of no elements, is over.
  void copied(std::uint32_t count) noexcept;

 private:
  friend void intrusive_ptr_add_ref(Channel* channel) noexcept { ++channel->references_; }
  friend void intrusive_ptr_release(Channel* channel) noexcept {
    if (--channel->references_ == 0) delete channel;
  }
  ~Channel() = default;

  [[nodiscard]] static Result<> copy(Source& source, Sink& sink, std::uint32_t count);
  Result<> offer(Sink* sink, Source* source, CopyParty& party) noexcept;
  void clear_pending() noexcept;
  void end_pending(CopyResult result) noexcept;

  Kind kind_;
  bool dropped_ = false;
  std::uint32_t references_ = 0;
  Sink* sink_ = nullptr;
  Source* source_ = nullptr;
  CopyParty* party_ = nullptr;
  Signal dropping_;
  Signal offering_;
};

using ChannelRef = boost::intrusive_ptr<Channel>;

}  // namespace wisp::component
