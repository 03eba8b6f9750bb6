// The last link: descends its own frames and comes back.
#include "chain_end.h"
#include "descend.h"

static uint32_t ground(uint32_t depth) {
  (void)depth;
  return 0;
}

uint32_t exports_demo_chain_link_recurse(uint32_t depth) { return descend(depth, ground, depth); }
