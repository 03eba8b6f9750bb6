#pragma once

#include "host.hpp"

#include "component/instance/tree.hpp"
#include "component/link/linker.hpp"

#include <chrono>

namespace wisp::wast {

/// Runs scripts on component/link: one engine, one shard, the calling thread. Every instance has a tree of
/// its own.
class ComponentHost final : public WastHost {
 public:
  struct Options {
    engine::Features features = 0;                 ///< that the gate lets through beyond the default set
    std::chrono::milliseconds cpu_budget{10'000};  ///< of each call
  };

  [[nodiscard]] static Result<std::unique_ptr<ComponentHost>> create(const Options& options);

  [[nodiscard]] Result<std::shared_ptr<const Definition>> define(std::vector<std::byte> binary) override;
  [[nodiscard]] Result<std::unique_ptr<Instance>> instantiate(
      const std::shared_ptr<const Definition>& definition, bool& linked) override;

 private:
  ComponentHost(std::shared_ptr<engine::Engine> engine, const Options& options);

  std::shared_ptr<engine::Engine> engine_;
  component::Shard shard_;
  component::HostLinker imports_;
  Options options_;
};

}  // namespace wisp::wast
