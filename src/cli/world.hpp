#pragma once

#include "cli/grants.hpp"
#include "cli/loader.hpp"
#include "component/link/linker.hpp"

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

  /// Adds --with and --with-max-invocations.
  void declare(CLI::App& app);
};

/// The main component and its companions, bound to each other and to the host.
struct World {
  std::unique_ptr<component::HostLinker> host;  ///< outlives what is linked to it
  std::shared_ptr<const component::Component> component;
  std::shared_ptr<const component::Linked> linked;
};

/// Loads and links. Companions may import from each other in any order, but not in a circle. Errors name the
/// file.
[[nodiscard]] Result<World> make_world(const Loader& loader, const std::string& file,
                                       const Companions& companions, std::span<const std::string> unstable);

}  // namespace wisp::cli
