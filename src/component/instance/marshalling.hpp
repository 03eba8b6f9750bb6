#pragma once

#include "component/abi/side.hpp"

namespace wisp::component {

class CallSide;
class Subtask;

/// How parameters and results get from one guest to another: compiled plans, and what wraps the callee's
/// side. Shared by all calls of one place.
class Marshalling {
 public:
  [[nodiscard]] virtual Result<> params(CallSide& caller, FlatSpan from, CallSide& callee,
                                        FlatSpan to) const = 0;
  [[nodiscard]] virtual Result<> results(CallSide& callee, FlatSpan from, CallSide& caller,
                                         FlatSpan to) const = 0;

  /// The callee's tree has trapped before it resolved: true if this sees to it that the caller gets a result
  /// all the same, the interface's own error, later.
  [[nodiscard]] virtual bool absorbs(Subtask&, const Error&) const { return false; }

 protected:
  ~Marshalling() = default;
};

}  // namespace wisp::component
