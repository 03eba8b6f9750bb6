#include "component/instance/handle_table.hpp"

#include <algorithm>

namespace wisp::component {

HandleTable::HandleTable(std::uint32_t limit) : limit_(std::min(limit, kMaxIndex)) {}

Result<std::uint32_t> HandleTable::add(const Handle& handle) {
  if (live_ >= limit_) [[unlikely]]
    return fail(Errc::trap_limit, "the instance holds {} handles, which is its limit", live_);
  if (slots_.empty()) slots_.emplace_back();
  std::uint32_t index = free_head_;
  if (index != 0) {
    free_head_ = slots_[index].resource;
    slots_[index] = handle;
  } else {
    index = static_cast<std::uint32_t>(slots_.size());
    slots_.push_back(handle);
  }
  ++live_;
  return index;
}

Result<Handle*> HandleTable::get(std::uint32_t index) {
  if (index == 0 || index >= slots_.size() || slots_[index].kind == Handle::Kind::free) [[unlikely]]
    return fail(Errc::trap_handle, "unknown handle index {}", index);
  return &slots_[index];
}

Result<Handle> HandleTable::remove(std::uint32_t index) {
  Handle* slot = TRY(get(index));
  const Handle handle = *slot;
  *slot = Handle{.kind = Handle::Kind::free, .resource = free_head_};
  free_head_ = index;
  --live_;
  return handle;
}

}  // namespace wisp::component
