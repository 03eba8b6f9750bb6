#include "component/instance/component_instance.hpp"

#include "component/instance/task.hpp"

#include <algorithm>

namespace wisp::component {

Result<Waitable*> ComponentInstance::waitable(std::uint32_t handle) {
  const Handle* const entry = TRY(handles_.get(handle));
  if (entry->kind != Handle::Kind::waitable)
    return fail(Errc::trap_handle, "handle index {} is no waitable", handle);
  return entry->object<Waitable>();
}

Result<WaitableSet*> ComponentInstance::waitable_set(std::uint32_t handle) {
  const Handle* const entry = TRY(handles_.get(handle));
  if (entry->kind != Handle::Kind::waitable_set)
    return fail(Errc::trap_handle, "handle index {} is no waitable set", handle);
  return entry->object<WaitableSet>();
}

bool ComponentInstance::has_room(const Task& task) const noexcept {
  return backpressure == 0 && (!task.needs_exclusive() || exclusive == nullptr);
}

void ComponentInstance::wake_entering() noexcept {
  if (backpressure > 0) return;
  const auto next =
      std::ranges::find_if(entering_, [this](const Thread* thread) { return has_room(thread->task()); });
  if (next != entering_.end()) (*next)->wake();
}

void ComponentInstance::release_exclusive() noexcept {
  exclusive = nullptr;
  wake_entering();
  gate_.fire();
}

}  // namespace wisp::component
