#include "component/link/provider_call.hpp"

#include <fmt/ranges.h>

namespace wisp::component {

Result<const Lift*> find_lift(const Provider& provider, const std::vector<std::string>& path) {
  const ExportItem* const item = find_item(*provider.linked->plan, path);
  const auto* const func = item != nullptr ? std::get_if<FuncRef>(&item->item) : nullptr;
  if (func == nullptr)
    return fail(Errc::import_type, "{} exports {} without the function {}", provider.name, path.front(),
                path.back());
  if (func->from != FuncRef::From::lift)
    return fail(Errc::import_type, "{} exports {} of another component, which has to be named itself",
                provider.name, path.back());
  const Lift& lift = provider.linked->plan->lifts[func->index];
  if (lift.options.pointer != PointerSize::p32)
    return fail(Errc::unsupported_feature, "{} exports {} from a 64-bit memory", provider.name, path.back());
  return &lift;
}

Unexpected wrong_export(const Provider& provider, const std::vector<std::string>& path,
                        const FuncType& provided, std::string expected) {
  return std::unexpected(
      Error(Errc::import_type, fmt::format("{} exports {} with another type than its other "
                                           "version can be made of",
                                           provider.name, fmt::join(path, ", function ")))
          .with("expected", std::move(expected))
          .with("provided", component::describe(provided)));
}

}  // namespace wisp::component
