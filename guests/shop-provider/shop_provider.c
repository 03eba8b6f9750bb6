// A store: exports a resource with state, and functions over records, variants, flags, options and lists.
#include <stdlib.h>
#include <string.h>
#include "provider.h"

#define STOCK 100

struct exports_demo_shop_store_cart_t {
  char* customer;
  uint32_t counts[3];
};

static const struct {
  const char* name;
  uint64_t cents;
  uint8_t traits;
  double weight;  // negative: unknown
  const char* tags[2];
} kGoods[3] = {
    {"cup", 450, EXPORTS_DEMO_SHOP_STORE_TRAITS_FRAGILE, 0.25, {"kitchen", "gift"}},
    {"anvil", 9900, EXPORTS_DEMO_SHOP_STORE_TRAITS_HEAVY, 80, {"forge", NULL}},
    {"milk",
     120,
     EXPORTS_DEMO_SHOP_STORE_TRAITS_PERISHABLE | EXPORTS_DEMO_SHOP_STORE_TRAITS_HEAVY,
     -1,
     {NULL, NULL}},
};

static uint32_t alive = 0;

static int position_of(const provider_string_t* name) {
  for (int i = 0; i < 3; ++i) {
    if (strlen(kGoods[i].name) == name->len && memcmp(kGoods[i].name, name->ptr, name->len) == 0) return i;
  }
  return -1;
}

static void describe(int position, exports_demo_shop_store_item_t* item) {
  provider_string_dup(&item->name, kGoods[position].name);
  item->price.amount = kGoods[position].cents;
  item->price.currency = EXPORTS_DEMO_SHOP_STORE_CURRENCY_EUR;
  item->traits = kGoods[position].traits;
  item->weight.is_some = kGoods[position].weight >= 0;
  item->weight.val = kGoods[position].weight;
  item->tags.len = 0;
  item->tags.ptr = NULL;
  for (int i = 0; i < 2 && kGoods[position].tags[i]; ++i) {
    if (!item->tags.ptr) item->tags.ptr = calloc(2, sizeof *item->tags.ptr);
    provider_string_dup(&item->tags.ptr[item->tags.len++], kGoods[position].tags[i]);
  }
}

static uint32_t size_of(const exports_demo_shop_store_cart_t* cart) {
  return cart->counts[0] + cart->counts[1] + cart->counts[2];
}

exports_demo_shop_store_own_cart_t exports_demo_shop_store_constructor_cart(provider_string_t* customer) {
  exports_demo_shop_store_cart_t* cart = calloc(1, sizeof *cart);
  cart->customer = calloc(1, customer->len + 1);
  memcpy(cart->customer, customer->ptr, customer->len);
  provider_string_free(customer);
  ++alive;
  return exports_demo_shop_store_cart_new(cart);
}

void exports_demo_shop_store_cart_destructor(exports_demo_shop_store_cart_t* cart) {
  --alive;
  free(cart->customer);
  free(cart);
}

void exports_demo_shop_store_method_cart_customer(exports_demo_shop_store_borrow_cart_t self,
                                                  provider_string_t* ret) {
  provider_string_dup(ret, self->customer);
}

bool exports_demo_shop_store_method_cart_add(exports_demo_shop_store_borrow_cart_t self,
                                             provider_string_t* name, uint32_t count, uint32_t* ret,
                                             exports_demo_shop_store_failure_t* err) {
  const int position = position_of(name);
  if (position < 0) {
    err->tag = EXPORTS_DEMO_SHOP_STORE_FAILURE_UNKNOWN_ITEM;
    err->val.unknown_item = *name;
    return false;
  }
  provider_string_free(name);
  if (count > STOCK - self->counts[position]) {
    err->tag = EXPORTS_DEMO_SHOP_STORE_FAILURE_OUT_OF_STOCK;
    err->val.out_of_stock = STOCK - self->counts[position];
    return false;
  }
  self->counts[position] += count;
  *ret = size_of(self);
  return true;
}

void exports_demo_shop_store_method_cart_items(exports_demo_shop_store_borrow_cart_t self,
                                               exports_demo_shop_store_list_tuple2_item_u32_t* ret) {
  ret->ptr = calloc(3, sizeof *ret->ptr);
  ret->len = 0;
  for (int i = 0; i < 3; ++i) {
    if (!self->counts[i]) continue;
    describe(i, &ret->ptr[ret->len].f0);
    ret->ptr[ret->len++].f1 = self->counts[i];
  }
  if (!ret->len) free(ret->ptr);
}

bool exports_demo_shop_store_method_cart_total(exports_demo_shop_store_borrow_cart_t self,
                                               exports_demo_shop_store_currency_t currency,
                                               exports_demo_shop_store_price_t* ret,
                                               exports_demo_shop_store_failure_t* err) {
  if (currency != EXPORTS_DEMO_SHOP_STORE_CURRENCY_EUR) {
    err->tag = EXPORTS_DEMO_SHOP_STORE_FAILURE_CLOSED;
    return false;
  }
  ret->amount = 0;
  ret->currency = currency;
  for (int i = 0; i < 3; ++i) ret->amount += kGoods[i].cents * self->counts[i];
  return true;
}

static void pour(exports_demo_shop_store_own_cart_t from, exports_demo_shop_store_cart_t* into) {
  const exports_demo_shop_store_cart_t* source = exports_demo_shop_store_cart_rep(from);
  for (int i = 0; i < 3; ++i) into->counts[i] += source->counts[i];
  exports_demo_shop_store_cart_drop_own(from);
}

void exports_demo_shop_store_method_cart_take_over(exports_demo_shop_store_borrow_cart_t self,
                                                   exports_demo_shop_store_own_cart_t other) {
  pour(other, self);
}

bool exports_demo_shop_store_method_cart_same_size(exports_demo_shop_store_borrow_cart_t self,
                                                   exports_demo_shop_store_borrow_cart_t other) {
  return size_of(self) == size_of(other);
}

exports_demo_shop_store_own_cart_t exports_demo_shop_store_static_cart_merged(
    exports_demo_shop_store_list_own_cart_t* carts) {
  provider_string_t customer;
  provider_string_dup(&customer, "merged");
  const exports_demo_shop_store_own_cart_t merged = exports_demo_shop_store_constructor_cart(&customer);
  for (size_t i = 0; i < carts->len; ++i) pour(carts->ptr[i], exports_demo_shop_store_cart_rep(merged));
  if (carts->len) free(carts->ptr);
  return merged;
}

void exports_demo_shop_store_catalog(exports_demo_shop_store_list_item_t* ret) {
  ret->len = 3;
  ret->ptr = calloc(3, sizeof *ret->ptr);
  for (int i = 0; i < 3; ++i) describe(i, &ret->ptr[i]);
}

bool exports_demo_shop_store_find(provider_string_t* name, exports_demo_shop_store_item_t* ret) {
  const int position = position_of(name);
  provider_string_free(name);
  if (position >= 0) describe(position, ret);
  return position >= 0;
}

uint32_t exports_demo_shop_store_carts(void) { return alive; }
