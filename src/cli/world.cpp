#include "cli/world.hpp"

#include "cli/failure.hpp"
#include "cli/help.hpp"
#include "component/types/names.hpp"
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
  std::set<std::string> imports, exports;    // canonical names
};

using Externs = std::vector<std::pair<std::string, component::ExternDesc>>;
std::set<std::string> names_of(const Externs& externs) {
  std::set<std::string> names;
  for (const auto& [name, desc] : externs) names.insert(component::canonical_name(name));
  return names;
}

bool needs(const Companion& one, const Companion& other) {
  return &one != &other &&
         std::ranges::any_of(one.imports, [&](const auto& name) { return other.exports.contains(name); });
}

/// Links companions once those they import from are; what cannot be linked stands in a circle.
class Companionship {
 public:
  Companionship(const component::HostLinker& host, std::uint32_t max_invocations)
      : host_(host), max_invocations_(max_invocations) {}

  Result<> add(const Loader& loader, const std::string& file) {
    Companion companion { .file = file, .component = TRY(loader.load(file)) };
    if (const auto& plan = companion.component->plan()) {
      companion.imports = names_of(plan->imports);
      companion.exports = names_of(plan->exports);
    }
    all_.push_back(std::move(companion));
    return {};
  }

  Result<std::vector<std::shared_ptr<const Provider>>> link_all() {
    std::vector<std::shared_ptr<const Provider>> providers;
    while (providers.size() < all_.size()) {
      const auto next = std::ranges::find_if(all_, [&](const Companion& one) {
        return !one.provider && std::ranges::none_of(all_, [&](const auto& other) {
          return !other.provider && needs(one, other);
        });
      });
      if (next == all_.end()) return circle();
      TRY(link(*next));
      providers.push_back(next->provider);
    }
    return providers;
  }

 private:
  Result<> link(Companion& one) {
    std::vector<std::shared_ptr<const Provider>> sources;
    for (const auto& other : all_) {
      if (needs(one, other)) sources.push_back(other.provider);
    }
    auto linked = component::link(one.component, host_, sources);
    if (!linked) return std::unexpected(about(one.file, linked.error()));
    one.provider = std::make_shared<const Provider>(
        Provider{.name = one.file, .linked = *std::move(linked), .max_invocations = max_invocations_});
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

  const component::HostLinker& host_;
  std::uint32_t max_invocations_;
  std::vector<Companion> all_;
};

}  // namespace

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
}

Result<World> make_world(const Loader& loader, const std::string& file, const Companions& companions,
                         std::span<const std::string> unstable) {
  World world { .host = TRY(make_host(unstable)) };
  world.component = TRY(loader.load(file));
  Companionship companionship(*world.host, companions.max_invocations);
  for (const auto& companion : companions.files) TRY(companionship.add(loader, companion));
  const auto providers = TRY(companionship.link_all());
  auto linked = component::link(world.component, *world.host, providers);
  if (!linked) return std::unexpected(about(file, linked.error()));
  world.linked = *std::move(linked);
  return world;
}

}  // namespace wisp::cli
