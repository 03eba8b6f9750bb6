#pragma once

#include "base/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace wisp::net {

/// getaddrinfo on a few threads of its own: the system's resolver and its configuration, without blocking a
/// shard.
///
/// Shared by all shards (thread-safe). The destructor waits for lookups that are running; loops that have
/// asked must still exist then.
class DnsPool {
 public:
  using Addresses = std::vector<boost::asio::ip::address>;

  /// `max_waiting` bounds lookups queued; more fail with Errc::no_capacity.
  explicit DnsPool(std::size_t threads = 2, std::size_t max_waiting = 1024);
  ~DnsPool();
  DnsPool(const DnsPool&) = delete;
  DnsPool& operator=(const DnsPool&) = delete;

  /// The addresses of `host` in the system's order, each once, at least one. A numeric address (IPv6 without
  /// brackets) is answered at once. Fails with Errc::dns (temporary), Errc::dns_not_found, Errc::usage (not a
  /// name), Errc::no_capacity, Errc::cancelled. Completes on the caller's executor; a cancelled caller goes
  /// on at once and the answer is dropped.
  [[nodiscard]] boost::asio::awaitable<Result<Addresses>> resolve(std::string host);

  /// The same for those who wait otherwise: `done` is called on `executor`, unless the result is there
  /// already, which is returned and `done` dropped.
  [[nodiscard]] std::optional<Result<Addresses>> start(std::string host,
                                                       const boost::asio::any_io_executor& executor,
                                                       std::function<void(Result<Addresses>)> done);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wisp::net
