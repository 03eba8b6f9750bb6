#include "wasi/bridge/filesystem.hpp"

#include "wasi/bridge/adapter.hpp"

namespace wisp::wasi::bridge {

std::vector<component::Bridge> filesystem(const std::shared_ptr<const component::Twins>& twins) {
  const std::vector<Adapted> functions{{.name = "get-directories", .stand_in = "get-directories"}};
  return {
      adapt("wasi:filesystem/preopens@0.3", "wasi:filesystem/preopens@0.2", functions, twins),
      adapt("wasi:filesystem/preopens@0.2", "wasi:filesystem/preopens@0.3", functions, twins),
  };
}

}  // namespace wisp::wasi::bridge
