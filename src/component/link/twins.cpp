#include "component/link/twins.hpp"

#include <algorithm>

namespace wisp::component {

bool Twins::related(HostTypeTag one, HostTypeTag other) const {
  return one != nullptr &&
         std::ranges::any_of(all_, [&](const Twin& twin) { return twin.from == one && twin.to == other; });
}

const Twin* Twins::find(const HostResource& object, HostTypeTag to) const {
  const auto found =
      std::ranges::find_if(all_, [&](const Twin& twin) { return twin.to == to && twin.is_from(object); });
  return found == all_.end() ? nullptr : &*found;
}

}  // namespace wisp::component
