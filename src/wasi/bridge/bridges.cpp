#include "wasi/bridge/bridges.hpp"

#include "wasi/bridge/cli.hpp"
#include "wasi/bridge/clocks.hpp"
#include "wasi/bridge/filesystem.hpp"
#include "wasi/bridge/http.hpp"
#include "wasi/bridge/provider_streams.hpp"
#include "wasi/bridge/random.hpp"
#include "wasi/bridge/sockets.hpp"
#include "wasi/bridge/stdio.hpp"
#include "wasi/bridge/twins.hpp"

#include <iterator>

namespace wisp::wasi::bridge {

component::Bridges bridges() {
  component::Bridges all{
      .interfaces = {handler_over_incoming_handler(), incoming_handler_over_handler(), run_over_sync_run(),
                     run_over_async_run(), environment_over_0_2(), environment_over_0_3()},
      .twins = std::make_shared<component::Twins>(twins())};
  for (auto&& more : {known_files(), known_streams(), known_sockets()})
    std::ranges::copy(more, std::back_inserter(all.known));
  for (auto&& more : {clocks(), filesystem(all.twins), random(), sockets(), stdio()})
    std::ranges::copy(more, std::back_inserter(all.interfaces));
  return all;
}

}  // namespace wisp::wasi::bridge
