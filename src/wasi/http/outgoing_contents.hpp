#pragma once

#include "base/signal.hpp"
#include "net/http/message.hpp"
#include "wasi/http/error_code.hpp"
#include "wasi/io/stream.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace wisp::wasi::http {

/// The body of an outgoing message as the coroutine sees it that passes it on: bytes, then trailers. What
/// guests write it through is the business of their version.
///
/// Shared with whoever writes; lives on one shard.
class OutgoingContents {
 public:
  enum class Of : std::uint8_t { request, response };
  enum class State : std::uint8_t {
    open,       ///< more may come
    finished,   ///< whole: what pending() holds is the rest
    abandoned,  ///< dropped unfinished, or of the wrong length: the peer must see it broken
  };

  OutgoingContents() = default;
  OutgoingContents(const OutgoingContents&) = delete;
  OutgoingContents& operator=(const OutgoingContents&) = delete;
  virtual ~OutgoingContents() = default;

  /// Wakes `reader` whenever there is something new for it; null: nobody. Not owned.
  virtual void attach(Waiter* reader) noexcept = 0;

  [[nodiscard]] virtual State state() noexcept = 0;
  /// What Content-Length says, or what is known without it.
  [[nodiscard]] virtual std::optional<std::uint64_t> announced() const noexcept = 0;
  /// Bytes that came so far, those taken included.
  [[nodiscard]] virtual std::uint64_t written() const noexcept = 0;
  /// Once finished.
  [[nodiscard]] virtual const std::shared_ptr<const net::http::Fields>& trailers() const noexcept = 0;
  /// Once abandoned: why, if its writer has said so.
  [[nodiscard]] virtual std::optional<ErrorCode> failure() const { return std::nullopt; }
  /// Bytes that nobody has taken yet; valid until anything else runs, or for good once it is finished.
  [[nodiscard]] virtual ByteView pending() const noexcept = 0;

  /// Takes all pending bytes and makes room for more; valid until the next take().
  [[nodiscard]] virtual ByteView take() = 0;

  /// Nobody will read any more. Without `failure` what there was has been passed on, or was not needed.
  virtual void break_off(std::optional<Failure> failure) noexcept = 0;

  /// Whether the end of the call that made it ends it too.
  [[nodiscard]] virtual bool ends_with_call() const noexcept = 0;
};

/// The body-size error of a message of that direction.
[[nodiscard]] ErrorCode wrong_body_size(OutgoingContents::Of of, std::uint64_t bytes);

}  // namespace wisp::wasi::http
