#include "component/instance/plan.hpp"

#include <algorithm>

namespace wisp::component {

const ExportItem* ExportedInstance::find(std::string_view name) const {
  const auto found =
      std::ranges::find(exports, name, [](const auto& entry) -> std::string_view { return entry.first; });
  return found == exports.end() ? nullptr : &found->second;
}

}  // namespace wisp::component
