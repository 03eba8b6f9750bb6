#pragma once

#include "component/instance/host_resource.hpp"
#include "component/instance/tree.hpp"

#include <boost/container/small_vector.hpp>

namespace wisp::component {

/// A component instance under the options of one lift or lower, with the borrow scope of the call (Canonical
/// ABI, LiftLowerContext). Lives on the stack of the call.
class CallSide : public Side {
 public:
  /// `scope`: set when values are lowered into a callee whose task owns the borrows; null for the calling
  /// side, which lends instead.
  CallSide(ComponentInstance& instance, const Options& options, BorrowScope* scope)
      : Side(options.encoding, options.pointer), instance_(&instance), options_(&options), scope_(scope) {
    set_budget(instance.tree().limits().lifted_bytes);
  }
  ~CallSide() { release(); }

  [[nodiscard]] GuestMemory memory() final;
  [[nodiscard]] Result<std::uint64_t> realloc(std::uint64_t old_address, std::uint64_t old_size,
                                              std::uint32_t align, std::uint64_t new_size) final;
  [[nodiscard]] Result<Rep> lift_own(ResourceId resource, std::uint32_t handle) override;
  [[nodiscard]] Result<Rep> lift_borrow(ResourceId resource, std::uint32_t handle) override;
  [[nodiscard]] Result<std::uint32_t> lower_own(ResourceId resource, Rep rep) override;
  [[nodiscard]] Result<std::uint32_t> lower_borrow(ResourceId resource, Rep rep) override;

  /// As above for host functions, which know a resource by its class.
  [[nodiscard]] Result<HostResource*> lift_host_own(HostTypeTag tag, std::uint32_t handle);
  [[nodiscard]] Result<HostResource*> lift_host_borrow(HostTypeTag tag, std::uint32_t handle);
  [[nodiscard]] Result<std::uint32_t> lower_host_own(HostTypeTag tag, std::unique_ptr<HostResource> object);

  /// Ends the loans of this call (Subtask.deliver_resolve).
  void release() noexcept;

  [[nodiscard]] ComponentInstance& instance() const noexcept { return *instance_; }

 private:
  ComponentInstance* instance_;
  const Options* options_;
  BorrowScope* scope_;
  boost::container::small_vector<std::uint32_t, 6> lent_;
};

}  // namespace wisp::component
