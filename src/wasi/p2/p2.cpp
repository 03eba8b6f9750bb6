#include "wasi/p2/p2.hpp"

#include "wasi/p2/faces.hpp"

namespace wisp::wasi::p2 {

void add_to(component::HostLinker& linker, const Options& options) {
  add_io(linker);
  add_clocks(linker, options);
  add_random(linker);
  add_cli(linker);
  add_filesystem(linker);
  add_network(linker, options);
  add_tcp(linker);
  add_udp(linker);
}

}  // namespace wisp::wasi::p2
