#pragma once

#include "wasi/http/incoming_body.hpp"
#include "wasi/http/outgoing_contents.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace wisp::wasi::http {

/// A body that came in and goes out as it is, because a guest handed the message on without looking into it:
/// bytes go from one connection's buffer to the other's, trailers with them. A body that breaks off on the
/// way in is abandoned on the way out.
///
/// Shared with whoever passes it on; lives on one shard.
class PassedBody final : public OutgoingContents, private Waiter {
 public:
  /// `announced`: what Content-Length says.
  PassedBody(Of of, std::shared_ptr<IncomingBody> body, std::optional<std::uint64_t> announced);
  ~PassedBody() override;

  void attach(Waiter* reader) noexcept override;
  [[nodiscard]] State state() noexcept override;
  [[nodiscard]] std::optional<std::uint64_t> announced() const noexcept override { return announced_; }
  [[nodiscard]] std::uint64_t written() const noexcept override { return taken_ + pending().size(); }
  [[nodiscard]] const std::shared_ptr<const net::http::Fields>& trailers() const noexcept override {
    return trailers_;
  }
  [[nodiscard]] ByteView pending() const noexcept override;
  [[nodiscard]] ByteView take() override;
  void break_off(std::optional<Failure> failure) noexcept override;
  [[nodiscard]] bool ends_with_call() const noexcept override { return false; }

 private:
  void wake() noexcept override;
  void look() const;

  Of of_;
  std::shared_ptr<IncomingBody> body_;
  std::optional<std::uint64_t> announced_;
  mutable ByteView piece_;  // in the connection's buffer
  std::string copy_;        // of a request's piece, until the next
  std::uint64_t taken_ = 0;
  State state_ = State::open;
  std::shared_ptr<const net::http::Fields> trailers_;
  mutable bool looking_ = false;
  Waiter* reader_ = nullptr;
  SignalLink changed_;
};

}  // namespace wisp::wasi::http
