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

class Waitable;
class WaitableSet;
struct ErrorContext;

/// An entry of the table. Borrow handles name the scope they must not outlive. What is no resource is owned
/// by the entry, through its address.
struct Handle {
  enum class Kind : std::uint8_t { free, own, borrow, waitable, waitable_set, error_context };
  Kind kind = Kind::free;
  std::uint32_t resource = 0;  ///< canonical ResourceId of the tree; free: index of the next free slot
  std::uint32_t lends = 0;     ///< calls that hold a borrow of this handle now
  Rep rep{};
  BorrowScope* scope = nullptr;

  [[nodiscard]] bool is_resource() const noexcept { return kind == Kind::own || kind == Kind::borrow; }
  template <class T>
  [[nodiscard]] T* object() const noexcept {
    return reinterpret_cast<T*>(rep.value);  // NOLINT(performance-no-int-to-ptr)
  }
  /// An entry that owns `object`, once it is in a table.
  template <class T>
  [[nodiscard]] static Handle owning(Kind kind, T* object) noexcept {
    return {.kind = kind, .rep = {reinterpret_cast<std::uint64_t>(object)}};
  }
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
