#include "wasi/bridge/adapter.hpp"

#include <algorithm>

namespace wisp::wasi::bridge {

using component::HostFunction;
using component::ImportedFunc;
using component::ProviderRef;
using component::ResourceTags;

component::Bridge adapt(std::string import_name, std::string export_name, std::vector<Adapted> functions,
                        std::shared_ptr<const component::Twins> twins) {
  component::Bridge bridge{
      .import_name = std::move(import_name), .export_name = std::move(export_name), .bind = nullptr};
  bridge.bind = [functions = std::move(functions), from_interface = bridge.export_name,
                 twins = std::move(twins)](
                    const ProviderRef& from, const ImportedFunc& import,
                    const ResourceTags& tags) -> Result<std::shared_ptr<const HostFunction>> {
    const auto found = std::ranges::find(functions, import.path.back(), &Adapted::name);
    if (found == functions.end())
      return std::unexpected(
          Error(Errc::import_missing,
                fmt::format("the component imports {}, function {}, for which another version of the "
                            "interface has no counterpart",
                            import.path.front(), import.path.back()))
              .with("not it", fmt::format("{} exports {}", from.provider->name, from_interface)));
    if (!found->make)
      return component::bind_stand_in(from, import, tags,
                                      {.path = {from_interface, found->stand_in}, .twins = twins});
    return checked(TRY(found->make(from, from_interface)), import, tags);
  };
  return bridge;
}

Result<std::shared_ptr<const HostFunction>> checked(std::unique_ptr<HostFunction> function,
                                                    const ImportedFunc& import, const ResourceTags& tags) {
  if (!function->matches(*import.type, tags))
    return std::unexpected(
        Error(Errc::import_type, fmt::format("the component expects another type of {}", import.path.front()))
            .with("expected", component::describe(*import.type))
            .with("provided", function->describe()));
  return std::shared_ptr<const HostFunction>(std::move(function));
}

}  // namespace wisp::wasi::bridge
