// Recursion that stays recursion: for the links of a chain.
#pragma once

#include <stdint.h>

// Calls itself `depth` times, then `bottom(argument)`, and answers what that answered plus `depth`. The empty
// statement after the call keeps it from becoming a loop; no memory is used, so that the engine's stack ends
// first.
__attribute__((noinline)) static uint32_t descend(uint32_t depth, uint32_t (*bottom)(uint32_t),
                                                  uint32_t argument) {
  uint32_t below = depth == 0 ? bottom(argument) : descend(depth - 1, bottom, argument);
  __asm__ volatile("" : "+r"(below));
  return below + (depth != 0);
}
