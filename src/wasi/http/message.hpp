#pragma once

#include "base/signal.hpp"
#include "net/http/message.hpp"
#include "wasi/http/error_code.hpp"
#include "wasi/http/fields.hpp"
#include "wasi/http/incoming_body.hpp"
#include "wasi/http/outgoing_contents.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Requests and responses as both faces of wasi:http see them. No handles here; everything lives on one
/// shard.
namespace wisp::wasi::http {

using SharedFields = std::shared_ptr<const net::http::Fields>;

/// The fields themselves: moved out when nobody else shares them, else a copy.
[[nodiscard]] net::http::Fields take(SharedFields fields);

/// What Content-Length says: nothing, or a length. An unexpected value: it is there and is not `1*DIGIT`, or
/// there are two that differ.
[[nodiscard]] std::expected<std::optional<std::uint64_t>, std::monostate> content_length(
    const net::http::Fields& fields);

/// A path with query as a request target may have it (RFC 9112 §3.2.1, or "*"), or empty.
[[nodiscard]] bool is_path_with_query(std::string_view text) noexcept;

/// A path with query that may be relative (RFC 3986 §3.3, and much of what everybody sends beyond it).
[[nodiscard]] bool is_relative_target(std::string_view text) noexcept;

/// An authority with a host that is not empty, and a port only after a colon (RFC 3986 §3.2); userinfo may
/// stand before it.
[[nodiscard]] bool is_authority(std::string_view text) noexcept;

/// RFC 3986 §3.1.
[[nodiscard]] bool is_scheme(std::string_view text) noexcept;

/// A request that came in, shared by the handle to it and the server's coroutine. The head stays where the
/// connection read it, as long as that is there.
class IncomingRequest {
 public:
  /// `head` outlives this, or detach() is called before it ends. `body` null: it has none.
  IncomingRequest(boost::asio::io_context& loop, const net::http::RequestHead& head,
                  std::shared_ptr<IncomingBody> body) noexcept
      : loop_(loop), head_(&head), body_(std::move(body)) {}

  [[nodiscard]] const net::http::RequestHead& head() const noexcept { return *head_; }
  /// Without forbidden ones.
  [[nodiscard]] const SharedFields& fields();
  /// The same for somebody who keeps them.
  [[nodiscard]] SharedFields take_fields();
  /// The body, the first time (one without bytes if there is none); then null.
  [[nodiscard]] std::shared_ptr<IncomingBody> take_body();
  /// The same, but null if there is none.
  [[nodiscard]] std::shared_ptr<IncomingBody> take_body_if_any();

  /// The connection goes on to its next request: keeps a copy of the head.
  void detach();

 private:
  boost::asio::io_context& loop_;
  const net::http::RequestHead* head_;
  std::unique_ptr<net::http::RequestHead> own_;
  SharedFields fields_;
  std::shared_ptr<IncomingBody> body_;
  bool taken_ = false;
};

/// A response that came in. A value.
struct IncomingResponse {
  std::uint16_t status = 200;
  SharedFields fields;
  std::shared_ptr<IncomingBody> body;  ///< null once taken
};

/// A response that goes out. A value.
struct OutgoingResponse {
  std::uint16_t status = 200;
  SharedFields fields;
  std::shared_ptr<OutgoingContents> body;  ///< null: it has none
};

/// A request that goes out. A value.
struct OutgoingRequest {
  std::string method = "GET";
  std::optional<std::string> scheme;
  std::optional<std::string> authority;
  std::optional<std::string> path_with_query;
  SharedFields fields;
  std::shared_ptr<OutgoingContents> body;  ///< null: it has none
  Quota::Slot share;                       ///< of the bytes that its guest's messages may hold: the text here

  /// Counts the text; false where it exceeds the quota.
  [[nodiscard]] bool count_text() noexcept;
};

/// Bounds on the transport of a request that goes out.
struct RequestTimeouts {
  std::optional<std::chrono::nanoseconds> connect;
  std::optional<std::chrono::nanoseconds> first_byte;
  std::optional<std::chrono::nanoseconds> between_bytes;
};

/// Where a guest puts its response; the server's coroutine takes it from there. Shared by both.
class ResponseSlot {
 public:
  using Answer = std::expected<OutgoingResponse, ErrorCode>;

  /// Wakes `reader` when the answer is there; null: nobody. Not owned.
  void attach(Waiter* reader) noexcept { reader_ = reader; }

  /// Once.
  void set(Answer answer) {
    answer_.emplace(std::move(answer));
    if (reader_ != nullptr) reader_->wake();
  }
  [[nodiscard]] std::optional<Answer>& answer() noexcept { return answer_; }

  /// Sends an interim response (1xx) before the final one.
  void inform(net::http::ResponseHead head) {
    interim_.push_back(std::move(head));
    if (reader_ != nullptr) reader_->wake();
  }
  /// Those that wait to be sent.
  [[nodiscard]] std::vector<net::http::ResponseHead>& interim() noexcept { return interim_; }

 private:
  std::optional<Answer> answer_;
  std::vector<net::http::ResponseHead> interim_;
  Waiter* reader_ = nullptr;
};

}  // namespace wisp::wasi::http
