// The callee of the micro benchmarks: does as little as can be.
#include "micro.h"
#include <stdlib.h>

uint32_t exports_demo_micro_peer_add(uint32_t a, uint32_t b) { return a + b; }

uint32_t exports_demo_micro_peer_take(micro_list_u8_t* bytes) {
  const uint32_t length = (uint32_t)bytes->len;
  micro_list_u8_free(bytes);
  return length;
}

void exports_demo_micro_peer_give(uint32_t size, micro_list_u8_t* ret) {
  ret->ptr = size ? malloc(size) : NULL;
  ret->len = size;
}
