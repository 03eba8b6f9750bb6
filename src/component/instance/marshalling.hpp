#pragma once

#include "component/abi/side.hpp"

namespace wisp::component {

class CallSide;

/// How parameters and results get from one guest to another: compiled plans, and what wraps the callee's
/// side. Shared by all calls of one place.
class Marshalling {
 public:
  [[nodiscard]] virtual Result<> params(CallSide& caller, FlatSpan from, CallSide& callee,
                                        FlatSpan to) const = 0;
  [[nodiscard]] virtual Result<> results(CallSide& callee, FlatSpan from, CallSide& caller,
                                         FlatSpan to) const = 0;

 protected:
  ~Marshalling() = default;
};

}  // namespace wisp::component
