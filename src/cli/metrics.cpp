#include "cli/metrics.hpp"

#include "net/http/server.hpp"

#include <fmt/format.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <thread>

namespace wisp::cli {

namespace http = net::http;

std::string metrics_text(const wasi::http::ServiceStats& stats) {
  std::string out;
  const auto metric = [&](const char* name, const char* type, const char* help, const auto& value) {
    fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, type,
                   value);
  };
  metric("wisp_requests_total", "counter", "Requests that reached a handler.", stats.requests);
  metric("wisp_requests_in_flight", "gauge", "Requests at work now.", stats.in_flight);
  metric("wisp_requests_queued", "gauge", "Requests that wait for an instance now.", stats.queued);
  metric("wisp_connections", "gauge", "Client connections open now.", stats.connections);
  metric("wisp_instances_made_total", "counter", "Instances made.", stats.trees_made);
  metric("wisp_instances", "gauge", "Instances alive now, idle ones included.", stats.live_trees);
  metric("wisp_instances_idle", "gauge", "Instances that wait for a request now.", stats.idle_trees);
  metric("wisp_instances_paused", "gauge",
         "Instances that a call holds now while it waits in a way of WASI 0.2, or for its turn.",
         stats.paused);
  metric("wisp_instance_paused_seconds_total", "counter", "How long instances have been paused, together.",
         fmt::format("{:.3f}", std::chrono::duration<double>(stats.paused_time).count()));
  return out;
}

class MetricsServer::Impl {
 public:
  explicit Impl(std::function<wasi::http::ServiceStats()> stats) : stats_(std::move(stats)) {}
  ~Impl() {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<> start(const ListenAddress& where) {
    http::ServerOptions options{.host = where.host, .port = where.port};
    options.limits.connections = 64;
    server_ = TRY(http::Server::listen(loop_, std::move(options),
                                       [this](http::Exchange& exchange) { return answer(exchange); }));
    thread_ = std::thread([this] {
      const auto work = boost::asio::make_work_guard(loop_);
      loop_.run();
    });
    return {};
  }
  [[nodiscard]] std::uint16_t port() const noexcept { return server_->port(); }

 private:
  boost::asio::awaitable<void> answer(http::Exchange& exchange) {
    const std::string_view path = exchange.head().path_with_query;
    const bool reads = exchange.head().method == "GET" || exchange.head().method == "HEAD";
    http::ResponseHead head;
    std::string body;
    if (!reads) {
      head.status = 405;
    } else if (path == "/metrics") {
      body = metrics_text(stats_());
    } else if (path == "/healthz") {
      body = "ok\n";
    } else {
      head.status = 404;
    }
    if (!head.fields.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8")) co_return;
    static_cast<void>(co_await exchange.respond(head, http::as_body(body)));
  }

  std::function<wasi::http::ServiceStats()> stats_;
  boost::asio::io_context loop_{1};
  std::unique_ptr<http::Server> server_;
  std::thread thread_;
};

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const ListenAddress& where,
                                                            std::function<wasi::http::ServiceStats()> stats) {
  auto impl = std::make_unique<Impl>(std::move(stats));
  TRY(impl->start(where));
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(impl)));
}

MetricsServer::MetricsServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MetricsServer::~MetricsServer() = default;
std::uint16_t MetricsServer::port() const noexcept { return impl_->port(); }

}  // namespace wisp::cli
