#pragma once

#include "wasi/http/alarm.hpp"
#include "wasi/http/incoming_body.hpp"
#include "wasi/http/outgoing_contents.hpp"

#include <chrono>
#include <memory>
#include <optional>

namespace wisp::wasi::http {

/// The body that one guest sends, as another one on the same shard receives it: pieces go from the sender's
/// buffer straight to the reader, and the sender waits while nobody reads.
///
/// Owned by the reader's IncomingBody. Its end tells the sender how its body was transmitted.
class ContentsOrigin final : public BodyOrigin, public Waiter {
 public:
  /// Whoever makes the body, while it does.
  class Maker {
   public:
    /// Nothing while it works; then how that ended.
    [[nodiscard]] virtual const Result<>* outcome() const noexcept = 0;
    /// The reader is gone, with the body whole or not.
    virtual void left(bool whole) noexcept = 0;

   protected:
    ~Maker() = default;
  };

  /// `silence` bounds the time between two pieces.
  ContentsOrigin(boost::asio::io_context& loop, std::shared_ptr<OutgoingContents> contents,
                 std::shared_ptr<Maker> maker = nullptr,
                 std::optional<std::chrono::nanoseconds> silence = std::nullopt);
  ~ContentsOrigin() override;

  [[nodiscard]] boost::asio::awaitable<Result<std::span<const std::byte>>> read(std::size_t max) override;
  [[nodiscard]] const net::http::Fields* trailers() const noexcept override;
  [[nodiscard]] ErrorCode explain(const Error& error) const override;

  /// There may be something new, of the contents or of their maker.
  void wake() noexcept override { news_.fire(); }

 private:
  std::shared_ptr<OutgoingContents> contents_;
  std::shared_ptr<Maker> maker_;
  std::optional<std::chrono::nanoseconds> silence_;
  Alarm alarm_;
  net::Event news_;
  bool whole_ = false;
};

}  // namespace wisp::wasi::http
