#include "component/instance/call_side.hpp"

#include "component/instance/copy_end.hpp"
#include "component/instance/error_context.hpp"
#include "component/instance/tree.hpp"

#include <algorithm>

namespace wisp::component {

CallSide::CallSide(ComponentInstance& instance, const Options& options, BorrowScope* scope)
    : Side(options.encoding, options.pointer), instance_(&instance), options_(&options), scope_(scope) {
  set_budget(instance.tree().limits().lifted_bytes);
}

GuestMemory CallSide::memory() {
  if (!options_->memory) return {};
  return instance_->tree().memory(*options_->memory);
}

Result<std::uint64_t> CallSide::realloc(std::uint64_t old_address, std::uint64_t old_size,
                                        std::uint32_t align, std::uint64_t new_size) {
  if (!options_->realloc) return fail(Errc::trap_abi, "a value needs memory and the options name no realloc");
  std::array<wasmtime_val_raw_t, 4> values{};
  if (pointer() == PointerSize::p32) {
    values[0].i32 = static_cast<std::int32_t>(old_address);
    values[1].i32 = static_cast<std::int32_t>(old_size);
    values[2].i32 = static_cast<std::int32_t>(align);
    values[3].i32 = static_cast<std::int32_t>(new_size);
  } else {
    values[0].i64 = static_cast<std::int64_t>(old_address);
    values[1].i64 = static_cast<std::int64_t>(old_size);
    values[2].i64 = static_cast<std::int64_t>(align);
    values[3].i64 = static_cast<std::int64_t>(new_size);
  }
  // "realloc" may not call out, and runs as a thread of its own (CanonicalABI.md, reallocate).
  Tree& tree = instance_->tree();
  Activation activation;
  Activation* const outer = tree.exchange_activation(&activation);
  const bool may_leave = std::exchange(instance_->may_leave, false);
  TRY(tree.call_core(*options_->realloc, values.data(), values.size()));
  instance_->may_leave = may_leave;
  (void)tree.exchange_activation(outer);
  return pointer() == PointerSize::p32 ? static_cast<std::uint32_t>(values[0].i32)
                                       : static_cast<std::uint64_t>(values[0].i64);
}

namespace {

Unexpected wrong_type(std::uint32_t handle) {
  return fail(Errc::trap_handle, "handle index {} used with the wrong type", handle);
}

}  // namespace

Result<Rep> CallSide::lift_own(ResourceId resource, std::uint32_t handle) {
  const std::uint32_t type = instance_->tree().binding(resource).canonical;
  const Handle* entry = TRY(instance_->handles().get(handle));
  if (!entry->is_resource() || entry->resource != type) return wrong_type(handle);
  if (entry->kind != Handle::Kind::own)
    return fail(Errc::trap_handle, "cannot lift own resource from a borrow (handle index {})", handle);
  if (entry->lends != 0)
    return fail(Errc::trap_handle, "cannot remove owned resource while borrowed (handle index {})", handle);
  return TRY(instance_->handles().remove(handle))
  .rep;
}

Result<Rep> CallSide::lift_borrow(ResourceId resource, std::uint32_t handle) {
  const std::uint32_t type = instance_->tree().binding(resource).canonical;
  Handle* entry = TRY(instance_->handles().get(handle));
  if (!entry->is_resource() || entry->resource != type) return wrong_type(handle);
  ++entry->lends;
  lent_.push_back(handle);
  return entry->rep;
}

Result<std::uint32_t> CallSide::lower_own(ResourceId resource, Rep rep) {
  return instance_->handles().add({.kind = Handle::Kind::own,
                                   .resource = instance_->tree().binding(resource).canonical,
                                   .lends = 0,
                                   .rep = rep,
                                   .scope = nullptr});
}

Result<std::uint32_t> CallSide::lower_borrow(ResourceId resource, Rep rep) {
  const Tree& tree = instance_->tree();
  const ResourcePlan& plan = tree.plan().resources[resource.value];
  // The defining instance sees its own representation (CanonicalABI.md, lower_borrow).
  if (!plan.imported && plan.instance == instance_->index()) return static_cast<std::uint32_t>(rep.value);
  if (scope_ == nullptr) return fail(Errc::trap_handle, "a borrow has no call to end with");
  const auto handle = TRY(instance_->handles().add({.kind = Handle::Kind::borrow,
                                                    .resource = tree.binding(resource).canonical,
                                                    .lends = 0,
                                                    .rep = rep,
                                                    .scope = scope_}));
  ++scope_->borrows;
  return handle;
}

Result<Rep> CallSide::lift_channel(const Type& type, std::uint32_t handle) {
  const Handle* const entry = TRY(instance_->handles().get(handle));
  const auto wanted =
      type.kind == component::Kind::stream ? Waitable::Kind::stream_reader : Waitable::Kind::future_reader;
  auto* const waitable = entry->kind == Handle::Kind::waitable ? entry->object<Waitable>() : nullptr;
  if (waitable == nullptr || waitable->kind() != wanted) return wrong_type(handle);
  auto* const end = static_cast<CopyEnd*>(waitable);
  if (!instance_->tree().same_payload(end->element(), type.element)) return wrong_type(handle);
  const bool stream = type.kind == component::Kind::stream;
  if (end->state() == CopyEnd::State::done)
    return stream ? fail(Errc::trap_handle,
                         "cannot lift stream after being notified that the writable end dropped")
                  : fail(Errc::trap_handle, "cannot lift future after previous read succeeded");
  if (end->state() != CopyEnd::State::idle)
    return fail(Errc::trap_handle, "cannot remove busy {}", stream ? "stream" : "future");
  if (end->in_set())
    return fail(Errc::trap_handle, "cannot lift {} while it's in a waitable set",
                stream ? "stream" : "future");
  TRY(instance_->handles().remove(handle));
  const std::unique_ptr<CopyEnd> gone(end);
  return to_rep(gone->take_channel());
}

Result<std::uint32_t> CallSide::lower_channel(const Type& type, Rep channel) {
  const auto kind =
      type.kind == component::Kind::stream ? Waitable::Kind::stream_reader : Waitable::Kind::future_reader;
  auto end = std::make_unique<CopyEnd>(kind, to_channel(channel), type.element);
  const auto handle =
      TRY(instance_->handles().add(Handle::owning<Waitable>(Handle::Kind::waitable, end.get())));
  end.release()->index = handle;
  return handle;
}

void CallSide::release_channel(Rep channel) noexcept { to_channel(channel)->drop(); }

Result<std::string> CallSide::lift_error_context(std::uint32_t handle) {
  const Handle* const entry = TRY(instance_->handles().get(handle));
  if (entry->kind != Handle::Kind::error_context) return wrong_type(handle);
  return entry->object<ErrorContext>()->message;
}

Result<std::uint32_t> CallSide::lower_error_context(std::string message) {
  auto object = std::make_unique<ErrorContext>(std::move(message));
  const auto handle =
      TRY(instance_->handles().add(Handle::owning(Handle::Kind::error_context, object.get())));
  object.release();  // NOLINT(bugprone-unused-return-value): the handle owns it
  return handle;
}

Result<HostResource*> CallSide::lift_host_own(HostTypeTag tag, std::uint32_t handle) {
  const Handle* entry = TRY(instance_->handles().get(handle));
  if (!entry->is_resource() || instance_->tree().linked().resources[entry->resource].tag != tag)
    return wrong_type(handle);
  return to_object(TRY(lift_own({entry->resource}, handle)));
}

Result<HostResource*> CallSide::lift_host_borrow(HostTypeTag tag, std::uint32_t handle) {
  const Handle* entry = TRY(instance_->handles().get(handle));
  if (!entry->is_resource() || instance_->tree().linked().resources[entry->resource].tag != tag)
    return wrong_type(handle);
  return to_object(TRY(lift_borrow({entry->resource}, handle)));
}

Result<std::uint32_t> CallSide::lower_host_own(HostTypeTag tag, std::unique_ptr<HostResource> object) {
  const auto& resources = instance_->tree().linked().resources;
  const auto found = std::ranges::find(resources, tag, &ResourceBinding::tag);
  if (found == resources.end()) return fail(Errc::internal, "the component knows no resource of that class");
  const auto handle = TRY(lower_own({found->canonical}, to_rep(object.get())));
  object.release();  // NOLINT(bugprone-unused-return-value): the handle owns it
  return handle;
}

void release_loans(ComponentInstance& instance, Loans& loans) noexcept {
  for (const auto handle : loans) {
    // The handle is still there: lift_own and drop refuse while it is lent.
    if (auto entry = instance.handles().get(handle)) --(*entry)->lends;
  }
  loans.clear();
}

}  // namespace wisp::component
