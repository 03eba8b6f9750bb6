#pragma once

#include "wasi/p3/p3.hpp"

/// The packages, one file each; add_to() in p3.hpp calls them all.
namespace wisp::wasi::p3 {

void add_clocks(component::HostLinker& linker, const Options& options);
void add_random(component::HostLinker& linker);
void add_cli(component::HostLinker& linker);
void add_filesystem(component::HostLinker& linker);
void add_tcp(component::HostLinker& linker);
void add_udp(component::HostLinker& linker);
void add_name_lookup(component::HostLinker& linker);

}  // namespace wisp::wasi::p3
