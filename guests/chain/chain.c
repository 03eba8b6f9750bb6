// A link in the middle: descends its own frames, then calls the next link.
#include "chain.h"
#include "descend.h"

uint32_t exports_demo_chain_link_recurse(uint32_t depth) {
  return descend(depth, demo_chain_link_recurse, depth);
}
