#pragma once

#include "base/result.hpp"
#include "component/link/component.hpp"

#include <memory>
#include <span>
#include <vector>

/// What `wisp compile` writes: a component with its compiled core modules in one file.
///
///     8 bytes  magic: 0x00 "wispcw" and the format's version, 0x01
///     u64      length of the whole file
///     u64      checksum of everything behind it (engine/checksum.hpp)
///     u64 n    compatibility text of the engine that compiled it, n bytes
///     u64 n    the component, n bytes
///     u32      number of modules; each: u64 n, artifact of n bytes, in the order of the plan
/// Numbers are little-endian. The checksum is against accidents: the file holds native code, so whoever loads
/// it vouches for it.
namespace wisp::component {

/// Whether the bytes begin as an artifact does, whatever its version.
[[nodiscard]] bool is_artifact(std::span<const std::byte> bytes) noexcept;

/// The artifact of a loaded component. Errc::unsupported_feature if it has no plan, Errc::compile_failed.
[[nodiscard]] Result<std::vector<std::byte>> write_artifact(const engine::Engine& engine,
                                                            const Component& component);

/// Loads what write_artifact() made. The caller vouches that the native code inside is wisp's own.
/// Errc::precompiled_foreign when another release, engine or machine made it; Errc::malformed when it is
/// damaged.
[[nodiscard]] Result<std::shared_ptr<const Component>> read_artifact(const engine::Engine& engine,
                                                                     std::span<const std::byte> bytes);

}  // namespace wisp::component
