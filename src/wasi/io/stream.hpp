#pragma once

#include "wasi/io/readiness.hpp"

#include <any>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Byte streams of the host, in the shape that both faces of WASI build on: non-blocking, level-triggered, no
/// handles.
namespace wisp::wasi {

using ByteView = std::span<const std::byte>;
using Bytes = std::vector<std::byte>;

/// Why a stream broke: a sentence for people, and the typed error of the interface behind the stream
/// (FsError, SocketError, an HTTP error) for whoever knows that interface.
struct Failure {
  std::string text;
  std::any detail;

  /// The typed error if it is an E, else null.
  template <class E>
  [[nodiscard]] const E* as() const noexcept {
    return std::any_cast<E>(&detail);
  }
};

/// A stream is over: `failure` says why, null when it ended in good order. A failure is reported once; every
/// later call sees the ordinary end.
struct StreamEnd {
  std::unique_ptr<Failure> failure;
};

template <class T = void>
using StreamResult = std::expected<T, StreamEnd>;

/// `return ended();`
[[nodiscard]] inline std::unexpected<StreamEnd> ended() { return std::unexpected(StreamEnd{}); }

/// `return broken("connection reset", SocketError::connection_reset);`
template <class E>
[[nodiscard]] std::unexpected<StreamEnd> broken(std::string text, E detail) {
  return std::unexpected(StreamEnd{std::make_unique<Failure>(std::move(text), std::any(std::move(detail)))});
}

/// The largest piece that one read() hands out, whatever the guest asks for.
inline constexpr std::size_t kMaxRead = 64 * 1024;

/// Where bytes come from. ready(): read(1) would yield a byte or the end.
class ByteSource : public Readiness {
 public:
  /// Up to `max` bytes (and never more than kMaxRead) that are there now; an empty view means "none yet", not
  /// the end. With `max` zero it only tells whether the stream is open. The view stays valid, whatever
  /// happens on the loop, until the next call on this source.
  [[nodiscard]] virtual StreamResult<ByteView> read(std::size_t max) = 0;

  /// As read(), into memory of the caller's; how many bytes. Sources that can do without a copy override it.
  [[nodiscard]] virtual StreamResult<std::size_t> read_into(std::span<std::byte> into);
};

/// Where bytes go. ready(): capacity() would be more than zero, or the end.
class ByteSink : public Readiness {
 public:
  /// How many bytes write() takes now; 0: none yet, also while a flush is under way.
  [[nodiscard]] virtual StreamResult<std::size_t> capacity() = 0;

  /// Takes all of `bytes`, copying what it cannot pass on at once. The caller stays within the last
  /// capacity().
  [[nodiscard]] virtual StreamResult<> write(ByteView bytes) = 0;

  /// Begins to pass on what was written; capacity() is 0 until that is done.
  [[nodiscard]] virtual StreamResult<> flush() = 0;

  /// True while a write is under way that others could still miss after the sink is gone (a file being
  /// written). changed() fires when it is over.
  [[nodiscard]] virtual bool writing() const noexcept { return false; }
};

/// The one place where a stream's end is kept: open, failed (to be told once), ended.
class EndState {
 public:
  [[nodiscard]] bool open() const noexcept { return open_; }

  /// Ends the stream, in good order or by a failure; the first call counts.
  void end() noexcept { open_ = false; }
  void fail(Failure failure);

  /// For a stream that is no longer open: the failure the first time, then the ordinary end.
  [[nodiscard]] std::unexpected<StreamEnd> take();

 private:
  bool open_ = true;
  std::unique_ptr<Failure> failure_;
};

}  // namespace wisp::wasi
