// Holds tokens until it ends.
#include "token_consumer.h"

void exports_demo_token_holder_hold(uint32_t first, uint32_t count, exports_demo_token_holder_ending_t how) {
  for (uint32_t i = 0; i < count; ++i) {
    const demo_token_tokens_own_token_t token = demo_token_tokens_constructor_token(first + i);
    if (i == 0) demo_token_tokens_token_drop_own(token);
  }
  if (how == EXPORTS_DEMO_TOKEN_HOLDER_ENDING_TRAP) __builtin_trap();
}
