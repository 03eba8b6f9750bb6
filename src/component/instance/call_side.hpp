#pragma once

#include "component/abi/side.hpp"
#include "component/async/channel.hpp"
#include "component/instance/component_instance.hpp"
#include "component/instance/host_function.hpp"
#include "component/instance/host_resource.hpp"
#include "component/instance/plan.hpp"

#include <boost/container/small_vector.hpp>

namespace wisp::component {

/// Handles of one instance that a call has lent; each counts in its entry's `lends`.
using Loans = boost::container::small_vector<std::uint32_t, 6>;
void release_loans(ComponentInstance& instance, Loans& loans) noexcept;

/// A channel on its way from one side to another, as the representation that Side hands on: it owns one
/// reference.
[[nodiscard]] inline Rep to_rep(ChannelRef channel) {
  return {reinterpret_cast<std::uint64_t>(channel.detach())};
}
[[nodiscard]] inline ChannelRef to_channel(Rep rep) {
  return {reinterpret_cast<Channel*>(rep.value), false};  // NOLINT(performance-no-int-to-ptr)
}

/// A component instance under the options of one lift or lower, with the borrow scope of the call (Canonical
/// ABI, LiftLowerContext). Lives on the stack of the call.
class CallSide : public Side {
 public:
  /// `scope`: set when values are lowered into a callee whose task owns the borrows; null for the calling
  /// side, which lends instead.
  CallSide(ComponentInstance& instance, const Options& options, BorrowScope* scope);
  ~CallSide() { release(); }

  [[nodiscard]] GuestMemory memory() final;
  [[nodiscard]] Result<std::uint64_t> realloc(std::uint64_t old_address, std::uint64_t old_size,
                                              std::uint32_t align, std::uint64_t new_size) final;
  [[nodiscard]] Result<Rep> lift_own(ResourceId resource, std::uint32_t handle) override;
  [[nodiscard]] Result<Rep> lift_borrow(ResourceId resource, std::uint32_t handle) override;
  [[nodiscard]] Result<std::uint32_t> lower_own(ResourceId resource, Rep rep) override;
  [[nodiscard]] Result<std::uint32_t> lower_borrow(ResourceId resource, Rep rep) override;
  [[nodiscard]] Result<Rep> lift_channel(const Type& type, std::uint32_t handle) override;
  [[nodiscard]] Result<std::uint32_t> lower_channel(const Type& type, Rep channel) override;
  void release_channel(Rep channel) noexcept override;
  [[nodiscard]] Result<std::string> lift_error_context(std::uint32_t handle) override;
  [[nodiscard]] Result<std::uint32_t> lower_error_context(std::string message) override;

  /// As above for host functions, which know a resource by its class.
  [[nodiscard]] Result<HostResource*> lift_host_own(HostTypeTag tag, std::uint32_t handle);
  [[nodiscard]] Result<HostResource*> lift_host_borrow(HostTypeTag tag, std::uint32_t handle);
  [[nodiscard]] Result<std::uint32_t> lower_host_own(HostTypeTag tag, std::unique_ptr<HostResource> object);

  /// Ends the loans of this call (Subtask.deliver_resolve).
  void release() noexcept { release_loans(*instance_, lent_); }
  /// Hands the loans to who ends them later.
  [[nodiscard]] Loans take_loans() noexcept { return std::exchange(lent_, {}); }

  [[nodiscard]] ComponentInstance& instance() const noexcept { return *instance_; }
  [[nodiscard]] const Options& options() const noexcept { return *options_; }

 private:
  ComponentInstance* instance_;
  const Options* options_;
  BorrowScope* scope_;
  Loans lent_;
};

}  // namespace wisp::component
