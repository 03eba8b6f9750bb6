#include "wasi/p3/p3.hpp"

#include "wasi/p3/faces.hpp"

namespace wisp::wasi::p3 {

void add_to(component::HostLinker& linker, const Options& options) {
  add_clocks(linker, options);
  add_random(linker);
  add_cli(linker);
  add_filesystem(linker);
  add_tcp(linker);
  add_udp(linker);
  add_name_lookup(linker);
}

}  // namespace wisp::wasi::p3
