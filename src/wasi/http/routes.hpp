#pragma once

#include "wasi/http/local_handler.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace wisp::wasi::http {

/// A component that answers what guests send to an authority (`--route`).
struct Route {
  std::string host;                   ///< in lower case; IPv6 without brackets
  std::optional<std::uint16_t> port;  ///< none: every port
  std::string name;                   ///< for messages: the file
  std::shared_ptr<const HandlerFace> face;
  component::PoolLimits pool;   ///< of each shard, and of each level
  InstanceQueue::Limits queue;  ///< likewise
};

/// All routes of a service. Immutable, shared by its shards.
using RouteTable = std::vector<Route>;

/// The routes as one shard's guests use them, with the instances that answer. Those send requests in turn, by
/// the routes of the next level, which has instances of its own: so a circle ends after kLevels.
///
/// Owned by the shard's owner and the contexts of its trees; lives on the shard.
class Routes final : public std::enable_shared_from_this<Routes> {
 public:
  static constexpr unsigned kLevels = 8;

  /// Makes the context of an instance that answers; what it sends goes by `next`.
  using MakeContext =
      std::function<Result<std::shared_ptr<component::HostContext>>(const std::shared_ptr<Routes>& next)>;

  struct Options {
    component::TreeLimits trees;  ///< of each instance
    MakeContext make_context;
    std::function<void(const net::http::RequestHead&, const Error&)> on_failure;
  };

  Routes(component::Shard& shard, std::shared_ptr<const RouteTable> table, Options options,
         unsigned level = 0);

  /// The route for the request's authority; null if there is none. One that names the port goes first.
  [[nodiscard]] const Route* find(const OutgoingRequest& request) const;

  /// Who answers there; null where routes have led on too far.
  [[nodiscard]] std::shared_ptr<LocalHandler> handler(const Route& route);

  /// Discards instances that have been idle since before `time`.
  void trim(std::chrono::steady_clock::time_point time);

 private:
  component::Shard& shard_;
  std::shared_ptr<const RouteTable> table_;
  Options options_;
  unsigned level_;
  std::vector<std::shared_ptr<LocalHandler>> handlers_;  // by route; null until somebody asks
  std::shared_ptr<Routes> next_;                         // null until somebody asks
};

}  // namespace wisp::wasi::http
