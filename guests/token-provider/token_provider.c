// Tokens whose end is told to the host. The destructor of SPINNER never ends, that of TRAPPER traps.
#include "token_provider.h"
#include <stdlib.h>

#define SPINNER 0xFFFFFFFE
#define TRAPPER 0xFFFFFFFF

struct exports_demo_token_tokens_token_t {
  uint32_t id;
};

exports_demo_token_tokens_own_token_t exports_demo_token_tokens_constructor_token(uint32_t id) {
  exports_demo_token_tokens_token_t* token = malloc(sizeof *token);
  token->id = id;
  return exports_demo_token_tokens_token_new(token);
}

void exports_demo_token_tokens_token_destructor(exports_demo_token_tokens_token_t* token) {
  volatile uint32_t turns = 0;
  if (token->id == SPINNER)
    for (;;) ++turns;
  if (token->id == TRAPPER) __builtin_trap();
  demo_token_log_dropped(token->id);
  free(token);
}
