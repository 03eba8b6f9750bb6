#pragma once

#include "base/result.hpp"

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

}  // namespace wisp::component
