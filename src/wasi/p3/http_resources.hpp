#pragma once

#include "wasi/http/message.hpp"
#include "wasi/http/method.hpp"
#include "wasi/http/outgoing.hpp"
#include "wasi/p3/http_bodies.hpp"

#include <memory>
#include <variant>

/// The handles of wasi:http/types 0.3 beside fields, over the core objects of wasi/http.
namespace wisp::wasi::p3 {

/// wasi:http/types.request-options. Those of a request are shared with it and do not change.
class RequestOptions final : public component::HostResource {
 public:
  using Timeouts = http::RequestTimeouts;
  RequestOptions() = default;
  explicit RequestOptions(Timeouts timeouts) : own_(timeouts) {}
  explicit RequestOptions(std::shared_ptr<const Timeouts> shared) : shared_(std::move(shared)) {}

  [[nodiscard]] bool is_mutable() const noexcept { return shared_ == nullptr; }
  [[nodiscard]] const Timeouts& timeouts() const noexcept { return shared_ ? *shared_ : own_; }
  [[nodiscard]] Timeouts& own() noexcept { return own_; }

 private:
  Timeouts own_;
  std::shared_ptr<const Timeouts> shared_;
};

/// What a message has for a body: one that came in, or streams of a guest with the future that tells it how
/// they were transmitted. A message that is dropped was not.
class MessageBody {
 public:
  /// Null: it has no bytes.
  explicit MessageBody(std::shared_ptr<http::IncomingBody> incoming) : incoming_(std::move(incoming)) {}
  explicit MessageBody(BodyEnds made) : made_(std::move(made)), transmission_(std::in_place) {}
  MessageBody(MessageBody&&) noexcept = default;
  MessageBody& operator=(MessageBody&&) noexcept = delete;
  ~MessageBody();

  /// The future for the guest that made it; once.
  [[nodiscard]] TransmissionFuture transmission() { return transmission_->readable(); }

  /// For consume-body: the streams for a reader that answers with `handled`.
  [[nodiscard]] BodyEnds consume(boost::asio::io_context& loop, TransmissionFuture handled);

  /// For who sends it; null: there is none. `announced`: what is known of its length.
  [[nodiscard]] std::shared_ptr<http::OutgoingContents> send(StreamedBody::Of of,
                                                             std::optional<std::uint64_t> announced,
                                                             Quota::Slot share);

  /// It is known to have no bytes.
  [[nodiscard]] bool has_no_bytes() const noexcept { return made_ && !made_->contents; }

 private:
  std::shared_ptr<http::IncomingBody> incoming_;
  std::optional<BodyEnds> made_;
  std::optional<component::FutureWriter<Transmission>> transmission_;  // with made_
};

/// wasi:http/types.request
class Request final : public component::HostResource {
 public:
  /// One that came in.
  explicit Request(std::shared_ptr<http::IncomingRequest> incoming) : incoming_(std::move(incoming)) {}
  /// One that a guest made; its text counts as bytes of `share`.
  Request(http::SharedFields fields, BodyEnds body, std::shared_ptr<const RequestOptions::Timeouts> options,
          Quota::Slot share)
      : body_(std::in_place, std::move(body)), options_(std::move(options)) {
    parts_.fields = std::move(fields);
    parts_.share = std::move(share);
  }

  [[nodiscard]] std::string_view method() const noexcept {
    return incoming_ ? std::string_view(incoming_->head().method) : parts_.method;
  }
  [[nodiscard]] std::optional<std::string_view> path_with_query() const noexcept;
  [[nodiscard]] std::optional<std::string_view> scheme() const noexcept;
  [[nodiscard]] std::optional<std::string_view> authority() const noexcept;
  [[nodiscard]] http::SharedFields fields() { return incoming_ ? incoming_->fields() : parts_.fields; }
  [[nodiscard]] const std::shared_ptr<const RequestOptions::Timeouts>& options() const noexcept {
    return options_;
  }

  /// Its parts, to be changed; `share` counts them if it came in.
  [[nodiscard]] http::OutgoingRequest& parts(Quota::Slot share);
  [[nodiscard]] MessageBody& body();

 private:
  std::shared_ptr<http::IncomingRequest> incoming_;  // null: parts_
  http::OutgoingRequest parts_;
  std::optional<MessageBody> body_;
  std::shared_ptr<const RequestOptions::Timeouts> options_;
};

/// wasi:http/types.response
class Response final : public component::HostResource {
 public:
  Response(std::uint16_t code, http::SharedFields headers, MessageBody contents)
      : status(code), fields(std::move(headers)), body(std::move(contents)) {}

  std::uint16_t status;
  http::SharedFields fields;
  MessageBody body;
};

/// What an answer is to the host that sends it: a body is read from here on.
[[nodiscard]] http::ResponseSlot::Answer to_answer(HttpReply<std::unique_ptr<Response>> reply,
                                                   Quota::Slot share);

}  // namespace wisp::wasi::p3
