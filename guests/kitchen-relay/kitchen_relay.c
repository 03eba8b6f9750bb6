// Hands every value on to the kitchen it is linked to, and back what comes from there. Its counters wrap that
// kitchen's. The bindings give imported and exported types names of their own; they have one layout, hence
// the casts.
#include "kitchen_relay.h"
#include <stdlib.h>

#define PASS_SCALAR(name, type) \
  type exports_demo_kitchen_values_pass_##name(type v) { return demo_kitchen_values_pass_##name(v); }
// What came in is lent to the call and then freed.
#define PASS_COMMON(name, type)                                              \
  void exports_demo_kitchen_values_pass_##name(type##_t* v, type##_t* ret) { \
    demo_kitchen_values_pass_##name(v, ret);                                 \
    type##_free(v);                                                          \
  }
#define PASS(name, type)                                                                      \
  void exports_demo_kitchen_values_pass_##name(exports_demo_kitchen_values_##type##_t* v,     \
                                               exports_demo_kitchen_values_##type##_t* ret) { \
    demo_kitchen_values_pass_##name((demo_kitchen_values_##type##_t*)v,                       \
                                    (demo_kitchen_values_##type##_t*)ret);                    \
    exports_demo_kitchen_values_##type##_free(v);                                             \
  }

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
PASS_SCALAR(season, uint8_t)
PASS_SCALAR(small, uint8_t)
PASS_SCALAR(medium, uint16_t)
PASS_SCALAR(large, uint32_t)
PASS_COMMON(string, kitchen_relay_string)
PASS_COMMON(bytes, kitchen_relay_list_u8)
PASS_COMMON(strings, kitchen_relay_list_string)
PASS_COMMON(nested, kitchen_relay_list_list_option_string)
PASS_COMMON(map, kitchen_relay_map_string_u32)
PASS(mixed, mixed)
PASS(shape, shape)
PASS(tuple, eight)
PASS(points, list_point)

void exports_demo_kitchen_values_pass_point(exports_demo_kitchen_values_point_t* v,
                                            exports_demo_kitchen_values_point_t* ret) {
  demo_kitchen_values_pass_point((demo_kitchen_values_point_t*)v, (demo_kitchen_values_point_t*)ret);
}

bool exports_demo_kitchen_values_pass_option(kitchen_relay_option_u32_t* maybe_v,
                                             kitchen_relay_option_u32_t* ret) {
  return demo_kitchen_values_pass_option(maybe_v, ret);
}

bool exports_demo_kitchen_values_pass_result(exports_demo_kitchen_values_result_string_u32_t* v,
                                             kitchen_relay_string_t* ret, uint32_t* err) {
  const bool ok = demo_kitchen_values_pass_result((demo_kitchen_values_result_string_u32_t*)v, ret, err);
  exports_demo_kitchen_values_result_string_u32_free(v);
  return ok;
}

bool exports_demo_kitchen_values_pass_result_ok(exports_demo_kitchen_values_result_list_u8_void_t* v,
                                                kitchen_relay_list_u8_t* ret) {
  const bool ok = demo_kitchen_values_pass_result_ok((demo_kitchen_values_result_list_u8_void_t*)v, ret);
  exports_demo_kitchen_values_result_list_u8_void_free(v);
  return ok;
}

bool exports_demo_kitchen_values_pass_result_error(exports_demo_kitchen_values_result_void_string_t* v,
                                                   kitchen_relay_string_t* err) {
  const bool ok = demo_kitchen_values_pass_result_error((demo_kitchen_values_result_void_string_t*)v, err);
  exports_demo_kitchen_values_result_void_string_free(v);
  return ok;
}

bool exports_demo_kitchen_values_pass_result_empty(exports_demo_kitchen_values_result_void_void_t* v) {
  return demo_kitchen_values_pass_result_empty((demo_kitchen_values_result_void_void_t*)v);
}

void exports_demo_kitchen_values_pass_many(
    uint64_t a, kitchen_relay_string_t* b, exports_demo_kitchen_values_mixed_t* c, double d,
    kitchen_relay_list_u8_t* e, exports_demo_kitchen_values_tuple5_u64_string_mixed_f64_list_u8_t* ret) {
  demo_kitchen_values_pass_many(a, b, (demo_kitchen_values_mixed_t*)c, d, e,
                                (demo_kitchen_values_tuple5_u64_string_mixed_f64_list_u8_t*)ret);
  kitchen_relay_string_free(b);
  exports_demo_kitchen_values_mixed_free(c);
  kitchen_relay_list_u8_free(e);
}

void exports_demo_kitchen_values_nothing(void) { demo_kitchen_values_nothing(); }

// --- handles ---

struct exports_demo_kitchen_handles_counter_t {
  demo_kitchen_handles_own_counter_t inner;
};

static demo_kitchen_handles_borrow_counter_t inner_of(const exports_demo_kitchen_handles_counter_t* counter) {
  return demo_kitchen_handles_borrow_counter(counter->inner);
}

static exports_demo_kitchen_handles_own_counter_t wrapped(demo_kitchen_handles_own_counter_t inner) {
  exports_demo_kitchen_handles_counter_t* counter = malloc(sizeof *counter);
  counter->inner = inner;
  return exports_demo_kitchen_handles_counter_new(counter);
}

// Takes the inner counter out; the wrapper ends without dropping it.
static demo_kitchen_handles_own_counter_t unwrapped(exports_demo_kitchen_handles_own_counter_t outer) {
  exports_demo_kitchen_handles_counter_t* counter = exports_demo_kitchen_handles_counter_rep(outer);
  const demo_kitchen_handles_own_counter_t inner = counter->inner;
  counter->inner.__handle = 0;
  exports_demo_kitchen_handles_counter_drop_own(outer);
  return inner;
}

exports_demo_kitchen_handles_own_counter_t exports_demo_kitchen_handles_constructor_counter(uint32_t start) {
  return wrapped(demo_kitchen_handles_constructor_counter(start));
}

void exports_demo_kitchen_handles_counter_destructor(exports_demo_kitchen_handles_counter_t* counter) {
  if (counter->inner.__handle) demo_kitchen_handles_counter_drop_own(counter->inner);
  free(counter);
}

uint32_t exports_demo_kitchen_handles_method_counter_value(
    exports_demo_kitchen_handles_borrow_counter_t self) {
  return demo_kitchen_handles_method_counter_value(inner_of(self));
}

uint32_t exports_demo_kitchen_handles_method_counter_increase(
    exports_demo_kitchen_handles_borrow_counter_t self, uint32_t by) {
  return demo_kitchen_handles_method_counter_increase(inner_of(self), by);
}

uint32_t exports_demo_kitchen_handles_static_counter_largest(
    exports_demo_kitchen_handles_borrow_counter_t a, exports_demo_kitchen_handles_borrow_counter_t b) {
  return demo_kitchen_handles_static_counter_largest(inner_of(a), inner_of(b));
}

exports_demo_kitchen_handles_own_counter_t exports_demo_kitchen_handles_static_counter_pass(
    exports_demo_kitchen_handles_own_counter_t c) {
  return wrapped(demo_kitchen_handles_static_counter_pass(unwrapped(c)));
}

void exports_demo_kitchen_handles_pass_counters(exports_demo_kitchen_handles_list_own_counter_t* v,
                                                exports_demo_kitchen_handles_list_own_counter_t* ret) {
  demo_kitchen_handles_list_own_counter_t inner = {calloc(v->len + 1, sizeof *inner.ptr), v->len}, back;
  for (size_t i = 0; i < v->len; ++i) inner.ptr[i] = unwrapped(v->ptr[i]);
  demo_kitchen_handles_pass_counters(&inner, &back);
  free(inner.ptr);
  if (v->len) free(v->ptr);
  ret->len = back.len;
  ret->ptr = back.len ? calloc(back.len, sizeof *ret->ptr) : NULL;
  for (size_t i = 0; i < back.len; ++i) ret->ptr[i] = wrapped(back.ptr[i]);
  if (back.len) free(back.ptr);
}

bool exports_demo_kitchen_handles_pass_maybe(exports_demo_kitchen_handles_own_counter_t* maybe_v,
                                             exports_demo_kitchen_handles_own_counter_t* ret) {
  demo_kitchen_handles_own_counter_t inner, back;
  if (maybe_v) inner = unwrapped(*maybe_v);
  const bool is_some = demo_kitchen_handles_pass_maybe(maybe_v ? &inner : NULL, &back);
  if (is_some) *ret = wrapped(back);
  return is_some;
}

uint32_t exports_demo_kitchen_handles_sum(exports_demo_kitchen_handles_list_borrow_counter_t* v) {
  demo_kitchen_handles_list_borrow_counter_t inner = {calloc(v->len + 1, sizeof *inner.ptr), v->len};
  for (size_t i = 0; i < v->len; ++i) inner.ptr[i] = inner_of(v->ptr[i]);
  const uint32_t sum = demo_kitchen_handles_sum(&inner);
  free(inner.ptr);
  if (v->len) free(v->ptr);
  return sum;
}

uint32_t exports_demo_kitchen_handles_alive(void) { return demo_kitchen_handles_alive(); }
