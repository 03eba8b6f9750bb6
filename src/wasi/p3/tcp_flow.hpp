#pragma once

#include "component/link/wit_channels.hpp"
#include "wasi/p3/sockets.hpp"
#include "wasi/sockets/socket_fd.hpp"

#include <cstdint>
#include <memory>
#include <tuple>

/// The two directions of a TCP connection as streams. Bytes go between the kernel and the buffer of the
/// guest's pending operation, within that operation when the socket is ready: there is no buffer of ours.
/// Each keeps the connection open until it is through, whoever still holds the socket.
namespace wisp::wasi::p3 {

using FlowResult = SocketReply<>;
using Received = std::tuple<component::Stream<std::uint8_t>, component::Future<FlowResult>>;

/// What arrives at a connected socket. The stream ends with the peer's FIN or an error, which the future
/// tells; dropping the stream shuts that direction down (SHUT_RD).
[[nodiscard]] Received receive_from(std::shared_ptr<SocketFd> socket);

/// Sends what comes out of `data`, then FIN. The future tells when the kernel has taken everything, or the
/// error, with which `data` is dropped.
[[nodiscard]] component::Future<FlowResult> send_to(std::shared_ptr<SocketFd> socket,
                                                    component::Stream<std::uint8_t> data);

}  // namespace wisp::wasi::p3
