#pragma once

#include "base/signal.hpp"
#include "net/http/message.hpp"
#include "wasi/http/error_code.hpp"
#include "wasi/http/fields.hpp"
#include "wasi/http/incoming_body.hpp"
#include "wasi/http/outgoing_body.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Requests and responses as both faces of wasi:http see them. No handles here; everything lives on one shard.
namespace wisp::wasi::http {

using SharedFields = std::shared_ptr<const net::http::Fields>;

/// What Content-Length says: nothing, or a length. An unexpected value: it is there and is not `1*DIGIT`, or there are two
/// that differ.
[[nodiscard]] std::expected<std::optional<std::uint64_t>, std::monostate> content_length(
    const net::http::Fields& fields);

/// A path with query as a request target may have it (RFC 9112 §3.2.1, or "*"), or empty.
[[nodiscard]] bool is_path_with_query(std::string_view text) noexcept;

/// RFC 3986 §3.1.
[[nodiscard]] bool is_scheme(std::string_view text) noexcept;

/// A request that came in, shared by the handle to it and the server's coroutine. The head stays where the connection read
/// it, as long as that is there.
class IncomingRequest {
 public:
  /// `head` outlives this, or detach() is called before it ends.
  IncomingRequest(const net::http::RequestHead& head, std::shared_ptr<IncomingBody> body) noexcept
      : head_(&head), body_(std::move(body)) {}

  [[nodiscard]] const net::http::RequestHead& head() const noexcept { return *head_; }
  /// Without forbidden ones.
  [[nodiscard]] const SharedFields& fields();
  /// The body, the first time; then null.
  [[nodiscard]] std::shared_ptr<IncomingBody> take_body() noexcept { return std::exchange(body_, nullptr); }

  /// The connection goes on to its next request: keeps a copy of the head.
  void detach();

 private:
  const net::http::RequestHead* head_;
  std::unique_ptr<net::http::RequestHead> own_;
  SharedFields fields_;
  std::shared_ptr<IncomingBody> body_;
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
  std::shared_ptr<OutgoingBody> body;  ///< null: it has none
};

/// A request that goes out. A value.
struct OutgoingRequest {
  std::string method = "GET";
  std::optional<std::string> scheme;
  std::optional<std::string> authority;
  std::optional<std::string> path_with_query;
  SharedFields fields;
  std::shared_ptr<OutgoingBody> body;  ///< null: it has none
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

  /// Interim responses that wait to be sent before the final one (send-informational).
  [[nodiscard]] std::vector<net::http::ResponseHead>& interim() noexcept { return interim_; }

 private:
  std::optional<Answer> answer_;
  std::vector<net::http::ResponseHead> interim_;
  Waiter* reader_ = nullptr;
};

}  // namespace wisp::wasi::http
