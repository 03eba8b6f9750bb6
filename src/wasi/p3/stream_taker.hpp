#pragma once

#include "component/link/channels.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace wisp::wasi::p3 {

/// Takes bytes out of a stream where they lie: in the buffer of the write that waits. Only a writer that has
/// no buffer either, which is another flow of the host, is given one: it shows itself by answering a read of
/// no elements.
///
/// Lives in a flow, on its shard.
class StreamTaker {
 public:
  explicit StreamTaker(component::Stream<std::uint8_t> data) : end_(std::move(data)) {}

  /// `wake` is called within what others do; it must only schedule a look(). Before the first look().
  void on_progress(std::function<void()> wake) { end_.on_progress = std::move(wake); }

  enum class Has : std::uint8_t {
    nothing,   ///< yet: offering(), dropping() or on_progress() tell when to look again
    bytes,     ///< in bytes()
    question,  ///< whether bytes would be taken: answer()
    end,       ///< the writer has dropped the stream
  };
  [[nodiscard]] Has look();
  /// After Has::bytes, until anything else runs. Empty: the guest's memory is gone.
  [[nodiscard]] std::span<const std::byte> bytes();
  void took(std::size_t count);
  void answer() { end_.ready(); }

  /// Nothing comes any more.
  [[nodiscard]] bool dropped() const noexcept {
    return position_ == filled_ && !(reading_ && end_.progress() > 0) && end_.dropped();
  }
  [[nodiscard]] Signal& dropping() noexcept { return end_.dropping(); }
  [[nodiscard]] Signal& offering() noexcept { return end_.offering(); }
  void close() noexcept { end_.close(); }

 private:
  // Before the end that may have an operation in it.
  std::vector<std::uint8_t> buffer_;
  component::StreamReader<std::uint8_t> end_;
  std::size_t position_ = 0, filled_ = 0;  // in buffer_
  bool reading_ = false;                   // an operation of ours is under way
  bool buffered_ = false;                  // it has elements
  bool asked_ = false;                     // one without elements was answered, and nothing is offered
};

}  // namespace wisp::wasi::p3
