#include "wasi/http/service.hpp"

#include "component/link/late_drops.hpp"
#include "net/loop.hpp"
#include "wasi/http/local_call.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <future>
#include <thread>

namespace wisp::wasi::http {

namespace asio = boost::asio;

namespace {

std::shared_ptr<Routes> make_routes(component::Shard& shard, const std::shared_ptr<Outgoing>& outgoing,
                                    unsigned index, const ServeOptions& options) {
  if (options.routes.empty()) return nullptr;
  Routes::Options with{.trees = options.tree, .make_context = nullptr, .on_failure = options.on_failure};
  if (options.make_context) {
    with.make_context = [&shard, outgoing, index,
                         make = options.make_context](const std::shared_ptr<Routes>& next) {
      return make({.shard = shard, .index = index, .outgoing = outgoing, .routes = next});
    };
  }
  return std::make_shared<Routes>(shard, std::make_shared<const RouteTable>(options.routes), std::move(with));
}

/// What one shard consists of. Made before its thread runs, destroyed by it: fibers do not change threads.
class ServingShard {
 public:
  ServingShard(std::shared_ptr<engine::Engine> engine, const std::shared_ptr<const HandlerFace>& face,
               unsigned index, const ServeOptions& options)
      : shard_(std::move(engine), options.fibers),
        outgoing_(std::make_shared<Outgoing>(shard_.loop(), options.outgoing)),
        routes_(make_routes(shard_, outgoing_, index, options)),
        services_{.shard = shard_, .index = index, .outgoing = outgoing_, .routes = routes_},
        pool_(face->linked(), options.tree, options.pool,
              [this, make = options.make_context]() -> Result<std::shared_ptr<component::HostContext>> {
                if (!make) return nullptr;
                return make(services_);
              }),
        handler_(shard_, face, pool_,
                 {.on_failure = options.on_failure,
                  .afterwards = options.request_timeout,
                  .grace = options.cancel_grace,
                  .queue = options.queue}),
        idle_instances_(options.idle_instances),
        trim_timer_(shard_.loop()) {
    shard_.tells_when_it_sleeps();
  }

  Result<std::uint16_t> listen(net::http::ServerOptions options) {
    server_ = TRY(net::http::Server::listen(
        shard_.loop(), std::move(options),
        [this](net::http::Exchange& exchange) { return handler_.handle(exchange); }));
    return server_->port();
  }

  /// Until drain() is done.
  void run() {
    asio::co_spawn(shard_.loop(), trim(), asio::detached);
    const auto work = asio::make_work_guard(shard_.loop());
    net::run_serving(shard_.loop(), [this] { shard_.sleeps(); });
  }

  [[nodiscard]] asio::io_context& loop() noexcept { return shard_.loop(); }

  void count(ServiceStats& stats) const {
    stats.requests += server_->stats().requests;
    stats.connections += server_->stats().open;
    stats.in_flight += handler_.at_work();
    stats.trees_made += pool_.made();
    stats.live_trees += pool_.live();
    stats.idle_trees += pool_.idle();
    stats.queued += handler_.queued();
    stats.paused += shard_.paused();
    stats.paused_time += shard_.paused_time();
  }

  /// Ends all work within `patience`, then the loop.
  asio::awaitable<void> drain(std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    co_await server_->drain(patience);
    outgoing_->shut_down();
    // Guests that work on after their response get what is left of the time.
    asio::steady_timer timer(shard_.loop(), until);
    timer.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      const Error reason(Errc::cancelled, "the server shuts down");
      handler_.cancel_all(reason);
      kill_local_calls(shard_.loop(), reason);
    });
    co_await handler_.idle();
    // Those that their callers have left behind.
    const Error reason(Errc::cancelled, "the server shuts down");
    kill_local_calls(shard_.loop(), reason);
    component::end_lingering(shard_, reason);
    timer.cancel();
    trim_timer_.cancel();
    pool_.trim(std::chrono::steady_clock::time_point::max());
    // Requests that the guests sent end with them, in a few turns of the loop; so do destructors of what they
    // held.
    asio::steady_timer turn(shard_.loop());
    const auto busy = [this] {
      return outgoing_->in_flight() != 0 || component::pending_drops(shard_) != 0 ||
             local_calls(shard_.loop()) != 0;
    };
    for (int turns = 0; busy() && turns < 1000; ++turns) {
      turn.expires_after(std::chrono::milliseconds(1));
      co_await turn.async_wait(asio::use_awaitable);
    }
    // Later: what this coroutine holds ends before the loop does.
    asio::post(shard_.loop(), [this] { shard_.loop().stop(); });
  }

 private:
  /// Discards instances that nobody has asked for.
  asio::awaitable<void> trim() {
    for (;;) {
      trim_timer_.expires_after(std::chrono::seconds(1));
      boost::system::error_code error;
      co_await trim_timer_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      const auto since = std::chrono::steady_clock::now() - idle_instances_;
      if (pool_.idle() != 0) pool_.trim(since);
      if (routes_) routes_->trim(since);
    }
  }

  component::Shard shard_;
  std::shared_ptr<Outgoing> outgoing_;
  std::shared_ptr<Routes> routes_;  // null: none
  ShardServices services_;
  component::TreePool pool_;
  HttpHandler handler_;
  std::unique_ptr<net::http::Server> server_;
  std::chrono::milliseconds idle_instances_;
  asio::steady_timer trim_timer_;
};

}  // namespace

/// A shard's thread, seen from outside.
class HttpService::Worker {
 public:
  Worker(std::shared_ptr<engine::Engine> engine, const std::shared_ptr<const HandlerFace>& face,
         unsigned index, const ServeOptions& options)
      : shard_(std::make_unique<ServingShard>(std::move(engine), face, index, options)) {}
  ~Worker() {
    finish(std::chrono::milliseconds(0));
    join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  Result<> listen(net::http::ServerOptions options) {
    port_ = TRY(shard_->listen(std::move(options)));
    return {};
  }

  void run() {
    thread_ = std::thread([this] {
      shard_->run();
      shard_->count(last_);
      shard_.reset();
    });
  }

  /// Ends the shard's work within `patience`, and its thread.
  void finish(std::chrono::milliseconds patience) {
    if (!thread_.joinable()) return;
    asio::post(shard_->loop(), [shard = shard_.get(), patience] {
      asio::co_spawn(shard->loop(), shard->drain(patience), asio::detached);
    });
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  void add_to(ServiceStats& stats) const {
    if (!thread_.joinable()) {
      stats.requests += last_.requests;
      stats.trees_made += last_.trees_made;
      stats.live_trees += last_.live_trees;
      stats.in_flight += last_.in_flight;
      stats.paused_time += last_.paused_time;
      return;
    }
    std::promise<void> counted;
    auto done = counted.get_future();
    asio::post(shard_->loop(), [&] {
      shard_->count(stats);
      counted.set_value();
    });
    done.wait();
  }

 private:
  std::unique_ptr<ServingShard> shard_;  // reset by the thread when it ends
  std::uint16_t port_ = 0;
  ServiceStats last_;  // of a thread that has ended
  std::thread thread_;
};

HttpService::HttpService() = default;

Result<std::unique_ptr<HttpService>> HttpService::start(std::shared_ptr<engine::Engine> engine,
                                                        std::shared_ptr<const HandlerFace> face,
                                                        ServeOptions options) {
  const unsigned shards =
      options.shards != 0 ? options.shards : std::max(1U, std::thread::hardware_concurrency());
  net::http::ServerOptions server{.host = options.host,
                                  .port = options.port,
                                  .limits = options.http,
                                  .tls = options.tls,
                                  .access_log = options.access_log};
  server.limits.handler_timeout = options.request_timeout;
  auto service = std::unique_ptr<HttpService>(new HttpService);
  for (unsigned index = 0; index < shards; ++index) {
    auto worker = std::make_unique<Worker>(engine, face, index, options);
    TRY(worker->listen(server));
    server.port = worker->port();
    server.port_use = net::http::PortUse::join;
    service->workers_.push_back(std::move(worker));
  }
  for (auto& worker : service->workers_) worker->run();
  return service;
}

HttpService::~HttpService() = default;

std::uint16_t HttpService::port() const noexcept { return workers_.front()->port(); }

void HttpService::drain(std::chrono::milliseconds patience) {
  for (auto& worker : workers_) worker->finish(patience);
  for (auto& worker : workers_) worker->join();
}

ServiceStats HttpService::stats() const {
  ServiceStats out;
  for (const auto& worker : workers_) worker->add_to(out);
  return out;
}

}  // namespace wisp::wasi::http
