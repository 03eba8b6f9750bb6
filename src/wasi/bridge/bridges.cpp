#include "wasi/bridge/bridges.hpp"

#include "wasi/bridge/cli.hpp"
#include "wasi/bridge/http.hpp"
#include "wasi/bridge/twins.hpp"

namespace wisp::wasi::bridge {

component::Bridges bridges() {
  return {.interfaces = {handler_over_incoming_handler(), incoming_handler_over_handler(),
                         run_over_sync_run(), run_over_async_run()},
          .twins = std::make_shared<component::Twins>(twins())};
}

}  // namespace wisp::wasi::bridge
