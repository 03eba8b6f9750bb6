#pragma once

#include "component/async/channel.hpp"
#include "component/instance/plan.hpp"

namespace wisp::component {

class ComponentInstance;

/// Where a guest's buffer lies: an address in a memory of one instance, and the options that say how elements
/// look there. Checked when it is made; memories do not shrink.
struct GuestRegion {
  ComponentInstance* instance = nullptr;
  const Options* options = nullptr;
  const Type* element = nullptr;  ///< null: no payload
  std::uint64_t address = 0;

  /// Of element number `index`.
  [[nodiscard]] std::uint64_t at(std::uint32_t index) const;
  /// The bytes of `count` elements from number `index`, as the memory is now.
  [[nodiscard]] Result<std::byte*> bytes(std::uint32_t index, std::uint32_t count) const;
  /// Checks the canonical ABI's conditions for a buffer of `length` elements here.
  [[nodiscard]] Result<> check(std::uint32_t length) const;
};

/// Bytes of an element that is copied as it is; see Buffer::plain_size.
[[nodiscard]] std::uint32_t plain_size(const Type* element);

/// The other half of a copy between a guest and the host: knows how to make the guest's elements out of its
/// own (link/ makes them from C++ types).
class HostSource : public Source {
 public:
  /// Stores the next `count` elements at number `index` of `to`.
  [[nodiscard]] virtual Result<> give(const GuestRegion& to, std::uint32_t index, std::uint32_t count) = 0;
  /// Names the C++ element type; equal for a HostSink of the same.
  [[nodiscard]] virtual const void* element_tag() const noexcept = 0;
  /// The next element as an object of that type, to be moved from, one after the other.
  [[nodiscard]] virtual void* element(std::uint32_t offset) noexcept = 0;

 protected:
  using Source::Source;
};

class GuestSource final : public Source {
 public:
  GuestSource() : Source(0, 0) {}
  void assign(const GuestRegion& region, std::uint32_t length) noexcept;
  [[nodiscard]] const GuestRegion& region() const noexcept { return region_; }

  [[nodiscard]] Result<std::byte*> plain(std::uint32_t count) override;
  [[nodiscard]] const void* instance() const noexcept override { return region_.instance; }

 private:
  GuestRegion region_;
};

class GuestSink final : public Sink {
 public:
  GuestSink() : Sink(0, 0) {}
  void assign(const GuestRegion& region, std::uint32_t length) noexcept;
  [[nodiscard]] const GuestRegion& region() const noexcept { return region_; }

  [[nodiscard]] Result<std::byte*> plain(std::uint32_t count) override;
  [[nodiscard]] const void* instance() const noexcept override { return region_.instance; }
  [[nodiscard]] Result<> take(Source& source, std::uint32_t count) override;

 private:
  GuestRegion region_;
};

}  // namespace wisp::component
