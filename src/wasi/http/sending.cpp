#include "wasi/http/sending.hpp"

#include "wasi/http/routes.hpp"

namespace wisp::wasi::http {

std::expected<std::shared_ptr<PendingResponse>, ErrorCode> send(Context& context, OutgoingRequest request,
                                                                const RequestTimeouts& timeouts) {
  const auto refuse = [&](ErrorCode code) {
    if (request.body) request.body->break_off(Failure{.text = "the request was refused", .detail = code});
    return std::unexpected(std::move(code));
  };
  const auto& routes = context.routes();
  const auto* route = routes ? routes->find(request) : nullptr;
  const auto& outgoing = context.outgoing();
  if (route == nullptr && !outgoing) return refuse(ErrorCode::of<ErrorCase::http_request_denied>());
  // A connection is a socket, and so is a call that stands for one.
  auto slot = context.sockets().take();
  if (!slot) return refuse(ErrorCode::of<ErrorCase::connection_limit_reached>());
  if (route == nullptr) return outgoing->send(std::move(request), timeouts, *std::move(slot));
  const auto handler = routes->handler(*route);
  if (!handler) return refuse(ErrorCode::of<ErrorCase::loop_detected>());
  return handler->send(std::move(request), timeouts, *std::move(slot));
}

}  // namespace wisp::wasi::http
