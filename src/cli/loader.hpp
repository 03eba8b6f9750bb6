#pragma once

#include "cli/terminal.hpp"
#include "component/link/component.hpp"
#include "engine/aot_cache.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace wisp::cli {

/// What the user says about files: which kinds are taken, whether compiled code is kept.
struct LoadOptions {
  bool adapter = false;            ///< wrap core modules for WASI preview 1
  bool allow_precompiled = false;  ///< take artifacts of `wisp compile`
  bool no_cache = false;
  std::vector<std::string> features;  ///< of the component model, by name

  /// Adds --adapter, --features and --no-cache.
  void declare(CLI::App& app);
  /// Adds --allow-precompiled too.
  void declare_with_precompiled(CLI::App& app);
};

/// From a path to a component. Lives as long as main() loads files; one thread.
class Loader {
 public:
  /// Opens the cache, unless it is off. A folder that cannot be used is told on a terminal and does without.
  [[nodiscard]] static Result<Loader> make(std::shared_ptr<engine::Engine> engine, LoadOptions options,
                                           const Console& console);

  /// Reads, checks and decodes; does not compile. All errors name the file and say what to do.
  [[nodiscard]] Result<std::shared_ptr<const component::Component>> decode(const std::string& path) const;

  /// Reads, checks and compiles, or takes what is compiled already. As decode(), and Errc::compile_failed.
  [[nodiscard]] Result<std::shared_ptr<const component::Component>> load(const std::string& path) const;

 private:
  Loader() = default;
  [[nodiscard]] Result<std::vector<std::byte>> read(const std::string& path) const;
  [[nodiscard]] component::Component::Options component_options() const;
  template <class Make>
  [[nodiscard]] Result<std::shared_ptr<const component::Component>> take(const std::string& path,
                                                                         Make make) const;

  std::shared_ptr<engine::Engine> engine_;
  LoadOptions options_;
  engine::Features features_ = 0;
  std::optional<engine::AotCache> cache_;
};

/// The bits of features named as the specification's repository does ("memory64", "fixed-lists").
/// Errc::usage.
[[nodiscard]] Result<engine::Features> parse_features(const std::vector<std::string>& names);

}  // namespace wisp::cli
