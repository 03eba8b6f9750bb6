#include "wasi/p2/resources.hpp"

namespace wisp::wasi::p2 {

Result<> Children::none_left(std::string_view what) const {
  if (any()) return fail(Errc::trap_host, "{} was dropped while handles made from it are still held", what);
  return {};
}

}  // namespace wisp::wasi::p2
