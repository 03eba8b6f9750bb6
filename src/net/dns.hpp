#pragma once

#include "base/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace wisp::net {

/// getaddrinfo on a few threads of its own: the system's resolver and its configuration, without blocking a
/// shard.
///
/// Shared by all shards (thread-safe); the destructor waits for lookups that are running.
class DnsPool {
 public:
  /// `max_waiting` bounds lookups queued; more fail with Errc::no_capacity.
  explicit DnsPool(std::size_t threads = 2, std::size_t max_waiting = 1024);
  ~DnsPool();
  DnsPool(const DnsPool&) = delete;
  DnsPool& operator=(const DnsPool&) = delete;

  /// The addresses of `host` in the system's order, at least one. A numeric address (IPv6 without brackets)
  /// is answered at once. Fails with Errc::dns (temporary), Errc::dns_not_found, Errc::usage (not a name).
  /// Completes on the caller's executor; a cancelled caller goes on at once and the answer is dropped.
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<boost::asio::ip::address>>> resolve(
      std::string host);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace wisp::net
