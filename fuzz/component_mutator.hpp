#pragma once

#include <cstddef>
#include <cstdint>

/// libFuzzer's own mutation, for LLVMFuzzerCustomMutator.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace wisp::fuzzing {

/// Mutates one section of a component, or of one nested in it, and puts the lengths around it right: what
/// changes is then read as a definition and not refused for its length. `data` holds `size` bytes and has
/// room for `max_size`. Returns the new size.
[[nodiscard]] std::size_t mutate_component(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                           unsigned seed);

}  // namespace wisp::fuzzing
