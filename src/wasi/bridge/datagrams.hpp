#pragma once

#include "wasi/ip_address.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

/// wasi:sockets/udp of 0.2, as bridges pass it on.
namespace wisp::wasi::bridge {

struct IncomingDatagram {
  component::Bytes data;
  IpSocketAddress remote_address;
};
WISP_RECORD(IncomingDatagram, ("data", "remote-address"), value.data, value.remote_address)

struct OutgoingDatagram {
  component::Bytes data;
  std::optional<IpSocketAddress> remote_address;
};
WISP_RECORD(OutgoingDatagram, ("data", "remote-address"), value.data, value.remote_address)

/// In one call.
inline constexpr std::uint64_t kMaxDatagrams = 16;
/// What fits into one: larger ones are not passed on.
inline constexpr std::size_t kMaxDatagram = 65'535;

}  // namespace wisp::wasi::bridge
