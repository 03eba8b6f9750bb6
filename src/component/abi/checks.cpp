#include "component/abi/checks.hpp"

namespace wisp::component {

Unexpected invalid_char(std::uint32_t bits) {
  return fail(Errc::trap_abi, "invalid `char` bit pattern: {:#x}", bits);
}

Unexpected invalid_discriminant(std::uint32_t index, std::uint32_t count) {
  return fail(Errc::trap_abi, "invalid variant discriminant: {} of {} cases", index, count);
}

Unexpected list_too_long(std::uint64_t length, std::uint32_t element_size) {
  return fail(Errc::trap_abi,
              "list content out-of-bounds: {} elements of {} bytes are more than a list may have", length,
              element_size);
}

}  // namespace wisp::component
