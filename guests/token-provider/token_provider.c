// Tokens whose end is told to the host. The destructor of TRAPPER traps, that of SPINNER never ends.
#include "token_provider.h"
#include <stdlib.h>

#define TRAPPER 1000
#define SPINNER 2000

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
