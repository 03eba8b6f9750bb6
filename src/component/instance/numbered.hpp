#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace wisp::component {

/// Pointers by small numbers, as the specification's tables give them out: from 1, the last freed first
/// (Canonical ABI, Table). Owned by an instance; one shard.
template <class T>
class Numbered {
 public:
  [[nodiscard]] std::uint32_t add(T& item) {
    if (items_.empty()) items_.emplace_back(nullptr);
    if (free_.empty()) {
      items_.push_back(&item);
      return static_cast<std::uint32_t>(items_.size() - 1);
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    items_[index] = &item;
    return index;
  }
  /// Null for numbers not in use.
  [[nodiscard]] T* get(std::uint32_t index) const noexcept {
    return index < items_.size() ? items_[index] : nullptr;
  }
  void remove(std::uint32_t index) {
    items_[index] = nullptr;
    free_.push_back(index);
  }
  /// The first for which `wanted` holds, in order of numbers; null if none.
  template <class F>
  [[nodiscard]] T* find(F wanted) const {
    for (T* item : items_)
      if (item != nullptr && wanted(*item)) return item;
    return nullptr;
  }

 private:
  std::vector<T*> items_;
  std::vector<std::uint32_t> free_;
};

}  // namespace wisp::component
