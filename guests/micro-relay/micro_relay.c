// A peer of the micro benchmarks that asks another peer: what a call costs whose callee waits.
#include "micro_relay.h"

uint32_t exports_demo_micro_peer_add(uint32_t a, uint32_t b) { return demo_micro_peer_add(a, b); }

uint32_t exports_demo_micro_peer_take(micro_relay_list_u8_t* bytes) {
  const uint32_t length = demo_micro_peer_take(bytes);
  micro_relay_list_u8_free(bytes);
  return length;
}

void exports_demo_micro_peer_give(uint32_t size, micro_relay_list_u8_t* ret) {
  demo_micro_peer_give(size, ret);
}
