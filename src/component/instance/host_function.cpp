#include "component/instance/host_function.hpp"

namespace wisp::component {

Result<> HostFunction::begin(Subtask&) const {
  return fail(Errc::internal, "a function of a sync type was called as one of an async type");
}

}  // namespace wisp::component
