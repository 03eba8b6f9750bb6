#include "wasi/bridge/bridges.hpp"

#include "wasi/bridge/cli.hpp"
#include "wasi/bridge/http.hpp"

namespace wisp::wasi::bridge {

std::vector<component::Bridge> bridges() {
  return {handler_over_incoming_handler(), incoming_handler_over_handler(), run_over_sync_run(),
          run_over_async_run()};
}

}  // namespace wisp::wasi::bridge
