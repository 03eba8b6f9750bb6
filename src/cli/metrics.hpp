#pragma once

#include "cli/address.hpp"
#include "wasi/http/service.hpp"

#include <functional>
#include <memory>
#include <string>

/// What a running server tells about itself.
namespace wisp::cli {

/// The counters in Prometheus' text format (version 0.0.4).
[[nodiscard]] std::string metrics_text(const wasi::http::ServiceStats& stats);

/// Answers GET /metrics, and GET /healthz with "ok", on an address and a thread of its own until destroyed.
class MetricsServer {
 public:
  /// `stats` is called on that thread. Errc::listen.
  [[nodiscard]] static Result<std::unique_ptr<MetricsServer>> start(
      const ListenAddress& where, std::function<wasi::http::ServiceStats()> stats);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;

 private:
  class Impl;
  explicit MetricsServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace wisp::cli
