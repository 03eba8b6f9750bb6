#pragma once

#include "component/instance/host_function.hpp"
#include "component/instance/host_resource.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace wisp::component {

/// Two host classes that are faces of one thing, such as of two versions of an interface: a handle of one may
/// stand where a component expects the other. One direction.
struct Twin {
  HostTypeTag from, to;
  bool (*is_from)(const HostResource& object);
  /// The other face; what `object` had is moved. An Error traps, and leaves `object` as it was: it cannot be
  /// given away now (it has children, or something is under way).
  Result<std::unique_ptr<HostResource>> (*convert)(HostResource& object);
  /// Another face beside `object`, for one call. An Error traps.
  Result<std::unique_ptr<HostResource>> (*lend)(HostResource& object);
};

/// A twin from functions on the classes themselves: `std::unique_ptr<To> convert(From&)` and `lend(From&)`,
/// each perhaps in a Result.
template <class From, class To, auto Convert, auto Lend>
[[nodiscard]] Twin make_twin() {
  return {.from = host_type_tag<From>(),
          .to = host_type_tag<To>(),
          .is_from = [](const HostResource& object) { return dynamic_cast<const From*>(&object) != nullptr; },
          .convert = [](HostResource& object) -> Result<std::unique_ptr<HostResource>> {
            return Result<std::unique_ptr<To>>(Convert(static_cast<From&>(object)));
          },
          .lend = [](HostResource& object) -> Result<std::unique_ptr<HostResource>> {
            return Result<std::unique_ptr<To>>(Lend(static_cast<From&>(object)));
          }};
}

/// All twins of a host. Immutable, shared by all shards.
class Twins {
 public:
  explicit Twins(std::vector<Twin> all = {}) : all_(std::move(all)) {}

  /// Whether a handle of one may stand for the other.
  [[nodiscard]] bool related(HostTypeTag one, HostTypeTag other) const;

  /// How `object` becomes one of class `to`; null: it is one, or nothing is known about it.
  [[nodiscard]] const Twin* find(const HostResource& object, HostTypeTag to) const;

 private:
  std::vector<Twin> all_;
};

}  // namespace wisp::component
