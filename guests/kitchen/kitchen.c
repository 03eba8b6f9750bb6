// Hands every value back as it came. What the host lowered here is moved into the result, and freed after it
// is read.
#include "kitchen.h"
#include <stdlib.h>

#define PASS_SCALAR(name, type) \
  type exports_demo_kitchen_values_pass_##name(type v) { return v; }
#define PASS(name, type) \
  void exports_demo_kitchen_values_pass_##name(type* v, type* ret) { *ret = *v; }

PASS_SCALAR(bool, bool)
PASS_SCALAR(u8, uint8_t)
PASS_SCALAR(s8, int8_t)
PASS_SCALAR(u16, uint16_t)
PASS_SCALAR(s16, int16_t)
PASS_SCALAR(u32, uint32_t)
PASS_SCALAR(s32, int32_t)
PASS_SCALAR(u64, uint64_t)
PASS_SCALAR(s64, int64_t)
PASS_SCALAR(f32, float)
PASS_SCALAR(f64, double)
PASS_SCALAR(char, uint32_t)
PASS_SCALAR(season, exports_demo_kitchen_values_season_t)
PASS_SCALAR(small, exports_demo_kitchen_values_small_t)
PASS_SCALAR(medium, exports_demo_kitchen_values_medium_t)
PASS_SCALAR(large, exports_demo_kitchen_values_large_t)
PASS(string, kitchen_string_t)
PASS(point, exports_demo_kitchen_values_point_t)
PASS(mixed, exports_demo_kitchen_values_mixed_t)
PASS(shape, exports_demo_kitchen_values_shape_t)
PASS(tuple, exports_demo_kitchen_values_eight_t)
PASS(bytes, kitchen_list_u8_t)
PASS(strings, kitchen_list_string_t)
PASS(points, exports_demo_kitchen_values_list_point_t)
PASS(nested, kitchen_list_list_option_string_t)
PASS(map, kitchen_map_string_u32_t)

// Options and results come apart in the bindings: false is none, or an error.
bool exports_demo_kitchen_values_pass_option(kitchen_option_u32_t* maybe_v, kitchen_option_u32_t* ret) {
  if (maybe_v) *ret = *maybe_v;
  return maybe_v != NULL;
}

bool exports_demo_kitchen_values_pass_result(exports_demo_kitchen_values_result_string_u32_t* v,
                                             kitchen_string_t* ret, uint32_t* err) {
  if (v->is_err) {
    *err = v->val.err;
  } else {
    *ret = v->val.ok;
  }
  return !v->is_err;
}

bool exports_demo_kitchen_values_pass_result_ok(exports_demo_kitchen_values_result_list_u8_void_t* v,
                                                kitchen_list_u8_t* ret) {
  if (!v->is_err) *ret = v->val.ok;
  return !v->is_err;
}

bool exports_demo_kitchen_values_pass_result_error(exports_demo_kitchen_values_result_void_string_t* v,
                                                   kitchen_string_t* err) {
  if (v->is_err) *err = v->val.err;
  return !v->is_err;
}

bool exports_demo_kitchen_values_pass_result_empty(exports_demo_kitchen_values_result_void_void_t* v) {
  return !v->is_err;
}

void exports_demo_kitchen_values_pass_many(
    uint64_t a, kitchen_string_t* b, exports_demo_kitchen_values_mixed_t* c, double d, kitchen_list_u8_t* e,
    exports_demo_kitchen_values_tuple5_u64_string_mixed_f64_list_u8_t* ret) {
  ret->f0 = a;
  ret->f1 = *b;
  ret->f2 = *c;
  ret->f3 = d;
  ret->f4 = *e;
}

void exports_demo_kitchen_values_nothing(void) {}

// --- handles ---

struct exports_demo_kitchen_handles_counter_t {
  uint32_t value;
};

static uint32_t alive = 0;

exports_demo_kitchen_handles_own_counter_t exports_demo_kitchen_handles_constructor_counter(uint32_t start) {
  exports_demo_kitchen_handles_counter_t* counter = malloc(sizeof *counter);
  counter->value = start;
  ++alive;
  return exports_demo_kitchen_handles_counter_new(counter);
}

void exports_demo_kitchen_handles_counter_destructor(exports_demo_kitchen_handles_counter_t* counter) {
  --alive;
  free(counter);
}

uint32_t exports_demo_kitchen_handles_method_counter_value(
    exports_demo_kitchen_handles_borrow_counter_t self) {
  return self->value;
}

uint32_t exports_demo_kitchen_handles_method_counter_increase(
    exports_demo_kitchen_handles_borrow_counter_t self, uint32_t by) {
  return self->value += by;
}

uint32_t exports_demo_kitchen_handles_static_counter_largest(
    exports_demo_kitchen_handles_borrow_counter_t a, exports_demo_kitchen_handles_borrow_counter_t b) {
  return a->value > b->value ? a->value : b->value;
}

exports_demo_kitchen_handles_own_counter_t exports_demo_kitchen_handles_static_counter_pass(
    exports_demo_kitchen_handles_own_counter_t c) {
  return c;
}

void exports_demo_kitchen_handles_pass_counters(exports_demo_kitchen_handles_list_own_counter_t* v,
                                                exports_demo_kitchen_handles_list_own_counter_t* ret) {
  *ret = *v;
}

bool exports_demo_kitchen_handles_pass_maybe(exports_demo_kitchen_handles_own_counter_t* maybe_v,
                                             exports_demo_kitchen_handles_own_counter_t* ret) {
  if (maybe_v) *ret = *maybe_v;
  return maybe_v != NULL;
}

uint32_t exports_demo_kitchen_handles_sum(exports_demo_kitchen_handles_list_borrow_counter_t* v) {
  uint32_t sum = 0;
  for (size_t i = 0; i < v->len; ++i) sum += v->ptr[i]->value;
  if (v->len) free(v->ptr);
  return sum;
}

uint32_t exports_demo_kitchen_handles_alive(void) { return alive; }
