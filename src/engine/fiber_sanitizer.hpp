#pragma once

#include <cstddef>

#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#endif

namespace wisp::engine {

/// Tells AddressSanitizer and ThreadSanitizer of each switch between a fiber and its parent. Empty in other
/// builds. The order: before_enter, [entered, before_leave | after_leave, before_leave]…, after_enter.
class SanitizedStack {
 public:
  SanitizedStack([[maybe_unused]] std::byte* low, [[maybe_unused]] std::size_t size) {
#if __has_feature(address_sanitizer)
    low_ = low;
    size_ = size;
#endif
#if __has_feature(thread_sanitizer)
    self_ = __tsan_create_fiber(0);
#endif
  }

  /// On the parent, around the switch.
  void before_enter() noexcept {
#if __has_feature(address_sanitizer)
    __sanitizer_start_switch_fiber(&parent_fake_, low_, size_);
#endif
#if __has_feature(thread_sanitizer)
    parent_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(self_, 0);
#endif
  }
  void after_enter() noexcept {
#if __has_feature(address_sanitizer)
    __sanitizer_finish_switch_fiber(parent_fake_, nullptr, nullptr);
#endif
  }

  /// On the fiber: the first thing it does, and around each switch away.
  void entered() noexcept {
#if __has_feature(address_sanitizer)
    __sanitizer_finish_switch_fiber(nullptr, &parent_low_, &parent_size_);
#endif
  }
  void before_leave() noexcept {
#if __has_feature(address_sanitizer)
    __sanitizer_start_switch_fiber(last_ ? nullptr : &own_fake_, parent_low_, parent_size_);
#endif
#if __has_feature(thread_sanitizer)
    __tsan_switch_to_fiber(parent_, 0);
#endif
  }
  void after_leave() noexcept {
#if __has_feature(address_sanitizer)
    __sanitizer_finish_switch_fiber(own_fake_, &parent_low_, &parent_size_);
#endif
  }

  /// AddressSanitizer keeps the locals of instrumented frames in a heap of its own per stack, and frees that
  /// only when the stack is left for good: such builds enter a fiber once more before they destroy it, after
  /// last().
  static constexpr bool kNeedsLastEntry = __has_feature(address_sanitizer);
  void last() noexcept {
#if __has_feature(address_sanitizer)
    last_ = true;
#endif
  }

  /// Before the memory of the stack is unmapped.
  void forget() noexcept {
#if __has_feature(address_sanitizer)
    __asan_unpoison_memory_region(low_, size_);
#endif
#if __has_feature(thread_sanitizer)
    __tsan_destroy_fiber(self_);
#endif
  }

#if __has_feature(address_sanitizer)
 private:
  void* own_fake_ = nullptr;
  void* parent_fake_ = nullptr;
  const void* low_ = nullptr;
  const void* parent_low_ = nullptr;
  std::size_t size_ = 0;
  std::size_t parent_size_ = 0;
  bool last_ = false;
#endif
#if __has_feature(thread_sanitizer)
 private:
  void* self_ = nullptr;
  void* parent_ = nullptr;
#endif
};

}  // namespace wisp::engine
