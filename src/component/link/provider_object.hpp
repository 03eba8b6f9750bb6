#pragma once

#include "component/instance/handle_passage.hpp"
#include "component/instance/host_resource.hpp"
#include "component/instance/tree.hpp"

#include <cstdint>
#include <memory>

/// Resources that a provider's tree defines, as others hold them.
namespace wisp::component {

/// An own handle to a resource that a provider's tree defines: the tree stays as long as this. When it ends
/// without dropped(), the destructor runs later (late_drops.hpp). Lives on the tree's shard.
class ProviderObject final : public HostResource {
 public:
  ProviderObject(std::shared_ptr<Tree> tree, ResourceId resource, Rep rep)
      : tree_(std::move(tree)), resource_(resource), rep_(rep) {}
  ~ProviderObject() override;

  /// Runs the destructor, on the fiber of `run`. One of a dead tree has none to run (design.md §6, "Ending a
  /// tree").
  [[nodiscard]] Result<> dropped(GuestRun& run) override;

  /// The resource is its tree's own again, or gone with it.
  void disown() noexcept { owned_ = false; }

  [[nodiscard]] const std::shared_ptr<Tree>& tree() const noexcept { return tree_; }
  /// The representation, for calls into `tree`. Errc::trap_handle: it belongs to another one, or was given
  /// away.
  [[nodiscard]] Result<Rep> rep_in(const Tree& tree) const;
  [[nodiscard]] ResourceId resource() const noexcept { return resource_; }

 private:
  std::shared_ptr<Tree> tree_;
  ResourceId resource_;
  Rep rep_;
  bool owned_ = true;  // its destructor is to run when this ends
};

/// For Linked: other trees hold ProviderObjects.
[[nodiscard]] const HandlePassage& provider_object_passage();

/// What wit_provider.hpp is made of. `tag`: of a KnownResource that the side's component defines. All fail
/// with Errc::trap_handle.
[[nodiscard]] Result<std::shared_ptr<ProviderObject>> take_object(CallSide& side, HostTypeTag tag,
                                                                  std::uint32_t handle);
[[nodiscard]] Result<std::uint32_t> give_object(CallSide& side, HostTypeTag tag, ProviderObject* object);
[[nodiscard]] Result<std::uint32_t> lend_object(CallSide& side, HostTypeTag tag,
                                                const ProviderObject* object);

}  // namespace wisp::component
