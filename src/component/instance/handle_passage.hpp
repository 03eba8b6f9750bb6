#pragma once

#include "component/instance/call_side.hpp"

namespace wisp::component {

/// How own handles go from one tree to another outside of calls: a resource that a tree defines is an object
/// of the host for all others. Stateless; link/ has the one implementation.
class HandlePassage {
 public:
  HandlePassage() = default;
  HandlePassage(const HandlePassage&) = delete;
  HandlePassage& operator=(const HandlePassage&) = delete;
  virtual ~HandlePassage() = default;

  /// What stands for `rep`, a resource that `tree` defines and has let go of, elsewhere.
  [[nodiscard]] virtual Rep out(Tree& tree, ResourceId resource, Rep rep) const = 0;
  /// The handle in the tree of `side`, which defines the resource; takes `object`, also when it fails.
  /// Errc::trap_handle: it belongs to another tree of that component.
  [[nodiscard]] virtual Result<std::uint32_t> back(CallSide& side, ResourceId resource, Rep object) const = 0;
};

/// One side of a copy of elements between two trees. Lives on the stack of the copy.
class PassingSide final : public Side {
 public:
  explicit PassingSide(CallSide& inner);

  [[nodiscard]] GuestMemory memory() override { return inner_.memory(); }
  [[nodiscard]] Result<std::uint64_t> realloc(std::uint64_t old_address, std::uint64_t old_size,
                                              std::uint32_t align, std::uint64_t new_size) override {
    return inner_.realloc(old_address, old_size, align, new_size);
  }
  [[nodiscard]] Result<Rep> lift_own(ResourceId resource, std::uint32_t handle) override;
  [[nodiscard]] Result<Rep> lift_borrow(ResourceId resource, std::uint32_t handle) override;
  [[nodiscard]] Result<std::uint32_t> lower_own(ResourceId resource, Rep rep) override;
  [[nodiscard]] Result<std::uint32_t> lower_borrow(ResourceId resource, Rep rep) override;
  [[nodiscard]] Result<Rep> lift_channel(const Type& type, std::uint32_t handle) override {
    return inner_.lift_channel(type, handle);
  }
  [[nodiscard]] Result<std::uint32_t> lower_channel(const Type& type, Rep channel) override {
    return inner_.lower_channel(type, channel);
  }
  void release_channel(Rep channel) noexcept override { inner_.release_channel(channel); }
  [[nodiscard]] Result<std::string> lift_error_context(std::uint32_t handle) override {
    return inner_.lift_error_context(handle);
  }
  [[nodiscard]] Result<std::uint32_t> lower_error_context(std::string message) override {
    return inner_.lower_error_context(std::move(message));
  }

 private:
  /// The one of its tree, if that defines the resource; else null.
  [[nodiscard]] const HandlePassage* passage(ResourceId resource) const;

  CallSide& inner_;
};

}  // namespace wisp::component
