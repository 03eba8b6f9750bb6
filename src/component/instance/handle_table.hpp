#pragma once

#include "component/abi/side.hpp"

#include <cstdint>
#include <vector>

namespace wisp::component {

/// Borrows that one call has handed to its callee; the callee must have dropped them when it returns
/// (Canonical ABI, Task.num_borrows). Lives on the stack of the call.
struct BorrowScope {
  std::uint32_t borrows = 0;
};

/// An entry of the table. Borrow handles name the scope they must not outlive.
struct Handle {
  enum class Kind : std::uint8_t { free, own, borrow };
  Kind kind = Kind::free;
  std::uint32_t resource = 0;  ///< canonical ResourceId of the tree; free: index of the next free slot
  std::uint32_t lends = 0;     ///< calls that hold a borrow of this handle now
  Rep rep{};
  BorrowScope* scope = nullptr;
};

/// The one table of a component instance (Canonical ABI, "Table State"). Freed indices are reused last-in
/// first-out and zero is never valid: guests can see the numbers, so the order is part of the contract.
///
/// Owned by its instance; touched only on the instance's shard. Entries move when the table grows: pointers
/// from get() end at the next add().
class HandleTable {
 public:
  static constexpr std::uint32_t kMaxIndex = (1u << 28) - 1;

  /// `limit` bounds the live handles.
  explicit HandleTable(std::uint32_t limit);

  /// Stores an entry. Errc::trap_limit at the limit.
  [[nodiscard]] Result<std::uint32_t> add(const Handle& handle);

  /// Errc::trap_handle for zero, freed and unknown indices.
  [[nodiscard]] Result<Handle*> get(std::uint32_t index);

  /// Frees the entry and returns what it was.
  [[nodiscard]] Result<Handle> remove(std::uint32_t index);

  [[nodiscard]] std::uint32_t live() const noexcept { return live_; }

  /// Calls `visit` with each live handle; the table must not change meanwhile.
  template <class F>
  void each(F visit) {
    for (auto& slot : slots_)
      if (slot.kind != Handle::Kind::free) visit(slot);
  }

 private:
  std::vector<Handle> slots_;    // slots_[0] is never handed out
  std::uint32_t free_head_ = 0;  // 0: none
  std::uint32_t live_ = 0;
  std::uint32_t limit_;
};

}  // namespace wisp::component
