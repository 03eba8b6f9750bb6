#pragma once

#include "component/link/linker.hpp"
#include "component/link/provider_call.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

/// Bridges between the two versions of an interface, function by function.
namespace wisp::wasi::bridge {

/// How one function of the imported version is made of what a provider exports.
struct Adapted {
  using Make = std::function<Result<std::unique_ptr<component::HostFunction>>(
      const component::ProviderRef& from, const std::string& interface)>;

  std::string name;  ///< of the imported function
  /// The exported function of the same type that stands for it; unless there is `make`.
  std::string stand_in;
  /// Made for each component that imports it; `interface` is the exported one, as Bridge::export_name.
  Make make = nullptr;
};

/// A function that is the bridge's own, whatever the provider is.
template <class F>
[[nodiscard]] Adapted of_bridge(std::string name, F function) {
  return {.name = std::move(name),
          .stand_in = {},
          .make = [function](const component::ProviderRef&,
                             const std::string&) -> Result<std::unique_ptr<component::HostFunction>> {
            return component::make_host_function(function);
          }};
}

/// Imports of `import_name` met by exports of `export_name`, both canonical. A function that is not in
/// `functions` has no counterpart there: Errc::import_missing. `twins`: handles of the host's resources that
/// stand-ins pass may be of these on the two sides; null: none.
[[nodiscard]] component::Bridge adapt(std::string import_name, std::string export_name,
                                      std::vector<Adapted> functions,
                                      std::shared_ptr<const component::Twins> twins = nullptr);

/// `function`, if the import is of its type. Errc::import_type.
[[nodiscard]] Result<std::shared_ptr<const component::HostFunction>> checked(
    std::unique_ptr<component::HostFunction> function, const component::ImportedFunc& import,
    const component::ResourceTags& tags);

}  // namespace wisp::wasi::bridge
