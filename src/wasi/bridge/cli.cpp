#include "wasi/bridge/cli.hpp"

#include "wasi/bridge/adapter.hpp"

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

component::Bridge environment(std::string import_name, std::string export_name, std::string imported_cwd,
                              std::string exported_cwd) {
  return adapt(std::move(import_name), std::move(export_name),
               {{.name = "get-environment", .stand_in = "get-environment"},
                {.name = "get-arguments", .stand_in = "get-arguments"},
                {.name = std::move(imported_cwd), .stand_in = std::move(exported_cwd)}});
}

}  // namespace

component::Bridge run_over_sync_run() { return run_over("wasi:cli/run@0.3", "wasi:cli/run@0.2"); }
component::Bridge run_over_async_run() { return run_over("wasi:cli/run@0.2", "wasi:cli/run@0.3"); }

component::Bridge environment_over_0_2() {
  return environment("wasi:cli/environment@0.3", "wasi:cli/environment@0.2", "get-initial-cwd",
                     "initial-cwd");
}
component::Bridge environment_over_0_3() {
  return environment("wasi:cli/environment@0.2", "wasi:cli/environment@0.3", "initial-cwd",
                     "get-initial-cwd");
}

}  // namespace wisp::wasi::bridge
