#pragma once

#include "base/result.hpp"
#include "component/binary/ast.hpp"
#include "component/instance/plan.hpp"
#include "engine/aot_cache.hpp"
#include "engine/module.hpp"

#include <memory>
#include <string>
#include <vector>

namespace wisp::component {

/// A component's bytes, checked, decoded, planned, and its core modules compiled. Immutable, shared by all
/// shards.
class Component {
 public:
  struct Options {
    engine::Features features = 0;            ///< beyond the default set
    const engine::AotCache* cache = nullptr;  ///< null: compile anew
  };

  /// Gate, decoder, planner. Does not compile. Errc::not_wasm, core_module, preview1_module,
  /// unsupported_version, invalid, malformed, component_too_large.
  [[nodiscard]] static Result<std::shared_ptr<Component>> decode(std::vector<std::byte> binary,
                                                                 const Options& options);

  /// decode(), then compiles all core modules or takes them from the cache. Long work: not on a shard.
  [[nodiscard]] static Result<std::shared_ptr<const Component>> load(const engine::Engine& engine,
                                                                     std::vector<std::byte> binary,
                                                                     const Options& options);

  /// From parts that `wisp compile` wrote, checked with the features they were made with: the artifacts are
  /// native code that the caller vouches for.
  [[nodiscard]] static Result<std::shared_ptr<const Component>> assemble(
      std::vector<std::byte> binary, engine::Features features,
      std::vector<std::shared_ptr<const engine::Module>> modules);

  Component(const Component&) = delete;
  Component& operator=(const Component&) = delete;

  [[nodiscard]] const ast::Component& syntax() const noexcept { return syntax_; }
  [[nodiscard]] std::span<const std::byte> binary() const noexcept { return binary_; }
  /// What it was allowed to use beyond the default set.
  [[nodiscard]] engine::Features features() const noexcept { return features_; }

  /// The instantiation plan; an Error where the component is valid but asks for what no host can provide.
  [[nodiscard]] const Result<Plan>& plan() const noexcept { return plan_; }

  /// By own module of the plan; empty before compilation.
  [[nodiscard]] const std::vector<std::shared_ptr<const engine::Module>>& modules() const noexcept {
    return modules_;
  }

 private:
  Component() = default;
  [[nodiscard]] Result<> compile(const engine::Engine& engine, const Options& options);

  std::vector<std::byte> binary_;
  engine::Features features_ = 0;
  std::string key_;  // in the AOT cache; empty without one
  ast::Component syntax_;
  Result<Plan> plan_ = fail(Errc::internal, "not planned");
  std::vector<std::shared_ptr<const engine::Module>> modules_;
};

}  // namespace wisp::component
