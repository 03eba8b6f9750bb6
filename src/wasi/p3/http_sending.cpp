#include "wasi/p3/http_sending.hpp"

#include "net/event.hpp"

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

boost::asio::awaitable<Result<HandlerReply>> arrival(std::shared_ptr<http::PendingResponse> pending) {
  net::Event arrived;
  struct Arrival final : Waiter {
    explicit Arrival(net::Event& event) : event(&event) {}
    void wake() noexcept override { event->fire(); }
    net::Event* event;
  } arrival{arrived};
  while (!pending->ready()) {
    SignalLink link;
    link.link(pending->changed(), arrival);
    if (!co_await arrived.wait()) {
      pending->cancel();
      co_return fail(Errc::cancelled, "the request was given up");
    }
  }
  auto outcome = *pending->take();
  if (!outcome) co_return pass_on(std::move(outcome));
  co_return std::make_unique<Response>(outcome->status, std::move(outcome->fields),
                                       MessageBody(std::move(outcome->body)));
}

}  // namespace wisp::wasi::p3
