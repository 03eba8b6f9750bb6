#include "wasi/bridge/cli.hpp"

#include "component/link/component_function.hpp"

namespace wisp::wasi::bridge {

namespace {

component::Bridge run_over(std::string import_name, std::string export_name) {
  using component::StandIn;
  component::Bridge bridge{
      .import_name = std::move(import_name), .export_name = std::move(export_name), .bind = nullptr};
  bridge.bind = [name = bridge.export_name](const component::ProviderRef& from,
                                            const component::ImportedFunc& import,
                                            const component::ResourceTags& tags) {
    return component::bind_stand_in(from, import, tags,
                                    {.path = {name, import.path.back()}, .exit = StandIn::Exit::is_result});
  };
  return bridge;
}

}  // namespace

component::Bridge run_over_sync_run() { return run_over("wasi:cli/run@0.3", "wasi:cli/run@0.2"); }
component::Bridge run_over_async_run() { return run_over("wasi:cli/run@0.2", "wasi:cli/run@0.3"); }

}  // namespace wisp::wasi::bridge
