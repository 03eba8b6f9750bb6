#pragma once

#include "wasi/p2/p2.hpp"

/// The packages, one file each; add_to() in p2.hpp calls them all.
namespace wisp::wasi::p2 {

void add_io(component::HostLinker& linker);
void add_clocks(component::HostLinker& linker, const Options& options);
void add_random(component::HostLinker& linker);
void add_cli(component::HostLinker& linker);
void add_filesystem(component::HostLinker& linker);
void add_network(component::HostLinker& linker, const Options& options);
void add_tcp(component::HostLinker& linker);
void add_udp(component::HostLinker& linker);

}  // namespace wisp::wasi::p2
