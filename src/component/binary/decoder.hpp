#pragma once

#include "base/result.hpp"
#include "component/binary/ast.hpp"

#include <span>

namespace wisp::component {

/// What the first eight bytes say.
enum class BinaryKind : std::uint8_t { component, core_module, unknown_version, not_wasm };
[[nodiscard]] BinaryKind sniff(std::span<const std::byte> binary) noexcept;

/// Structural bounds of the decoder; hostile binaries meet them long before memory matters.
struct DecodeLimits {
  std::uint32_t max_depth = 100;  ///< nesting of components and types
  std::uint32_t max_components = 1'000;
  std::uint32_t max_definitions = 1'000'000;  ///< with declarators of types, over all nested components
  std::uint32_t max_name_bytes = 100'000;
};

/// Decodes a component (Binary.md). The result points into `binary`. Trusts nothing, also after the gate:
/// Errc::malformed with the byte offset, Errc::component_too_large beyond the limits,
/// Errc::unsupported_feature for a value section, Errc::not_wasm, core_module or unsupported_version by the
/// preamble.
[[nodiscard]] Result<ast::Component> decode(std::span<const std::byte> binary,
                                            const DecodeLimits& limits = {});

}  // namespace wisp::component
