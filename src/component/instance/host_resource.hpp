#pragma once

#include "base/result.hpp"
#include "component/abi/side.hpp"

namespace wisp::component {

class GuestRun;

/// A host object that guests hold handles to. Owned by the handle (own) in some instance's table; destroyed
/// when that handle is dropped or its tree ends. Lives on one shard. A class derived from it stands for one
/// WIT resource.
class HostResource {
 public:
  HostResource() = default;
  HostResource(const HostResource&) = delete;
  HostResource& operator=(const HostResource&) = delete;
  virtual ~HostResource() = default;

  /// Asked when a guest drops its own handle; an Error refuses and traps (a parent whose children still
  /// live). Not asked when a whole tree ends: then children are destroyed before parents only by chance, so
  /// destructors must not rely on each other.
  [[nodiscard]] virtual Result<> may_drop() { return {}; }

  /// Told on the guest's fiber that its handle is gone, just before destruction; an Error traps. Not told
  /// when a whole tree ends.
  [[nodiscard]] virtual Result<> dropped(GuestRun&) { return {}; }
};

/// A host object as the representation behind a handle, and back.
[[nodiscard]] inline Rep to_rep(HostResource* object) { return {reinterpret_cast<std::uint64_t>(object)}; }
[[nodiscard]] inline HostResource* to_object(Rep rep) {
  return reinterpret_cast<HostResource*>(rep.value);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace wisp::component
