#pragma once

#include "component/abi/side.hpp"
#include "component/instance/caller.hpp"

#include <string>

namespace wisp::component {

/// Identity of the C++ class behind a host resource; null for none.
using HostTypeTag = const void*;

struct HostResourceType {
  HostTypeTag tag;
};

template <class T>
[[nodiscard]] HostTypeTag host_type_tag() {
  static constexpr char tag = 0;
  return &tag;
}

class CallSide;
class Subtask;

/// What the linker asks a host function's signature about resources of the importing component.
class ResourceTags {
 public:
  /// The host class that handles of `resource` are bound to; null if it is a guest's resource.
  [[nodiscard]] virtual HostTypeTag tag(ResourceId resource) const = 0;

 protected:
  ~ResourceTags() = default;
};

/// A function of the host behind a component import: checks the importing type once, then lifts parameters
/// from flat values or memory, runs, and lowers results. Made by make_host_function (link/host_function.hpp).
/// Immutable, shared by all shards; what it captures must be safe for that.
class HostFunction {
 public:
  virtual ~HostFunction() = default;

  /// True if the C++ signature stands for this WIT type.
  [[nodiscard]] virtual bool matches(const FuncType& type, const ResourceTags& tags) const = 0;

  /// The signature in WIT, for the message when it does not match.
  [[nodiscard]] virtual std::string describe() const = 0;

  /// One call of a sync type. `values` holds the flat parameters and takes the flat results.
  [[nodiscard]] virtual Result<> call(Caller& caller, CallSide& side, FlatSpan values) const = 0;

  /// One call of an async type: reads the parameters at Subtask::values() and either brings the subtask to
  /// its end here, or sets Subtask::callee and does so later. On the fiber of the caller. An Error is a trap.
  [[nodiscard]] virtual Result<> begin(Subtask& subtask) const;
};

}  // namespace wisp::component
