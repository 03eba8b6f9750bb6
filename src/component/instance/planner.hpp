#pragma once

#include "base/result.hpp"
#include "component/instance/plan.hpp"

namespace wisp::component {

/// Bounds of planning: nested instantiation multiplies, so a small binary can ask for very much.
struct PlanLimits {
  std::uint32_t max_instances = 10'000;  ///< component instances
  std::uint32_t max_core_instances = 10'000;
  std::uint32_t max_items = 2'000'000;  ///< entries of all index spaces together
  std::uint32_t max_depth = 100;
};

/// Plans the instantiation of a decoded component that passed the gate. The plan points into `root`, which
/// must outlive it. Errc::malformed where the binary contradicts itself all the same,
/// Errc::component_too_large beyond the limits, Errc::unsupported_feature for imports and values that no host
/// can provide.
[[nodiscard]] Result<Plan> plan(const ast::Component& root, const PlanLimits& limits = {});

}  // namespace wisp::component
