#pragma once

#include "base/result.hpp"
#include "component/instance/linked.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace wisp::cli {

/// An export that --invoke can call.
struct Target {
  std::string interface;  ///< empty: exported by the world itself
  std::string name;
  const component::Lift* lift = nullptr;
};

/// All functions that a component exports and lifts itself, in order.
[[nodiscard]] std::vector<Target> list_targets(const component::Plan& plan);

/// "interface#func", or "func".
[[nodiscard]] std::string spell(const Target& target);

/// The one export that `text` means: "func", "interface#func" or "interface.func", where the interface may
/// lack its version, or be its last part alone ("streams" for "wasi:io/streams@0.2.0"); a function of an
/// interface needs no interface when no other has that name. Errc::usage names what there is.
[[nodiscard]] Result<Target> find_target(const component::Plan& plan, std::string_view text);

}  // namespace wisp::cli
