#pragma once

#include "cli/grants.hpp"
#include "cli/loader.hpp"
#include "component/link/linker.hpp"
#include "wasi/http/routes.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace wisp::cli {

/// All that this program provides to components.
[[nodiscard]] Result<std::unique_ptr<component::HostLinker>> make_host(std::span<const std::string> unstable);

/// Components named beside the main one, whose exports satisfy imports.
struct Companions {
  std::vector<std::string> files;
  std::uint32_t max_invocations = 1;
  std::vector<std::string> routes;  ///< HOST[:PORT]=FILE

  /// Adds --with, --with-max-invocations and --route.
  void declare(CLI::App& app);
};

/// The main component and its companions, bound to each other and to the host.
struct World {
  std::unique_ptr<component::HostLinker> host;  ///< outlives what is linked to it
  std::shared_ptr<const component::Component> component;
  std::shared_ptr<const component::Linked> linked;
  /// Those who answer what the others send to some authorities; their pools are as in pool_for().
  wasi::http::RouteTable routes;
};

/// How a component that answers HTTP is called; 0.3 before 0.2. Errc::export_missing, export_type.
[[nodiscard]] Result<std::shared_ptr<const wasi::http::HandlerFace>> http_face(
    std::shared_ptr<const component::Linked> linked);

/// What one instance of a 0.3 component does when nobody says (RATIONALE.md).
inline constexpr std::uint32_t kWarmInvocations = 1'000, kWarmConcurrency = 16;

/// How instances that answer HTTP are used again when nobody says.
[[nodiscard]] component::PoolLimits pool_for(const wasi::http::HandlerFace& face);

/// Loads and links. Companions may import from each other in any order, but not in a circle. Errors name the
/// file. `on_crash` as in component::Provider.
[[nodiscard]] Result<World> make_world(const Loader& loader, const std::string& file,
                                       const Companions& companions, std::span<const std::string> unstable,
                                       std::function<void(const Error&)> on_crash);

}  // namespace wisp::cli
