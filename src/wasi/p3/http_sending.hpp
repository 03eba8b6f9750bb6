#pragma once

#include "component/link/host_task.hpp"
#include "wasi/context.hpp"
#include "wasi/http/outgoing.hpp"
#include "wasi/p3/http_resources.hpp"

#include <expected>
#include <memory>

/// From a request that a guest of wasi:http 0.3 made to the response that it gets.
namespace wisp::wasi::p3 {

using HandlerReply = HttpReply<std::unique_ptr<Response>>;

/// A request as the host sends it.
struct Outbound {
  http::OutgoingRequest request;
  http::RequestTimeouts timeouts;
};

/// HTTP-protocol-error for a content-length that is none.
[[nodiscard]] std::expected<Outbound, http::ErrorCode> to_outbound(std::unique_ptr<Request> request,
                                                                   Context& context);

/// The response. Destroyed before, it gives the request up.
[[nodiscard]] std::unique_ptr<component::Coming<HandlerReply>> arrival(
    std::shared_ptr<http::PendingResponse> pending);

}  // namespace wisp::wasi::p3
