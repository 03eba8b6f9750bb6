#include "component/instance/handle_passage.hpp"

#include "component/instance/tree.hpp"

namespace wisp::component {

namespace {

Unexpected no_borrow() {
  return fail(Errc::trap_handle, "a borrow cannot be an element of a stream or future");
}

}  // namespace

PassingSide::PassingSide(CallSide& inner) : Side(inner.encoding(), inner.pointer()), inner_(inner) {
  set_budget(inner.instance().tree().limits().lifted_bytes);
}

const HandlePassage* PassingSide::passage(ResourceId resource) const {
  const Tree& tree = inner_.instance().tree();
  return tree.binding(resource).kind == ResourceBinding::Kind::own ? tree.linked().passage : nullptr;
}

Result<Rep> PassingSide::lift_own(ResourceId resource, std::uint32_t handle) {
  const Rep rep = TRY(inner_.lift_own(resource, handle));
  const auto* const own = passage(resource);
  return own != nullptr ? own->out(inner_.instance().tree(), resource, rep) : rep;
}

Result<std::uint32_t> PassingSide::lower_own(ResourceId resource, Rep rep) {
  if (const auto* const own = passage(resource)) return own->back(inner_, resource, rep);
  auto handle = inner_.lower_own(resource, rep);
  // Without a handle it ends here.
  if (!handle) delete to_object(rep);
  return handle;
}

// The types of elements have none (validated).
Result<Rep> PassingSide::lift_borrow(ResourceId, std::uint32_t) { return no_borrow(); }
Result<std::uint32_t> PassingSide::lower_borrow(ResourceId, Rep) { return no_borrow(); }

}  // namespace wisp::component
