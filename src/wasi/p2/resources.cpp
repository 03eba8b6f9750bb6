#include "wasi/p2/resources.hpp"

#include "component/instance/guest_run.hpp"

namespace wisp::wasi::p2 {

Result<> Children::none_left(std::string_view what) const {
  if (any()) return fail(Errc::trap_host, "{} was dropped while handles made from it are still held", what);
  return {};
}

Result<> OutputStream::dropped(component::GuestRun& run) {
  while (sink_->writing() && !run.cancelled()) run.yield();
  return {};
}

}  // namespace wisp::wasi::p2
