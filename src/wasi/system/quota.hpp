#pragma once

#include "base/signal.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace wisp::wasi {

/// How much of something one guest may hold at a time: pieces, or bytes. Slots may outlive it. One shard.
class Quota {
  struct Use {
    explicit Use(std::size_t most) : limit(most) {}
    std::size_t limit;
    std::size_t used = 0;
    Signal freed;
  };

 public:
  /// A share; gives itself back when destroyed. The default one belongs to no quota and has no bound.
  class Slot {
   public:
    Slot() = default;
    Slot(Slot&& other) noexcept : use_(std::move(other.use_)), size_(std::exchange(other.size_, 0)) {}
    Slot& operator=(Slot&& other) noexcept {
      std::swap(use_, other.use_);
      std::swap(size_, other.size_);
      return *this;
    }
    ~Slot() {
      if (!use_ || size_ == 0) return;
      use_->used -= size_;
      use_->freed.fire();
    }

    /// Changes how much it is. False, and unchanged, where that exceeds the quota.
    [[nodiscard]] bool resize(std::size_t size) noexcept {
      if (!use_) return true;
      if (size > size_ && size - size_ > use_->limit - use_->used) return false;
      const bool frees = size < size_;
      use_->used += size - size_;  // wraps around and back when it shrinks
      size_ = size;
      if (frees) use_->freed.fire();
      return true;
    }

    /// Fires when a share of the quota becomes less. Not for the default slot.
    [[nodiscard]] Signal& freed() const noexcept { return use_->freed; }

    /// An empty share of the same quota.
    [[nodiscard]] Slot sibling() const { return use_ ? Slot(use_) : Slot(); }

   private:
    friend class Quota;
    explicit Slot(std::shared_ptr<Use> use) noexcept : use_(std::move(use)) {}
    std::shared_ptr<Use> use_;
    std::size_t size_ = 0;
  };

  explicit Quota(std::size_t limit) : limit_(limit) {}

  /// None where that exceeds the quota.
  [[nodiscard]] std::optional<Slot> take(std::size_t size = 1) {
    Slot slot = empty();
    if (!slot.resize(size)) return std::nullopt;
    return slot;
  }

  /// What is held now.
  [[nodiscard]] std::size_t used() const noexcept { return use_ ? use_->used : 0; }

  /// A share that is nothing yet.
  [[nodiscard]] Slot empty() {
    if (!use_) use_ = std::make_shared<Use>(limit_);
    return Slot(use_);
  }

 private:
  std::size_t limit_;
  std::shared_ptr<Use> use_;
};

}  // namespace wisp::wasi
