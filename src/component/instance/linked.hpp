#pragma once

#include "component/abi/transfer.hpp"
#include "component/instance/host_function.hpp"
#include "component/instance/marshalling.hpp"
#include "component/instance/plan.hpp"
#include "engine/host_function.hpp"
#include "engine/module.hpp"

#include <memory>
#include <vector>

namespace wisp::component {

/// What stands behind a resource type of a linked component.
struct ResourceBinding {
  enum class Kind : std::uint8_t { own, host };
  Kind kind = Kind::own;
  /// Two imports bound to the same host class are one type: handles carry the first one's number.
  std::uint32_t canonical = 0;
  HostTypeTag tag = nullptr;  ///< host: the class (or the other component's resource)
};

/// The environment of a trampoline's callback.
struct BoundTrampoline final : Marshalling {
  const Trampoline* plan = nullptr;
  const HostFunction* function = nullptr;                 ///< lower of an import
  std::optional<TransferPlan> params_plan, results_plan;  ///< lower of a lift of the same tree
  std::vector<std::uint32_t> entering;  ///< instances whose may_enter the call takes (Canonical ABI, "donut")
  wasm_functype_t* type = nullptr;      ///< owned by Linked
  wasmtime_func_unchecked_callback_t callback = nullptr;
  std::optional<engine::HostFunction>
      shared;  ///< what stores bind; none if no own module imports it directly

  [[nodiscard]] Result<> params(CallSide& caller, FlatSpan from, CallSide& callee,
                                FlatSpan to) const override;
  [[nodiscard]] Result<> results(CallSide& callee, FlatSpan from, CallSide& caller,
                                 FlatSpan to) const override;
};

struct DeleteModuleExport {
  void operator()(wisp_module_export_t* raw) const noexcept { wisp_module_export_delete(raw); }
};

/// A core item that a step takes, with its export looked up: in the instances of a module it is found without
/// its name.
struct CoreItemRef {
  CoreRef ref;
  const wisp_module_export_t* exported = nullptr;  ///< owned by Linked; null for trampolines
};

class HandlePassage;

/// A component with all its imports bound and its modules compiled: what trees are made of. Immutable, shared
/// by all shards; made by link/.
struct Linked {
  Linked() = default;
  Linked(const Linked&) = delete;
  Linked& operator=(const Linked&) = delete;
  ~Linked();

  [[nodiscard]] const ResourceTags& tags() const noexcept { return tags_; }

  std::shared_ptr<const void> owner;       ///< keeps the plan and the binary it points into
  const HandlePassage* passage = nullptr;  ///< for own handles in streams and futures to other trees
  const Plan* plan = nullptr;
  std::vector<std::shared_ptr<const engine::Module>> modules;  ///< by own module
  std::vector<std::shared_ptr<const HostFunction>> functions;  ///< by imported function
  std::vector<ResourceBinding> resources;                      ///< by ResourceId
  std::vector<BoundTrampoline> trampolines;                    ///< by trampoline; never resized once bound
  std::vector<std::vector<std::uint32_t>> paths;               ///< by instance: self and ancestors
  std::vector<Lift> destructors;                     ///< by ResourceId: those with ResourcePlan::dtor
  std::vector<std::vector<CoreItemRef>> step_items;  ///< by step: imports, or the one item it names
  std::vector<std::unique_ptr<wisp_module_export_t, DeleteModuleExport>> module_exports;

 private:
  struct Tags final : ResourceTags {
    explicit Tags(const Linked& of) : linked(&of) {}
    [[nodiscard]] HostTypeTag tag(ResourceId resource) const override {
      return linked->resources[resource.value].tag;
    }
    const Linked* linked;
  };
  Tags tags_{*this};
};

/// Fills what follows the resources from the plan and the other bindings. Errc::unsupported_feature as
/// TransferPlan::compile.
[[nodiscard]] Result<> bind_trampolines(Linked& linked);

}  // namespace wisp::component
