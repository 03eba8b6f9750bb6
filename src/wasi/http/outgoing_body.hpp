#pragma once

#include "wasi/http/outgoing_contents.hpp"
#include "wasi/system/quota.hpp"

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>

namespace wisp::wasi::http {

/// The body of an outgoing request or response: a bounded buffer between the guest that writes and the
/// coroutine that passes on, then trailers.
///
/// Shared by both; lives on one shard. The writer's side is ByteSink, finish() and abandon(); the reader's
/// the rest.
class OutgoingBody final : public ByteSink, public OutgoingContents {
 public:
  /// Bytes held at most for a reader that is slower than its guest.
  static constexpr std::size_t kDefaultLimit = std::size_t{128} << 10;

  /// `announced`: what Content-Length says, if the guest set one. What nobody has taken
  /// yet counts as bytes of `share`.
  explicit OutgoingBody(Of of, std::optional<std::uint64_t> announced = std::nullopt,
                        std::size_t limit = kDefaultLimit, Quota::Slot share = {})
      : of_(of), announced_(announced), limit_(limit), share_(std::move(share)) {}

  // --- the writer's side
  [[nodiscard]] StreamResult<std::size_t> capacity() override;
  /// Bytes beyond the announced length, or the quota: the stream fails with the body-size error, or
  /// internal-error, and the body is abandoned.
  [[nodiscard]] StreamResult<> write(ByteView bytes) override;
  /// What was written is on its way already; there is nothing to begin.
  [[nodiscard]] StreamResult<> flush() override;
  [[nodiscard]] bool ready() override { return !end_.open() || buffer_.size() < limit_; }
  [[nodiscard]] Signal& changed() noexcept override { return changed_; }

  /// Ends the body in good order. The body-size error when less, or more, was written than announced; it is
  /// then abandoned.
  [[nodiscard]] std::expected<void, ErrorCode> finish(std::shared_ptr<const net::http::Fields> trailers);
  /// The writer gave up. No effect on a body that is finished.
  void abandon() noexcept;

  // --- the reader's side
  void attach(Waiter* reader) noexcept override { reader_ = reader; }
  [[nodiscard]] State state() noexcept override { return state_; }
  [[nodiscard]] std::optional<std::uint64_t> announced() const noexcept override { return announced_; }
  [[nodiscard]] std::uint64_t written() const noexcept override { return written_; }
  [[nodiscard]] const std::shared_ptr<const net::http::Fields>& trailers() const noexcept override {
    return trailers_;
  }
  [[nodiscard]] ByteView pending() const noexcept override { return buffer_; }
  [[nodiscard]] ByteView take() override;
  /// The writer sees `failure` once, or the ordinary end without one.
  void break_off(std::optional<Failure> failure) noexcept override;
  [[nodiscard]] bool ends_with_call() const noexcept override { return true; }

 private:
  void wake_reader() noexcept {
    if (reader_ != nullptr) reader_->wake();
  }

  Of of_;
  State state_ = State::open;
  std::optional<std::uint64_t> announced_;
  std::uint64_t written_ = 0;
  std::size_t limit_;
  Quota::Slot share_;
  Bytes buffer_;
  Bytes taken_;  // what the reader has now; its memory is used again
  std::shared_ptr<const net::http::Fields> trailers_;
  EndState end_;
  Signal changed_;
  Waiter* reader_ = nullptr;
};

}  // namespace wisp::wasi::http
