#include "component/abi/side.hpp"

namespace wisp::component {

Unexpected GuestMemory::out_of_bounds(std::uint64_t address, std::uint64_t length) {
  return fail(Errc::trap_memory, "content out-of-bounds: {} bytes at {:#x} are not all inside the memory",
              length, address);
}

Unexpected GuestMemory::misaligned(std::uint64_t address, std::uint32_t align) {
  return fail(Errc::trap_abi, "unaligned pointer: {:#x} is not a multiple of {}", address, align);
}

Unexpected Side::over_budget(std::uint64_t bytes) {
  return fail(Errc::trap_limit, "the call passes too much data: {} more bytes than it may", bytes);
}

Result<> check_allocation(const GuestMemory& memory, std::uint64_t address, std::uint32_t align,
                          std::uint64_t size) {
  if ((address & (align - 1)) != 0) [[unlikely]]
    return fail(Errc::trap_abi, "unaligned pointer: realloc return: result not aligned: {:#x} to {}", address,
                align);
  if (!memory.range(address, size)) [[unlikely]]
    return fail(Errc::trap_memory,
                "realloc return: beyond end of memory: {} bytes at {:#x}: content out-of-bounds", size,
                address);
  return {};
}

Result<std::uint64_t> reallocate(Side& side, std::uint64_t old_address, std::uint64_t old_size,
                                 std::uint32_t align, std::uint64_t new_size) {
  const auto address = TRY(side.realloc(old_address, old_size, align, new_size));
  TRY(check_allocation(side.memory(), address, align, new_size));
  return address;
}

Result<Rep> Side::lift_channel(const Type&, std::uint32_t) {
  return fail(Errc::internal, "streams and futures cannot be read here");
}

Result<std::uint32_t> Side::lower_channel(const Type&, Rep) {
  return fail(Errc::internal, "streams and futures cannot be put here");
}

void Side::release_channel(Rep) noexcept {}

Result<std::string> Side::lift_error_context(std::uint32_t) {
  return fail(Errc::internal, "error contexts cannot be read here");
}

Result<std::uint32_t> Side::lower_error_context(std::string) {
  return fail(Errc::internal, "error contexts cannot be put here");
}

}  // namespace wisp::component
