#pragma once

#include "component/abi/side.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace wisp::component {

/// A Side without a guest, for tests: a byte vector as memory, a bump allocator as realloc, a map as handle
/// table. Each realloc moves the memory to another place, so that a stale pointer is a use after free for the
/// sanitizers.
class FakeSide final : public Side {
 public:
  struct Call {
    std::uint64_t old_size;
    std::uint32_t align;
    std::uint64_t new_size;
    friend bool operator==(const Call&, const Call&) = default;
  };
  struct Entry {
    ResourceId resource;
    Rep rep;
    bool own;
    int lends = 0;
  };
  using Realloc =
      std::function<Result<std::uint64_t>(std::uint64_t, std::uint64_t, std::uint32_t, std::uint64_t)>;

  explicit FakeSide(ast::StringEncoding string_encoding = ast::StringEncoding::utf8,
                    PointerSize pointer_size = PointerSize::p32, std::size_t size = 1U << 16U)
      : Side(string_encoding, pointer_size), bytes(size) {}

  [[nodiscard]] GuestMemory memory() override { return {bytes.data(), bytes.size()}; }

  [[nodiscard]] Result<std::uint64_t> realloc(std::uint64_t old_address, std::uint64_t old_size,
                                              std::uint32_t align, std::uint64_t new_size) override {
    calls.push_back({old_size, align, new_size});
    if (hook) return hook(old_address, old_size, align, new_size);
    return bump(old_address, old_size, align, new_size);
  }

  /// The realloc that is used unless `hook` is set. Never hands out address 0.
  Result<std::uint64_t> bump(std::uint64_t old_address, std::uint64_t old_size, std::uint32_t align,
                             std::uint64_t new_size) {
    next = (next + align - 1) & ~(std::uint64_t{align} - 1);
    const auto address = next;
    if (new_size > limit || address > limit - new_size)
      return fail(Errc::trap_unreachable, "out of fake memory");
    next += new_size;
    if (moving || next > bytes.size()) {
      std::vector<std::byte> moved(std::max<std::size_t>(bytes.size(), next + 1024));
      std::memcpy(moved.data(), bytes.data(), bytes.size());
      bytes = std::move(moved);
    }
    if (old_size != 0) std::memmove(&bytes[address], &bytes[old_address], std::min(old_size, new_size));
    return address;
  }

  [[nodiscard]] Result<Rep> lift_own(ResourceId resource, std::uint32_t handle) override {
    const auto it = handles.find(handle);
    if (it == handles.end() || it->second.resource != resource || !it->second.own || it->second.lends != 0)
      return fail(Errc::trap_handle, "unknown handle {}", handle);
    const auto rep = it->second.rep;
    handles.erase(it);
    return rep;
  }
  [[nodiscard]] Result<Rep> lift_borrow(ResourceId resource, std::uint32_t handle) override {
    const auto it = handles.find(handle);
    if (it == handles.end() || it->second.resource != resource)
      return fail(Errc::trap_handle, "unknown handle {}", handle);
    ++it->second.lends;
    return it->second.rep;
  }
  [[nodiscard]] Result<std::uint32_t> lower_own(ResourceId resource, Rep rep) override {
    return add({resource, rep, true});
  }
  [[nodiscard]] Result<std::uint32_t> lower_borrow(ResourceId resource, Rep rep) override {
    return add({resource, rep, false});
  }

  std::uint32_t add(Entry entry) {
    handles.emplace(++last_handle, entry);
    return last_handle;
  }

  /// Copies bytes into memory at the bump pointer; their address.
  std::uint64_t put(std::span<const std::byte> data, std::uint32_t align = 1) {
    next = (next + align - 1) & ~(std::uint64_t{align} - 1);
    const auto address = next;
    next += data.size();
    if (next > bytes.size()) bytes.resize(next);
    if (!data.empty()) std::memcpy(&bytes[address], data.data(), data.size());
    return address;
  }

  std::vector<std::byte> bytes;
  std::vector<Call> calls;
  Realloc hook;
  std::map<std::uint32_t, Entry> handles;
  std::uint32_t last_handle = 0;
  std::uint64_t next = 16;
  std::uint64_t limit = 1ULL << 32;  ///< where the allocator gives up
  bool moving = true;                ///< move the memory at each realloc
};

}  // namespace wisp::component
