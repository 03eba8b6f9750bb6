#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace wisp::wasi {

/// How many of something one guest may hold at a time. Slots may outlive it. One shard.
class Quota {
 public:
  /// One of them; gives itself back when destroyed.
  class Slot {
   public:
    Slot() = default;
    Slot(Slot&& other) noexcept : used_(std::move(other.used_)) {}
    Slot& operator=(Slot&& other) noexcept {
      std::swap(used_, other.used_);
      return *this;
    }
    ~Slot() {
      if (used_) --*used_;
    }

   private:
    friend class Quota;
    explicit Slot(std::shared_ptr<std::size_t> used) : used_(std::move(used)) {}
    std::shared_ptr<std::size_t> used_;
  };

  explicit Quota(std::size_t limit) : limit_(limit) {}

  /// Empty at the limit.
  [[nodiscard]] std::optional<Slot> take() {
    if (!used_) used_ = std::make_shared<std::size_t>(0);
    if (*used_ >= limit_) return std::nullopt;
    ++*used_;
    return Slot(used_);
  }

 private:
  std::size_t limit_;
  std::shared_ptr<std::size_t> used_;
};

}  // namespace wisp::wasi
