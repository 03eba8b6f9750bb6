#include "component_host.hpp"

#include "component/link/invoke.hpp"

namespace wisp::wast {
namespace {

using component::GuestRun;
using component::Tree;

struct Accepted final : Definition {
  explicit Accepted(std::shared_ptr<component::Component> loaded) : component(std::move(loaded)) {}
  std::shared_ptr<component::Component> component;
};

/// Runs `work` on a fiber of the shard until it is done.
Result<> run_to_end(component::Shard& shard, const std::function<Result<>(GuestRun&)>& work) {
  Result<> done;
  GuestRun run(shard);
  TRY(run.start([&] { done = work(run); }));
  while (!run.done()) {
    shard.loop().restart();
    if (shard.loop().run_one() == 0)
      run.cancel(Error(Errc::trap_deadlock, "deadlock detected: event loop cannot make further progress"));
  }
  return done;
}

class TreeInstance final : public Instance {
 public:
  TreeInstance(component::Shard& shard, std::unique_ptr<Tree> tree) : shard_(shard), tree_(std::move(tree)) {}

  const component::FuncType* export_type(std::string_view name) const override {
    const auto* lift = component::find_export(tree_->linked(), name);
    return lift == nullptr ? nullptr : lift->type;
  }

  Result<std::optional<component::Value>> invoke(std::string_view name,
                                                 std::span<const component::Value> arguments) override {
    const auto* lift = component::find_export(tree_->linked(), name);
    if (lift == nullptr) return fail(Errc::export_missing, "no function `{}` is exported", name);
    std::optional<component::Value> result;
    TRY(run_to_end(shard_, [&](GuestRun& run) -> Result<> {
      result = TRY(component::invoke(*tree_, run, *lift, arguments));
      return {};
    }));
    return result;
  }

 private:
  component::Shard& shard_;
  std::unique_ptr<Tree> tree_;
};

}  // namespace

ComponentHost::ComponentHost(std::shared_ptr<engine::Engine> engine, const Options& options)
    : engine_(std::move(engine)), shard_(engine_), options_(options) {}

Result<std::unique_ptr<ComponentHost>> ComponentHost::create(const Options& options) {
  auto engine = TRY(engine::Engine::create({.pooling = false, .compile_threads = 1}));
  return std::unique_ptr<ComponentHost>(new ComponentHost(std::move(engine), options));
}

Result<std::shared_ptr<const Definition>> ComponentHost::define(std::vector<std::byte> binary) {
  auto component =
      TRY(component::Component::decode(std::move(binary), {.features = options_.features, .cache = nullptr}));
  return std::make_shared<const Accepted>(std::move(component));
}

Result<std::unique_ptr<Instance>> ComponentHost::instantiate(
    const std::shared_ptr<const Definition>& definition, bool& linked) {
  const auto& accepted = static_cast<const Accepted&>(*definition);
  const auto binary = accepted.component->binary();
  auto compiled = TRY(component::Component::load(*engine_, {binary.begin(), binary.end()},
                                                 {.features = options_.features, .cache = nullptr}));
  const auto bound = TRY(component::link(std::move(compiled), imports_));
  linked = true;
  component::TreeLimits limits;
  limits.cpu_budget = options_.cpu_budget;
  std::unique_ptr<Tree> tree;
  TRY(run_to_end(shard_, [&](GuestRun& run) -> Result<> {
    tree = TRY(Tree::instantiate(bound, run, limits, nullptr));
    return {};
  }));
  return std::make_unique<TreeInstance>(shard_, std::move(tree));
}

}  // namespace wisp::wast
