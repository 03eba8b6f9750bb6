#include "cli/access_log.hpp"
#include "cli/command.hpp"
#include "cli/end_signals.hpp"
#include "cli/failure.hpp"
#include "cli/failure_log.hpp"
#include "cli/grants.hpp"
#include "cli/help.hpp"
#include "cli/inspection.hpp"
#include "cli/json.hpp"
#include "cli/loader.hpp"
#include "cli/metrics.hpp"
#include "cli/progress.hpp"
#include "cli/serve_options.hpp"
#include "cli/text.hpp"
#include "cli/world.hpp"

#include <boost/json/object.hpp>

#include <filesystem>

namespace wisp::cli {
namespace {

/// The service with what it needs until it is gone.
struct Serving {
  std::unique_ptr<FailureLog> failures;
  std::shared_ptr<engine::Engine> engine;
  World world;
  std::shared_ptr<wasi::Setup> setup;  // not changed while instances live
  std::optional<AccessLog> log;
  std::unique_ptr<wasi::http::HttpService> service;
};

class ServeCommand final : public Command {
 public:
  std::string_view name() const override { return "serve"; }
  std::string_view summary() const override { return "serves a component that answers HTTP"; }
  std::string_view usage() const override { return "[options] FILE"; }

  void declare(CLI::App& app) override {
    app.add_option("FILE", file_, "a component that exports wasi:http/handler 0.3 or incoming-handler 0.2")
        ->required();
    settings_.declare(app);
    app.add_flag("--access-log{-}", access_log_,
                 "write a line for each response to stdout, or append it to FILE (default: none)")
        ->type_name("FILE")
        ->group("Server");
    app.add_option("--metrics-addr", metrics_address_,
                   "where to answer /metrics (Prometheus) and /healthz; port 0 picks one (default: nowhere)")
        ->type_name("HOST:PORT")
        ->group("Server");
    grants_.declare(app);
    companions_.declare(app);
    limits_.declare(app);
    loading_.declare_with_precompiled(app);
    app.footer(
        "The first line on stderr is \"Serving HTTP on http://HOST:PORT\". SIGTERM or Ctrl-C stops "
        "accepting, finishes "
        "what is in flight, then exits with 0.");
  }

  Result<int> execute(Console& console) override {
    EndSignals signals;
    Serving it;
    auto options = TRY(settings_.read());
    const std::string host = options.host;
    std::optional<ListenAddress> metrics_at;
    if (!metrics_address_.empty()) metrics_at = TRY(parse_address(metrics_address_));
    options.tree = TRY(limits_.read());
    it.setup = std::make_shared<wasi::Setup>(TRY(make_setup(grants_)));
    it.setup->arguments = {std::filesystem::path(file_).filename().string()};
    it.setup->output.make = wasi::inherit_stdout();
    it.setup->errors.make = wasi::inherit_stderr();
    it.setup->files = std::make_shared<wasi::BlockingPool>();
    if (!access_log_.empty()) it.log.emplace(TRY(AccessLog::open(access_log_, console.format)));

    it.failures = std::make_unique<FailureLog>([&console](const Error& error) { report(error, console); });
    it.engine = TRY(engine::Engine::create(settings_.engine()));
    it.world = TRY(load(it, console));
    auto face = http_face(it.world.linked);
    if (!face) return std::unexpected(about(file_, face.error()));
    options.pool = settings_.pool(**face);
    options.routes = it.world.routes;
    for (auto& route : options.routes) {
      route.pool = settings_.pool(*route.face);
      route.queue = settings_.queue(*route.face);
    }
    options.queue = settings_.queue(**face);
    options.outgoing = TRY(make_outgoing(*it.setup));
    connect(options, it);
    it.service = TRY(wasi::http::HttpService::start(it.engine, *std::move(face), std::move(options)));

    std::unique_ptr<MetricsServer> metrics;
    if (metrics_at)
      metrics = TRY(MetricsServer::start(*metrics_at, [&service = *it.service] { return service.stats(); }));

    signals.begin();
    announce(url_host(host), *it.service, it.world, console);
    if (metrics) {
      console.err.write(
          fmt::format("Metrics at http://{}:{}/metrics\n", url_host(metrics_at->host), metrics->port()));
    }
    signals.wait();
    signals.let_through();
    metrics.reset();
    it.service->drain(std::chrono::milliseconds(settings_.drain_ms));
    // Calls on files that outlived their guests report to the shards' loops: they end first.
    it.setup->files.reset();
    it.service.reset();
    return 0;
  }

 private:
  Result<World> load(const Serving& it, const Console& console) const {
    const auto loader = TRY(Loader::make(it.engine, loading_, console));
    const Progress progress(console, "loading " + file_);
    return make_world(loader, file_, companions_, grants_.unstable,
                      [&log = *it.failures](const Error& error) { log.add(error); });
  }

  static void connect(wasi::http::ServeOptions& options, Serving& it) {
    options.make_context =
        [setup = std::shared_ptr<const wasi::Setup>(it.setup)](
            const wasi::http::ShardServices& services) -> Result<std::shared_ptr<component::HostContext>> {
      auto context = std::make_shared<wasi::Context>(setup, services.shard.loop());
      context->set_outgoing(services.outgoing);
      context->set_routes(services.routes);
      return context;
    };
    if (it.log)
      options.access_log = [&log = *it.log](const net::http::AccessRecord& record) { log.write(record); };
    options.on_failure = [&log = *it.failures](const net::http::RequestHead& head, const Error& error) {
      // A client that left, or a server that shuts down, is nobody's failure.
      if (error.code() == Errc::cancelled) return;
      log.add(Error(error).in(fmt::format("{} {}", head.method, head.path_with_query)));
    };
  }

  void announce(const std::string& host, const wasi::http::HttpService& service, const World& world,
                const Console& console) const {
    const auto url =
        fmt::format("{}://{}:{}", settings_.tls_certificate.empty() ? "http" : "https", host, service.port());
    console.err.write(fmt::format("Serving HTTP on {}\n", console.err.paint(Style::strong, url)));
    if (!console.err.is_terminal()) return;
    const auto facts = summarize(inspect(file_, *world.component, *world.host));
    console.err.write(fmt::format("{}\n  try: curl {}{}/        stop: Ctrl-C\n",
                                  console.err.paint(Style::dim, fmt::format("wisp " WISP_VERSION " · {} ({})",
                                                                            printable(file_), facts)),
                                  settings_.tls_certificate.empty() ? "" : "-k ", url));
  }

  std::string file_, access_log_, metrics_address_;
  ServeSettings settings_;
  Grants grants_;
  Companions companions_;
  LimitOptions limits_{.memory = "256MiB", .cpu_budget_ms = 10'000};
  LoadOptions loading_;
};

}  // namespace

std::unique_ptr<Command> make_serve_command() { return std::make_unique<ServeCommand>(); }

}  // namespace wisp::cli
