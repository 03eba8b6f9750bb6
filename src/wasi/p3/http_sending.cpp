#include "wasi/p3/http_sending.hpp"

namespace wisp::wasi::p3 {

using http::ErrorCase;
using http::ErrorCode;

std::expected<Outbound, ErrorCode> to_outbound(std::unique_ptr<Request> request, Context& context) {
  Outbound out{.request = std::move(request->parts(context.message_bytes().empty())),
               .timeouts = request->options() ? *request->options() : http::RequestTimeouts{}};
  auto length = http::content_length(*out.request.fields);
  if (!length) return std::unexpected(ErrorCode::of<ErrorCase::http_protocol_error>());
  // What has no bytes may still have trailers. But guests hold their end open until they have the answer, and
  // servers answer what has ended: who means to have some says so (RFC 9110 §6.6.2).
  if (request->body().has_no_bytes()) {
    const bool announced = out.request.fields->contains("trailer");
    *length = announced ? std::nullopt : std::optional<std::uint64_t>(0);
  }
  out.request.body =
      request->body().send(StreamedBody::Of::request, *length, context.message_bytes().empty());
  return out;
}

namespace {

class Arrival final : public component::Coming<HandlerReply> {
 public:
  explicit Arrival(std::shared_ptr<http::PendingResponse> pending) : pending_(std::move(pending)) {}
  ~Arrival() override {
    if (pending_) pending_->cancel();
  }

  std::optional<Result<HandlerReply>> take() override {
    if (!pending_->ready()) return std::nullopt;
    auto outcome = *std::exchange(pending_, nullptr)->take();
    if (!outcome) return pass_on(std::move(outcome));
    return std::make_unique<Response>(outcome->status, std::move(outcome->fields),
                                      MessageBody(std::move(outcome->body)));
  }
  Signal& changed() noexcept override { return pending_->changed(); }

 private:
  std::shared_ptr<http::PendingResponse> pending_;
};

}  // namespace

std::unique_ptr<component::Coming<HandlerReply>> arrival(std::shared_ptr<http::PendingResponse> pending) {
  return std::make_unique<Arrival>(std::move(pending));
}

}  // namespace wisp::wasi::p3
