#include "component/link/provider_object.hpp"

#include "component/instance/call_side.hpp"
#include "component/link/late_drops.hpp"

namespace wisp::component {

namespace {

/// The component of `side` defines `resource`, and it is the one that `tag` names.
bool defines(CallSide& side, ResourceId resource, HostTypeTag tag) {
  const auto& binding = side.instance().tree().binding(resource);
  return binding.kind == ResourceBinding::Kind::own && binding.tag == tag;
}

class Passage final : public HandlePassage {
 public:
  Rep out(Tree& tree, ResourceId resource, Rep rep) const override {
    return to_rep(new ProviderObject(tree.shared_from_this(), resource, rep));
  }
  Result<std::uint32_t> back(CallSide& side, ResourceId resource, Rep object) const override {
    // Handles of a resource that the tree defines are nothing else in the trees of its importers.
    const std::unique_ptr<ProviderObject> mine(static_cast<ProviderObject*>(to_object(object)));
    const auto handle = TRY(side.lower_own(resource, TRY(mine->rep_in(side.instance().tree()))));
    mine->disown();
    return handle;
  }
};

Unexpected wrong_type() { return fail(Errc::trap_handle, "a resource was used with the wrong type"); }

}  // namespace

const HandlePassage& provider_object_passage() {
  static const Passage kPassage;
  return kPassage;
}

ProviderObject::~ProviderObject() {
  if (!owned_) return;
  auto& shard = tree_->shard();
  drop_later(shard, std::move(tree_), resource_, rep_);
}

Result<> ProviderObject::dropped(GuestRun& run) {
  if (!std::exchange(owned_, false) || tree_->poisoned()) return {};
  return tree_->destroy(run, resource_, rep_);
}

Result<Rep> ProviderObject::rep_in(const Tree& tree) const {
  if (tree_.get() != &tree)
    return fail(Errc::trap_handle, "the resource belongs to another instance of the component");
  if (!owned_) return fail(Errc::trap_handle, "the resource was given away");
  return rep_;
}

Result<std::shared_ptr<ProviderObject>> take_object(CallSide& side, HostTypeTag tag, std::uint32_t handle) {
  const Handle* const entry = TRY(side.instance().handles().get(handle));
  if (!entry->is_resource() || !defines(side, {entry->resource}, tag)) return wrong_type();
  const ResourceId resource{entry->resource};
  const Rep rep = TRY(side.lift_own(resource, handle));
  return std::make_shared<ProviderObject>(side.instance().tree().shared_from_this(), resource, rep);
}

Result<std::uint32_t> give_object(CallSide& side, HostTypeTag tag, ProviderObject* object) {
  if (object == nullptr) return wrong_type();
  const Rep rep = TRY(object->rep_in(side.instance().tree()));
  if (!defines(side, object->resource(), tag)) return wrong_type();
  const auto handle = TRY(side.lower_own(object->resource(), rep));
  object->disown();
  return handle;
}

Result<std::uint32_t> lend_object(CallSide& side, HostTypeTag tag, const ProviderObject* object) {
  if (object == nullptr) return wrong_type();
  const Rep rep = TRY(object->rep_in(side.instance().tree()));
  if (!defines(side, object->resource(), tag)) return wrong_type();
  return side.lower_borrow(object->resource(), rep);
}

}  // namespace wisp::component
