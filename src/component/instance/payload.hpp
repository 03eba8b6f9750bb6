#pragma once

#include "component/instance/host_function.hpp"

namespace wisp::component {

/// What the elements of a host's stream or future are: one object for each C++ type, so pointers compare. An
/// end that the host hands to a guest learns its WIT type when the guest first uses it.
struct HostPayload {
  /// Whether the C++ type stands for this WIT type; null: no payload.
  bool (*matches)(const Type* type, const ResourceTags& tags);
};

}  // namespace wisp::component
