#pragma once

#include "component/link/host.hpp"

namespace wisp::wasi::p2 {

/// Items of WASI 0.2 that its WIT marks @unstable: absent unless turned on.
struct Options {
  bool timezone = false;            ///< wasi:clocks/timezone (clocks-timezone)
  bool network_error_code = false;  ///< wasi:sockets/network.network-error-code
};

/// Provides WASI 0.2 (0.2.0 to 0.2.12) without wasi:http: io, clocks, random, cli, filesystem, sockets. Trees
/// linked against it need a wasi::Context.
void add_to(component::HostLinker& linker, const Options& options);

}  // namespace wisp::wasi::p2
