#pragma once

#include "base/result.hpp"
#include "net/event.hpp"
#include "net/http/message.hpp"
#include "wasi/http/error_code.hpp"
#include "wasi/io/stream.hpp"
#include "wasi/system/quota.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <expected>
#include <memory>
#include <optional>
#include <span>

namespace wisp::wasi::http {

/// Where the bytes of an incoming body come from: an exchange of the server or of the client.
class BodyOrigin {
 public:
  virtual ~BodyOrigin() = default;
  /// As net::http::Exchange::read_body.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::span<const std::byte>>> read(std::size_t max) = 0;
  /// read() where it need not wait; else nothing.
  [[nodiscard]] virtual std::optional<Result<std::span<const std::byte>>> read_now(std::size_t) {
    return std::nullopt;
  }
  /// After the end: the trailers, or null.
  [[nodiscard]] virtual const net::http::Fields* trailers() const noexcept = 0;
  [[nodiscard]] virtual ErrorCode explain(const Error& error) const = 0;
};

/// The body of an incoming request or response: a byte source, then trailers. Nothing is read from the peer
/// until somebody asks; pieces are handed out as they lie in the connection's buffer.
///
/// Shared by the handles that read it and by the read that is under way; lives on one shard. close() ends the
/// use of the origin.
class IncomingBody final : public ByteSource, public std::enable_shared_from_this<IncomingBody> {
 public:
  using Trailers = std::shared_ptr<const net::http::Fields>;  // null: none

  /// `origin` null: a body without bytes. Trailers count as bytes of `share`.
  IncomingBody(boost::asio::io_context& loop, std::unique_ptr<BodyOrigin> origin, Quota::Slot share = {});
  ~IncomingBody() override;

  [[nodiscard]] StreamResult<ByteView> read(std::size_t max) override;
  [[nodiscard]] bool ready() override;
  [[nodiscard]] Signal& changed() noexcept override { return changed_; }

  /// From now on bytes are read and thrown away, so that the trailers arrive.
  void skip_to_end();

  /// Whether the end, or a failure, has been seen. After it no more use is made of the origin.
  [[nodiscard]] bool at_end() const noexcept { return !end_.open(); }

  /// It never had bytes or trailers.
  [[nodiscard]] bool is_empty() const noexcept { return empty_; }

  /// Whether the origin may still be used: reading has begun and not come to an end.
  [[nodiscard]] bool busy() const noexcept { return running_; }

  /// After the end: the trailers without forbidden fields, or why the body broke off.
  [[nodiscard]] std::expected<Trailers, ErrorCode> outcome() const;

  /// Nobody will read any more: a read under way is cancelled, what comes later is the ordinary end.
  void close() noexcept;

  /// close(), and completes when the origin is not used any more.
  [[nodiscard]] boost::asio::awaitable<void> closed();

 private:
  void pull();
  void arrived(Result<std::span<const std::byte>> piece);
  [[nodiscard]] boost::asio::awaitable<void> pump();
  void end_with_trailers();
  void broken(ErrorCode code, std::string text);

  boost::asio::io_context& loop_;
  std::unique_ptr<BodyOrigin> origin_;
  Quota::Slot share_;
  ByteView pending_;  // handed out by the origin, not yet taken
  EndState end_;
  Trailers trailers_;
  std::optional<ErrorCode> failure_;
  Signal changed_;
  boost::asio::cancellation_signal cancel_;
  net::Event asked_;  // wanted_ became true
  const bool empty_;
  bool running_ = false;  // pump()
  bool wanted_ = false;
  bool skipping_ = false;
};

}  // namespace wisp::wasi::http
