#pragma once

#include "component/instance/host_resource.hpp"
#include "wasi/http/message.hpp"
#include "wasi/http/outgoing.hpp"
#include "wasi/http/outgoing_body.hpp"
#include "wasi/p2/resources.hpp"

#include <memory>
#include <utility>

/// The handles of wasi:http/types as guests hold them, over the core objects of wasi/http.
namespace wisp::wasi::p2 {

/// wasi:http/types.fields
class HttpFields final : public component::HostResource {
 public:
  explicit HttpFields(http::FieldMap map = {}, ChildToken parent = {})
      : map_(std::move(map)), parent_(std::move(parent)) {}
  [[nodiscard]] http::FieldMap& map() noexcept { return map_; }

 private:
  http::FieldMap map_;
  ChildToken parent_;
};

/// wasi:http/types.incoming-request; its headers are children.
class IncomingRequest final : public component::HostResource {
 public:
  explicit IncomingRequest(std::shared_ptr<http::IncomingRequest> core) : core_(std::move(core)) {}
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("incoming-request"); }
  [[nodiscard]] http::IncomingRequest& core() noexcept { return *core_; }
  [[nodiscard]] const std::shared_ptr<http::IncomingRequest>& shared() const noexcept { return core_; }
  [[nodiscard]] std::unique_ptr<HttpFields> headers() {
    return std::make_unique<HttpFields>(http::FieldMap(core_->fields()), children_.adopt());
  }

 private:
  std::shared_ptr<http::IncomingRequest> core_;
  Children children_;
};

/// wasi:http/types.outgoing-request; its headers are children.
class OutgoingRequest final : public component::HostResource {
 public:
  explicit OutgoingRequest(http::SharedFields fields) { core_.fields = std::move(fields); }
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("outgoing-request"); }
  [[nodiscard]] http::OutgoingRequest& core() noexcept { return core_; }
  [[nodiscard]] std::unique_ptr<HttpFields> headers() {
    return std::make_unique<HttpFields>(http::FieldMap(core_.fields), children_.adopt());
  }

 private:
  http::OutgoingRequest core_;
  Children children_;
};

/// wasi:http/types.request-options
class RequestOptions final : public component::HostResource {
 public:
  [[nodiscard]] http::RequestTimeouts& timeouts() noexcept { return timeouts_; }

 private:
  http::RequestTimeouts timeouts_;
};

/// wasi:http/types.response-outparam
class ResponseOutparam final : public component::HostResource {
 public:
  explicit ResponseOutparam(std::shared_ptr<http::ResponseSlot> slot) : slot_(std::move(slot)) {}
  [[nodiscard]] http::ResponseSlot& slot() noexcept { return *slot_; }
  [[nodiscard]] const std::shared_ptr<http::ResponseSlot>& shared() const noexcept { return slot_; }

 private:
  std::shared_ptr<http::ResponseSlot> slot_;
};

/// wasi:http/types.incoming-response; its headers are children.
class IncomingResponse final : public component::HostResource {
 public:
  explicit IncomingResponse(http::IncomingResponse core) : core_(std::move(core)) {}
  ~IncomingResponse() override {
    if (core_.body) core_.body->close();
  }
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("incoming-response"); }
  [[nodiscard]] http::IncomingResponse& core() noexcept { return core_; }
  [[nodiscard]] std::unique_ptr<HttpFields> headers() {
    return std::make_unique<HttpFields>(http::FieldMap(core_.fields), children_.adopt());
  }

 private:
  http::IncomingResponse core_;
  Children children_;
};

/// wasi:http/types.incoming-body; its stream is a child.
class IncomingBody final : public component::HostResource {
 public:
  explicit IncomingBody(std::shared_ptr<http::IncomingBody> core) : core_(std::move(core)) {}
  ~IncomingBody() override {
    if (core_) core_->close();
  }
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("incoming-body"); }

  /// The stream, the first time; then null.
  [[nodiscard]] std::unique_ptr<InputStream> stream() {
    if (std::exchange(streamed_, true)) return nullptr;
    return std::make_unique<InputStream>(core_, children_.adopt());
  }
  /// For finish(): what is left of the body belongs to the trailers now.
  [[nodiscard]] std::shared_ptr<http::IncomingBody> release() noexcept { return std::move(core_); }

 private:
  std::shared_ptr<http::IncomingBody> core_;
  Children children_;
  bool streamed_ = false;
};

/// wasi:http/types.future-trailers
class FutureTrailers final : public component::HostResource {
 public:
  explicit FutureTrailers(std::shared_ptr<http::IncomingBody> body);
  ~FutureTrailers() override { body_->close(); }
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("future-trailers"); }

  [[nodiscard]] http::IncomingBody& body() noexcept { return *body_; }
  [[nodiscard]] std::unique_ptr<Pollable> subscribe();
  /// Whether the body has ended; if not, its rest is thrown away until it has.
  [[nodiscard]] bool ready();
  /// True the first time.
  [[nodiscard]] bool take() noexcept { return !std::exchange(taken_, true); }

 private:
  std::shared_ptr<http::IncomingBody> body_;
  std::shared_ptr<Readiness> arrival_;
  Children children_;
  bool taken_ = false;
};

/// wasi:http/types.outgoing-response; its headers are children.
class OutgoingResponse final : public component::HostResource {
 public:
  explicit OutgoingResponse(http::SharedFields fields) { core_.fields = std::move(fields); }
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("outgoing-response"); }
  [[nodiscard]] http::OutgoingResponse& core() noexcept { return core_; }
  [[nodiscard]] std::unique_ptr<HttpFields> headers() {
    return std::make_unique<HttpFields>(http::FieldMap(core_.fields), children_.adopt());
  }

 private:
  http::OutgoingResponse core_;
  Children children_;
};

/// wasi:http/types.outgoing-body; its stream is a child. Dropped without finish it breaks the message.
class OutgoingBody final : public component::HostResource {
 public:
  explicit OutgoingBody(std::shared_ptr<http::OutgoingBody> core) : core_(std::move(core)) {}
  ~OutgoingBody() override { core_->abandon(); }
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("outgoing-body"); }

  [[nodiscard]] http::OutgoingBody& core() noexcept { return *core_; }
  /// The stream, the first time; then null.
  [[nodiscard]] std::unique_ptr<OutputStream> stream() {
    if (std::exchange(streamed_, true)) return nullptr;
    return std::make_unique<OutputStream>(core_, children_.adopt());
  }

 private:
  std::shared_ptr<http::OutgoingBody> core_;
  Children children_;
  bool streamed_ = false;
};

/// wasi:http/types.future-incoming-response; dropped before the response is there it cancels the request.
class FutureIncomingResponse final : public component::HostResource {
 public:
  explicit FutureIncomingResponse(std::shared_ptr<http::PendingResponse> pending)
      : pending_(std::move(pending)) {}
  ~FutureIncomingResponse() override { pending_->cancel(); }
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("future-incoming-response"); }

  [[nodiscard]] http::PendingResponse& pending() noexcept { return *pending_; }
  [[nodiscard]] std::unique_ptr<Pollable> subscribe() {
    return std::make_unique<Pollable>(pending_, children_.adopt());
  }

 private:
  std::shared_ptr<http::PendingResponse> pending_;
  Children children_;
};

}  // namespace wisp::wasi::p2
