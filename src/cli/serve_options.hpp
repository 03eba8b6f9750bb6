#pragma once

#include "base/result.hpp"
#include "cli/address.hpp"
#include "cli/grants.hpp"
#include "net/http/server.hpp"
#include "wasi/http/service.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace wisp::cli {

/// Where and how `wisp serve` serves, as typed.
struct ServeSettings {
  std::string address = "127.0.0.1:8000";
  std::string tls_certificate, tls_key;
  std::uint32_t shards;  ///< default: the cores this process may use
  std::uint64_t drain_ms = 30'000;

  std::optional<std::uint32_t> max_invocations, max_concurrency;  ///< none: by the version of wasi:http
  std::uint32_t max_instances = component::PoolLimits{}.max_live;
  std::uint32_t pool_size = component::PoolLimits{}.pool_size;
  std::uint64_t request_timeout_ms = 300'000;
  std::optional<std::uint64_t> queue_timeout_ms;  ///< none: by the version of wasi:http
  std::uint64_t cancel_timeout_ms = 5'000;

  std::uint32_t max_connections = net::http::ServerLimits{}.connections;
  std::uint32_t max_streams = net::http::ServerLimits{}.h2_streams;
  std::uint32_t max_requests = net::http::ServerLimits{}.requests_per_connection;
  std::string max_head;
  std::uint32_t max_fields = static_cast<std::uint32_t>(net::http::ServerLimits{}.head_fields);
  std::string max_body = "0";
  std::uint64_t head_timeout_ms, idle_timeout_ms, body_timeout_ms, write_timeout_ms;

  ServeSettings();
  void declare(CLI::App& app);

  /// What the service is told; contexts, logs, pools and what guests may send are the caller's. Errc::usage,
  /// tls_config.
  [[nodiscard]] Result<wasi::http::ServeOptions> read() const;

  /// How long requests wait for an instance of the component.
  [[nodiscard]] wasi::http::InstanceQueue::Limits queue(const wasi::http::HandlerFace& face) const;
  /// How instances of the component are used again.
  [[nodiscard]] component::PoolLimits pool(const wasi::http::HandlerFace& face) const;

  /// Pools that hold what these settings let live at once, for an instance of about so many core instances.
  [[nodiscard]] engine::EngineOptions engine() const;
};

/// Cores that this process may use: what its affinity allows.
[[nodiscard]] std::uint32_t usable_cores();

}  // namespace wisp::cli
