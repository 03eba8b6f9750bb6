#pragma once

#include "component/link/host.hpp"

namespace wisp::wasi::p3 {

/// Items of WASI 0.3 that its WIT marks @unstable: absent unless turned on.
struct Options {
  bool timezone = false;  ///< wasi:clocks/timezone (clocks-timezone)
};

/// Provides WASI 0.3 (0.3.x) without wasi:http: cli, clocks, random, filesystem, sockets. Beside 0.2 in one
/// linker; trees linked against it need a wasi::Context.
void add_to(component::HostLinker& linker, const Options& options);

}  // namespace wisp::wasi::p3
