#include "cli/serve_options.hpp"

#include "cli/help.hpp"
#include "cli/units.hpp"
#include "cli/world.hpp"

#include <sched.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <thread>

namespace wisp::cli {
namespace {

using Milliseconds = std::chrono::milliseconds;

/// Core instances of a component of the usual kind: the program and two that tools put around it, or the
/// adapter's.
constexpr std::uint32_t kInstancesPerTree = 6;

Result<std::uint64_t> read_size(std::string_view option, const std::string& text) {
  auto size = parse_size(text);
  if (!size) return std::unexpected(std::move(size).error().in(option));
  return size;
}

}  // namespace

std::uint32_t usable_cores() {
  cpu_set_t cores;
  if (::sched_getaffinity(0, sizeof cores, &cores) == 0)
    return static_cast<std::uint32_t>(std::max(CPU_COUNT(&cores), 1));
  return std::max(std::thread::hardware_concurrency(), 1U);
}

ServeSettings::ServeSettings() : shards(usable_cores()) {
  const net::http::ServerLimits limits;
  const auto count = [](Milliseconds time) { return static_cast<std::uint64_t>(time.count()); };
  max_head = spell_size(limits.head_bytes);
  head_timeout_ms = count(limits.head_timeout);
  idle_timeout_ms = count(limits.idle_timeout);
  body_timeout_ms = count(limits.body_timeout);
  write_timeout_ms = count(limits.write_timeout);
}

void ServeSettings::declare(CLI::App& app) {
  const auto milliseconds = [&](std::string name, std::uint64_t& value, std::uint64_t least,
                                std::string text) {
    add_milliseconds(app, std::move(name), value, least, std::move(text))->group("Time limits");
  };
  const auto count = [&](std::string name, std::uint32_t& value, std::uint32_t least, std::string text,
                         const char* group) {
    add_number(app, std::move(name), value, least, std::move(text))->type_name("N")->group(group);
  };
  const auto size = [&](std::string name, std::string& value, std::string text) {
    app.add_option(std::move(name), value, std::move(text))
        ->type_name("SIZE")
        ->default_str(value)
        ->group("HTTP limits");
  };

  app.add_option("--addr", address, "numeric address and port to listen on; port 0 picks one")
      ->type_name("HOST:PORT")
      ->default_str(address)
      ->group("Server");
  auto* certificate = app.add_option("--tls-cert", tls_certificate,
                                     "PEM file with the certificate chain; serves https (default: none)")
                          ->type_name("FILE")
                          ->group("Server");
  auto* key = app.add_option("--tls-key", tls_key, "PEM file with the private key (default: none)")
                  ->type_name("FILE")
                  ->group("Server");
  // An empty name, of a variable that is not set, must not turn encryption off.
  for (auto* option : {certificate, key})
    option->check([](const std::string& path) { return path.empty() ? "an empty file name" : ""; }, "");
  certificate->needs(key);
  key->needs(certificate);
  add_number(app, "--shards", shards, 1U,
             "threads, each with its own share of connections and instances; a core each")
      ->type_name("N")
      ->group("Server");
  add_milliseconds(
      app, "--drain-timeout", drain_ms, 0,
      "how long requests in flight may take to finish after SIGTERM or Ctrl-C; a second signal ends at once")
      ->group("Server");

  constexpr auto* kInstances = "Instances";
  const auto by_version = [&](const char* name, std::optional<std::uint32_t>& value, std::uint32_t least,
                              const char* text, const std::string& otherwise) {
    app.add_option(name, value, text)
        ->type_name("N")
        ->default_str(otherwise)
        ->check(CLI::Validator(
            [least](std::string& typed) {
              return check_number(typed, least, std::numeric_limits<std::uint32_t>::max());
            },
            ""))
        ->group(kInstances);
  };
  by_version("--max-invocations", max_invocations, 0,
             "requests that one instance serves before it is replaced. 0: no limit",
             fmt::format("1 for wasi:http 0.2, {} for 0.3", kWarmInvocations));
  by_version("--max-concurrency", max_concurrency, 1,
             "requests that one instance serves at a time (wasi:http 0.3; with 0.2 it is one)",
             std::to_string(kWarmConcurrency));
  count("--pool-size", pool_size, 0,
        "instances that may serve more than one request, of each shard; those beyond serve one", kInstances);
  count("--max-instances", max_instances, 1,
        "instances alive at once, of each shard; requests beyond wait, see --queue-timeout", kInstances);

  milliseconds(
      "--request-timeout", request_timeout_ms, 0,
      "from the head of a request to the end of its response; then 504, or the response is cut off. 0: none");
  app.add_option("--queue-timeout", queue_timeout_ms,
                 "how long a request waits while all instances are taken; then 503. 0: not at all")
      ->type_name("MS")
      ->default_str("0 for wasi:http 0.2, the request's own time for 0.3")
      ->check(CLI::Validator([](std::string& typed) { return check_number(typed, 0, kMaxMilliseconds); }, ""))
      ->group("Time limits");
  milliseconds("--cancel-timeout", cancel_timeout_ms, 0,
               "for a request of wasi:http 0.3 to end once it is cancelled; then its instance is retired");
  milliseconds("--head-timeout", head_timeout_ms, 1, "to receive the head of a request; then 408");
  milliseconds("--body-timeout", body_timeout_ms, 1, "silence in the middle of a request body");
  milliseconds("--write-timeout", write_timeout_ms, 1, "a client that takes nothing of its response");
  milliseconds("--idle-timeout", idle_timeout_ms, 1, "a connection without a request");

  constexpr auto* kHttp = "HTTP limits";
  count("--max-connections", max_connections, 1, "connections of each shard; more are closed at once", kHttp);
  count("--max-requests-per-connection", max_requests, 0, "then it is closed in good order. 0: no limit",
        kHttp);
  count("--max-streams", max_streams, 1, "concurrent requests of an HTTP/2 connection", kHttp);
  size("--max-head", max_head, "request line and header fields together; more is answered 431");
  count("--max-fields", max_fields, 1, "header fields of a request; more is answered 431", kHttp);
  size("--max-body", max_body, "request body; more is answered 413. 0: no limit");
}

Result<wasi::http::ServeOptions> ServeSettings::read() const {
  wasi::http::ServeOptions options;
  const auto where = TRY(parse_address(address));
  options.host = where.host;
  options.port = where.port;
  if (!tls_certificate.empty()) options.tls = TRY(net::TlsServerContext::load(tls_certificate, tls_key));
  options.shards = shards;
  options.request_timeout = Milliseconds(request_timeout_ms);
  options.cancel_grace = Milliseconds(cancel_timeout_ms);
  auto& http = options.http;
  http.connections = max_connections;
  http.requests_per_connection = max_requests;
  http.h2_streams = max_streams;
  http.head_bytes = TRY(read_size("--max-head", max_head));
  http.target_bytes = std::min(http.target_bytes, http.head_bytes);
  http.head_fields = max_fields;
  http.body_bytes = TRY(read_size("--max-body", max_body));
  http.head_timeout = Milliseconds(head_timeout_ms);
  http.idle_timeout = Milliseconds(idle_timeout_ms);
  http.body_timeout = Milliseconds(body_timeout_ms);
  http.write_timeout = Milliseconds(write_timeout_ms);
  return options;
}

wasi::http::InstanceQueue::Limits ServeSettings::queue(const wasi::http::HandlerFace& face) const {
  // The request's own time ends it before that.
  constexpr Milliseconds kAsLongAsItTakes{kMaxMilliseconds};
  const auto otherwise = face.lift().type->async ? kAsLongAsItTakes : Milliseconds(0);
  return {.patience = queue_timeout_ms ? Milliseconds(*queue_timeout_ms) : otherwise};
}

component::PoolLimits ServeSettings::pool(const wasi::http::HandlerFace& face) const {
  component::PoolLimits pool{.pool_size = pool_size, .max_live = max_instances};
  const bool concurrent = face.lift().type->async;
  pool.max_invocations = max_invocations.value_or(concurrent ? kWarmInvocations : 1);
  pool.max_concurrency = concurrent ? max_concurrency.value_or(kWarmConcurrency) : 1;
  return pool;
}

engine::EngineOptions ServeSettings::engine() const {
  engine::EngineOptions options;
  const auto trees = std::uint64_t{shards} * max_instances;
  const auto at_most = [&](std::uint32_t most, std::uint32_t each) {
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(trees * each, 100, most));
  };
  options.max_instances = at_most(options.max_instances, kInstancesPerTree);
  options.max_memories = at_most(options.max_memories, 2);
  options.max_tables = at_most(options.max_tables, kInstancesPerTree);
  return options;
}

}  // namespace wisp::cli
