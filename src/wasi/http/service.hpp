#pragma once

#include "base/result.hpp"
#include "component/instance/pool.hpp"
#include "net/http/server.hpp"
#include "wasi/http/handler.hpp"
#include "wasi/http/outgoing.hpp"
#include "wasi/http/routes.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// Serving a component that exports wasi:http/incoming-handler: what `wisp serve` runs.
namespace wisp::wasi::http {

/// What one shard offers to the trees on it, for whoever makes their contexts. Lives as long as the service;
/// touched on the shard's thread.
struct ShardServices {
  component::Shard& shard;
  unsigned index;                      ///< of the shard, from 0
  std::shared_ptr<Outgoing> outgoing;  ///< wasi:http/outgoing-handler for the trees of this shard
  std::shared_ptr<Routes> routes;      ///< what the tree sends goes by these first
};

struct ServeOptions {
  std::string host = "127.0.0.1";                    ///< address to listen on, numeric
  std::uint16_t port = 0;                            ///< 0: the kernel picks one, see HttpService::port()
  std::shared_ptr<const net::TlsServerContext> tls;  ///< null: cleartext
  unsigned shards = 0;                               ///< threads; 0: one a core
  net::http::ServerLimits http;  ///< of each shard; handler_timeout is request_timeout below
  /// From the head of a request to the end of its response; then the guest is cancelled and the client gets
  /// 504, or an aborted response if it had begun. 0: none.
  std::chrono::milliseconds request_timeout{0};
  /// How long a request of an async export may take to end once it is cancelled; then its instance is
  /// retired.
  std::chrono::milliseconds cancel_grace{5'000};
  InstanceQueue::Limits queue;  ///< of each shard: requests that wait for an instance
  component::TreeLimits tree;   ///< of each instance: memory, handles, CPU budget
  component::PoolLimits pool;   ///< of each shard: invocations of one instance, idle and live instances
  std::chrono::milliseconds idle_instances{10'000};  ///< an idle instance is discarded after that
  engine::FiberOptions fibers;
  OutgoingOptions outgoing;  ///< policy and limits of requests that the component sends
  RouteTable routes;         ///< authorities that other components answer for

  /// Makes what an instance's WASI functions need; called on the shard for each new instance, so let it share
  /// what it can.
  std::function<Result<std::shared_ptr<component::HostContext>>(const ShardServices&)> make_context;
  /// Called on the shard's thread after each response, by several shards at once; may be empty.
  std::function<void(const net::http::AccessRecord&)> access_log;
  /// Called on the shard's thread when a request went wrong: what the guest did or the host could not; may be
  /// empty.
  std::function<void(const net::http::RequestHead&, const Error&)> on_failure;
};

/// Counters of a service, all shards together.
struct ServiceStats {
  std::uint64_t requests = 0;
  std::uint64_t trees_made = 0;
  std::uint32_t connections = 0;  ///< open now
  std::uint32_t in_flight = 0;    ///< requests now
  std::uint32_t live_trees = 0;   ///< now, idle ones included
  std::uint32_t idle_trees = 0;   ///< now
  std::uint32_t queued = 0;       ///< requests that wait for a tree now
  /// Calls that are paused now, because they wait in a way of WASI 0.2 or for their turn: each keeps its tree
  /// from others. And how long calls have been, together; those of routes included.
  std::uint32_t paused = 0;
  std::chrono::nanoseconds paused_time{};
};

/// One component behind one address, on all shards. Owned by main(); its functions may be called from any
/// thread but those of its shards.
///
///     auto face = TRY(p2::http_handler(linked));
///     auto service = TRY(HttpService::start(engine, face, std::move(options)));
///     fmt::print(stderr, "Serving HTTP on http://{}:{}\n", host, service->port());
///     ... wait for SIGTERM ...
///     service->drain(30s);
class HttpService {
 public:
  /// Listens and starts the shards' threads; requests are served when it returns. `face` says how the
  /// component is called (p2::http_handler). Errc::listen.
  [[nodiscard]] static Result<std::unique_ptr<HttpService>> start(std::shared_ptr<engine::Engine> engine,
                                                                  std::shared_ptr<const HandlerFace> face,
                                                                  ServeOptions options);
  /// Cancels what still runs, waits for the shards' threads.
  ~HttpService();
  HttpService(const HttpService&) = delete;
  HttpService& operator=(const HttpService&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;

  /// Stops accepting, lets requests in flight finish, cancels those that are left after `patience`; returns
  /// when all shards are done. Once.
  void drain(std::chrono::milliseconds patience);

  /// Asks the shards; waits for their answers.
  [[nodiscard]] ServiceStats stats() const;

 private:
  class Worker;
  HttpService();
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace wisp::wasi::http
