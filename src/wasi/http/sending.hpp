#pragma once

#include "wasi/context.hpp"
#include "wasi/http/outgoing.hpp"

#include <expected>
#include <memory>

namespace wisp::wasi::http {

/// Sends a guest's request: to the component that the guest's routes name for its authority, else through the
/// shard's client. As Outgoing::send; refused with HTTP-request-denied where the guest has no client, with
/// connection-limit-reached at its limit of sockets, with loop-detected where routes lead on too far.
[[nodiscard]] std::expected<std::shared_ptr<PendingResponse>, ErrorCode> send(
    Context& context, OutgoingRequest request, const RequestTimeouts& timeouts);

}  // namespace wisp::wasi::http
