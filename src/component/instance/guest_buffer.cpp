#include "component/instance/guest_buffer.hpp"

#include "component/abi/transfer.hpp"
#include "component/instance/handle_passage.hpp"
#include "component/instance/tree.hpp"

namespace wisp::component {

namespace {

std::uint32_t element_size(const GuestRegion& region) {
  return region.element != nullptr ? region.element->at(region.options->pointer).size : 0;
}

GuestMemory memory_of(const GuestRegion& region) {
  if (!region.options->memory) return {};
  return region.instance->tree().memory(*region.options->memory);
}

}  // namespace

std::uint32_t plain_size(const Type* element) {
  if (element == nullptr) return 0;
  switch (element->kind) {
    case Kind::s8:
    case Kind::u8:
    case Kind::s16:
    case Kind::u16:
    case Kind::s32:
    case Kind::u32:
    case Kind::s64:
    case Kind::u64:
    case Kind::f32:
    case Kind::f64:
      return element->at(PointerSize::p32).size;
    default:
      return Buffer::kNotPlain;
  }
}

std::uint64_t GuestRegion::at(std::uint32_t index) const {
  return address + std::uint64_t{index} * element_size(*this);
}

Result<std::byte*> GuestRegion::bytes(std::uint32_t index, std::uint32_t count) const {
  const auto range = TRY(memory_of(*this).range(at(index), std::uint64_t{count} * element_size(*this)));
  return range.data();
}

Result<> GuestRegion::check(std::uint32_t length) const {
  if (length > kMaxBuffer) return fail(Errc::trap_abi, "a buffer of {} elements is too long", length);
  if (element == nullptr || length == 0) return {};
  const Layout layout = element->at(options->pointer);
  TRY(memory_of(*this).range(address, std::uint64_t{length} * layout.size, layout.align));
  return {};
}

void GuestSource::assign(const GuestRegion& region, std::uint32_t length) noexcept {
  region_ = region;
  reset(length, component::plain_size(region.element));
}

Result<std::byte*> GuestSource::plain(std::uint32_t count) { return region_.bytes(progress(), count); }

void GuestSink::assign(const GuestRegion& region, std::uint32_t length) noexcept {
  region_ = region;
  reset(length, component::plain_size(region.element));
}

Result<std::byte*> GuestSink::plain(std::uint32_t count) { return region_.bytes(progress(), count); }

Result<> GuestSink::take(Source& source, std::uint32_t count) {
  if (source.instance() == nullptr) return static_cast<HostSource&>(source).give(region_, progress(), count);
  const GuestRegion& from = static_cast<GuestSource&>(source).region();
  Tree& other = region_.instance->tree();
  const bool crosses = &from.instance->tree() != &other;
  const TransferPlan& plan = *TRY(region_.instance->tree().element_plan(from, region_));
  CallSide reading(*from.instance, *from.options, nullptr);
  CallSide writing(*region_.instance, *region_.options, nullptr);
  if (!crosses)
    return plan.run_elements(reading, from.at(source.progress()), writing, region_.at(progress()), count);
  // Both trees may run code of their guests for it; the one that is not running now has nothing inside.
  return other.inside([&]() -> Result<> {
    if (region_.element->contains_handle) {
      PassingSide giving(reading), getting(writing);
      return plan.run_elements(giving, from.at(source.progress()), getting, region_.at(progress()), count);
    }
    return plan.run_elements(reading, from.at(source.progress()), writing, region_.at(progress()), count);
  });
}

}  // namespace wisp::component
