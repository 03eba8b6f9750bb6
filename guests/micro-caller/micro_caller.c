// The caller of the micro benchmarks: loops around its peer, which is the host or another component.
#include "micro_caller.h"
#include <stdlib.h>

uint32_t exports_demo_micro_drive_add(uint32_t times) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < times; ++i) sum = demo_micro_peer_add(sum, i);
  return sum;
}

uint32_t exports_demo_micro_drive_take(uint32_t times, uint32_t size) {
  micro_caller_list_u8_t bytes = {calloc(1, size + 1), size};
  uint32_t sum = 0;
  for (uint32_t i = 0; i < times; ++i) sum += demo_micro_peer_take(&bytes);
  free(bytes.ptr);
  return sum;
}

uint32_t exports_demo_micro_drive_give(uint32_t times, uint32_t size) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < times; ++i) {
    micro_caller_list_u8_t bytes;
    demo_micro_peer_give(size, &bytes);
    sum += (uint32_t)bytes.len;
    micro_caller_list_u8_free(&bytes);
  }
  return sum;
}
