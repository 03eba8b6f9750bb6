#pragma once

#include "wasi/sockets/socket_fd.hpp"

#include <cstdint>

/// Socket options in the units of WASI: times in nanoseconds, sizes as they were asked for. Zero is
/// invalid_argument; other values are brought into the range that the system takes.
namespace wisp::wasi::options {

[[nodiscard]] SocketResult<bool> keep_alive(const SocketFd& socket);
[[nodiscard]] SocketResult<> set_keep_alive(const SocketFd& socket, int on);
[[nodiscard]] SocketResult<std::uint64_t> keep_alive_idle(const SocketFd& socket);
[[nodiscard]] SocketResult<> set_keep_alive_idle(const SocketFd& socket, std::uint64_t nanoseconds);
[[nodiscard]] SocketResult<std::uint64_t> keep_alive_interval(const SocketFd& socket);
[[nodiscard]] SocketResult<> set_keep_alive_interval(const SocketFd& socket, std::uint64_t nanoseconds);
[[nodiscard]] SocketResult<std::uint32_t> keep_alive_count(const SocketFd& socket);
[[nodiscard]] SocketResult<> set_keep_alive_count(const SocketFd& socket, std::uint32_t count);
[[nodiscard]] SocketResult<std::uint8_t> hop_limit(const SocketFd& socket);
[[nodiscard]] SocketResult<> set_hop_limit(const SocketFd& socket, std::uint8_t hops);
[[nodiscard]] SocketResult<std::uint64_t> receive_buffer(const SocketFd& socket);
[[nodiscard]] SocketResult<> set_receive_buffer(const SocketFd& socket, std::uint64_t bytes);
[[nodiscard]] SocketResult<std::uint64_t> send_buffer(const SocketFd& socket);
[[nodiscard]] SocketResult<> set_send_buffer(const SocketFd& socket, std::uint64_t bytes);

}  // namespace wisp::wasi::options
