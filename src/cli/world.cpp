#include "cli/world.hpp"

#include "cli/failure.hpp"
#include "cli/help.hpp"
#include "component/types/names.hpp"
#include "wasi/bridge/bridges.hpp"
#include "wasi/p2/http.hpp"
#include "wasi/p2/p2.hpp"
#include "wasi/p3/http.hpp"
#include "wasi/p3/p3.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace wisp::cli {
namespace {

using component::Component;
using component::Provider;

/// A companion until it is linked.
struct Companion {
  std::string file;
  std::shared_ptr<const Component> component;
  std::shared_ptr<const Provider> provider;  // null: not linked yet
  std::set<std::string> imports, exports;    // canonical names; exports only if others may import them
};

using Externs = std::vector<std::pair<std::string, component::ExternDesc>>;
std::set<std::string> names_of(const Externs& externs) {
  std::set<std::string> names;
  for (const auto& [name, desc] : externs) names.insert(component::canonical_name(name));
  return names;
}

bool exports_what_imports(const Companion& one, const Companion& other) {
  return std::ranges::any_of(one.imports, [&](const auto& name) { return other.exports.contains(name); });
}

/// Links companions once those they import from are; what cannot be linked stands in a circle.
class Companionship {
 public:
  Companionship(const component::HostLinker& host, const component::Bridges& bridges,
                std::uint32_t max_invocations, std::function<void(const Error&)> on_crash)
      : host_(host), bridges_(bridges), max_invocations_(max_invocations), on_crash_(std::move(on_crash)) {}

  Result<> add(const Loader& loader, const std::string& file) {
    TRY(load(loader, file));
    Companion& companion = all_.back();
    if (const auto& plan = companion.component->plan()) companion.exports = names_of(plan->exports);
    return {};
  }

  /// One whose exports nobody imports. Named by --with too, it is one component.
  Result<> add_route(const Loader& loader, const std::string& file) {
    if (std::ranges::find(all_, file, &Companion::file) != all_.end()) return {};
    return load(loader, file);
  }

  /// Those whose exports others may import. Afterwards all are linked.
  Result<std::vector<std::shared_ptr<const Provider>>> link_all() {
    std::vector<std::shared_ptr<const Provider>> providers;
    for (std::size_t linked = 0; linked < all_.size(); ++linked) {
      const auto next = std::ranges::find_if(all_, [&](const Companion& one) {
        return !one.provider && std::ranges::none_of(all_, [&](const auto& other) {
          return !other.provider && needs(one, other);
        });
      });
      if (next == all_.end()) return circle();
      TRY(link(*next));
      if (!next->exports.empty()) providers.push_back(next->provider);
    }
    return providers;
  }

  const std::shared_ptr<const component::Linked>& linked(const std::string& file) const {
    return std::ranges::find(all_, file, &Companion::file)->provider->linked;
  }

 private:
  Result<> load(const Loader& loader, const std::string& file) {
    Companion companion { .file = file, .component = TRY(loader.load(file)) };
    if (const auto& plan = companion.component->plan()) companion.imports = names_of(plan->imports);
    all_.push_back(std::move(companion));
    return {};
  }

  Result<> link(Companion& one) {
    std::vector<std::shared_ptr<const Provider>> sources;
    for (const auto& other : all_) {
      if (needs(one, other)) sources.push_back(other.provider);
    }
    auto linked = component::link(one.component, host_, sources, bridges_);
    if (!linked) return std::unexpected(about(one.file, linked.error()));
    one.provider = std::make_shared<const Provider>(Provider{.name = one.file,
                                                             .linked = *std::move(linked),
                                                             .max_invocations = max_invocations_,
                                                             .on_crash = on_crash_});
    return {};
  }

  Unexpected circle() const {
    std::vector<std::string> files;
    for (const auto& one : all_) {
      if (!one.provider) files.push_back(one.file);
    }
    return std::unexpected(
        Error(Errc::import_ambiguous, "components named by --with import from each other in a circle")
            .with("components", fmt::format("{}", fmt::join(files, ", ")))
            .with("try", "leave one of them out, or move what both need into a third"));
  }

  /// Over a bridge, too.
  bool needs(const Companion& one, const Companion& other) const {
    if (&one == &other) return false;
    return exports_what_imports(one, other) ||
           std::ranges::any_of(bridges_.interfaces,
                               [&](const component::Bridge& bridge) { return bridged(bridge, one, other); });
  }

  /// Unless somebody exports the interface itself, or each stands before the host's own version of it for
  /// others.
  bool bridged(const component::Bridge& bridge, const Companion& one, const Companion& other) const {
    if (!one.imports.contains(bridge.import_name) || !other.exports.contains(bridge.export_name))
      return false;
    if (one.exports.contains(bridge.import_name) && other.imports.contains(bridge.export_name) &&
        host_.find(bridge.import_name) != nullptr)
      return false;
    return std::ranges::none_of(all_, [&](const Companion& third) {
      return &third != &one && third.exports.contains(bridge.import_name);
    });
  }

  const component::HostLinker& host_;
  const component::Bridges& bridges_;
  std::uint32_t max_invocations_;
  std::function<void(const Error&)> on_crash_;
  std::vector<Companion> all_;
};

/// HOST[:PORT]=FILE, as typed.
struct TypedRoute {
  wasi::http::Route route;
  std::string file;
};

Result<TypedRoute> parse_route(std::string_view text) {
  const auto wrong = [&] {
    return std::unexpected(Error(Errc::usage, fmt::format("--route {}: not HOST[:PORT]=FILE", text))
                               .with("try", "--route backend.internal=backend.wasm"));
  };
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals + 1 == text.size()) return wrong();
  auto where = net::http::parse_authority(text.substr(0, equals));
  if (!where || text.substr(0, equals).ends_with(':') || where->port == 0) return wrong();
  std::ranges::transform(where->host, where->host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  const std::string file(text.substr(equals + 1));
  return TypedRoute{.route = {.host = std::move(where->host),
                              .port = where->port,
                              .name = file,
                              .face = nullptr,
                              .pool = {}},
                    .file = file};
}

Result<std::vector<TypedRoute>> parse_routes(std::span<const std::string> texts) {
  std::vector<TypedRoute> out;
  for (const auto& text : texts) {
    out.push_back(TRY(parse_route(text)));
    const auto& added = out.back().route;
    for (const auto& other : std::span(out).first(out.size() - 1)) {
      if (other.route.host == added.host && other.route.port == added.port)
        return fail(Errc::usage, "--route names {} twice", text.substr(0, text.find('=')));
    }
  }
  return out;
}

}  // namespace

Result<std::shared_ptr<const wasi::http::HandlerFace>> http_face(
    std::shared_ptr<const component::Linked> linked) {
  auto face = wasi::p3::http_handler(linked);
  if (!face && face.error().code() == Errc::export_missing) return wasi::p2::http_handler(std::move(linked));
  return face;
}

component::PoolLimits pool_for(const wasi::http::HandlerFace& face) {
  component::PoolLimits pool;
  if (!face.lift().type->async) return pool;
  pool.max_invocations = kWarmInvocations;
  pool.max_concurrency = kWarmConcurrency;
  return pool;
}

Result<std::unique_ptr<component::HostLinker>> make_host(std::span<const std::string> unstable) {
  auto host = std::make_unique<component::HostLinker>();
  const auto on = TRY(parse_unstable(unstable));
  wasi::p2::add_to(*host, on.items);
  wasi::p2::add_http_to(*host, on.http);
  wasi::p3::add_to(*host, {.timezone = on.items.timezone});
  wasi::p3::add_http_to(*host);
  return host;
}

void Companions::declare(CLI::App& app) {
  constexpr auto* group = "Other components";
  add_repeatable(app, "--with", files,
                 "a component whose exports satisfy imports of this one or of another --with, each instance "
                 "in a store of "
                 "its own. Repeatable (default: none)")
      ->type_name("FILE")
      ->group(group);
  add_number(app, "--with-max-invocations", max_invocations, 1U,
             "calls into an instance of --with before a fresh one takes its place; one whose resources are "
             "held stays")
      ->type_name("N")
      ->group(group);
  add_repeatable(
      app, "--route", routes,
      "requests that components send to HOST go to the component in FILE, which answers HTTP, in this "
      "process: no network, no --allow-host. Without PORT: to every port. Repeatable (default: none)")
      ->type_name("HOST[:PORT]=FILE")
      ->group(group);
}

Result<World> make_world(const Loader& loader, const std::string& file, const Companions& companions,
                         std::span<const std::string> unstable, std::function<void(const Error&)> on_crash) {
  const auto routes = TRY(parse_routes(companions.routes));
  World world { .host = TRY(make_host(unstable)) };
  world.component = TRY(loader.load(file));
  const auto bridges = wasi::bridge::bridges();
  Companionship companionship(*world.host, bridges, companions.max_invocations, std::move(on_crash));
  for (const auto& companion : companions.files) TRY(companionship.add(loader, companion));
  for (const auto& route : routes) TRY(companionship.add_route(loader, route.file));
  const auto providers = TRY(companionship.link_all());
  auto linked = component::link(world.component, *world.host, providers, bridges);
  if (!linked) return std::unexpected(about(file, linked.error()));
  world.linked = *std::move(linked);
  for (const auto& [route, from] : routes) {
    auto face = http_face(companionship.linked(from));
    if (!face) return std::unexpected(about(from, face.error()));
    auto& added = world.routes.emplace_back(route);
    added.pool = pool_for(**face);
    added.face = *std::move(face);
  }
  return world;
}

}  // namespace wisp::cli
