#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wisp::component {

/// "wasi:io/streams@0.2.6" taken apart. Views into the argument.
struct InterfaceName {
  std::string_view package;    ///< "wasi:io"
  std::string_view interface;  ///< "streams"
  std::string_view version;    ///< "0.2.6", empty if none
};

/// Nothing if `name` is not an interface name (Explainer.md, `interfacename`; nested names 🪺 are none here).
/// The version is valid semver or a canonical one ("0.2").
[[nodiscard]] std::optional<InterfaceName> parse_interface_name(std::string_view name);

/// The name under which versions that may stand for each other meet (Explainer.md, "Canonical Interface
/// Name"):
/// @1.2.3 → @1, @0.2.6 → @0.2, @0.0.1 → @0.0.1. A pre-release stands only for itself and keeps its version;
/// build metadata is dropped. Names without a version, and what is no interface name, stay as they are.
[[nodiscard]] std::string canonical_name(std::string_view name);

}  // namespace wisp::component
