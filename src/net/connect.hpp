#pragma once

#include "base/result.hpp"
#include "net/dns.hpp"
#include "net/transport.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace wisp::net {

/// Where to connect, and what must be true of it.
struct ConnectTarget {
  std::string host;  ///< name or numeric address
  std::uint16_t port = 0;
  /// Decides about each address before it is connected to; empty allows all. Errc::denied tries the next one.
  std::function<Result<>(const boost::asio::ip::address&, std::uint16_t)> policy;
  /// TLS with this trust, null for cleartext; what ALPN offers.
  std::shared_ptr<const TlsClientContext> tls;
  Alpn alpn = Alpn::http_1_1;
  std::chrono::milliseconds timeout{600'000};  ///< for all of it
};

/// Looks the name up, connects to the first address that the policy allows and that answers, and does the TLS
/// handshake. Fails with dns, dns_not_found, usage, denied, connection_refused, connection,
/// connection_timeout, tls_certificate, tls_handshake, no_capacity, cancelled.
[[nodiscard]] boost::asio::awaitable<Result<std::unique_ptr<Transport>>> connect(boost::asio::io_context& io,
                                                                                 TimerWheel& wheel,
                                                                                 DnsPool& dns,
                                                                                 ConnectTarget target);

}  // namespace wisp::net
