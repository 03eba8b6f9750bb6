#pragma once

#include "component/abi/value.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace wisp::wast {

/// A component that was accepted: gate, decoder and planner have nothing against it.
class Definition {
 public:
  virtual ~Definition() = default;
};

/// A component instance. Used on one thread.
class Instance {
 public:
  virtual ~Instance() = default;

  /// The type of an exported function; null if there is none.
  [[nodiscard]] virtual const component::FuncType* export_type(std::string_view name) const = 0;

  /// Calls it until it ends. An Error is a trap or what else the runtime has to say.
  [[nodiscard]] virtual Result<std::optional<component::Value>> invoke(
      std::string_view name, std::span<const component::Value> arguments) = 0;
};

/// The runtime a script runs on.
class WastHost {
 public:
  virtual ~WastHost() = default;

  /// Accepts or refuses a binary.
  [[nodiscard]] virtual Result<std::shared_ptr<const Definition>> define(std::vector<std::byte> binary) = 0;

  /// Checks that all imports can be provided, then instantiates. `linked` is set once the first part is done.
  [[nodiscard]] virtual Result<std::unique_ptr<Instance>> instantiate(
      const std::shared_ptr<const Definition>& definition, bool& linked) = 0;
};

}  // namespace wisp::wast
