#pragma once

#include "wasi/p3/p3.hpp"

/// The packages, one file each; add_to() in p3.hpp calls them all.
namespace wisp::wasi::p3 {

void add_clocks(component::HostLinker& linker, const Options& options);
void add_random(component::HostLinker& linker);

}  // namespace wisp::wasi::p3
