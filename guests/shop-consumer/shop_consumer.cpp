// Goes shopping in whatever store it is linked to: each way of passing values and handles is used on the way.
#include "consumer.h"

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

namespace {

consumer_string_t lend(std::string_view text) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())), text.size()};
}

std::string_view view(const consumer_string_t& text) {
  return {reinterpret_cast<const char*>(text.ptr), text.len};
}

std::string text_of(std::uint64_t value) {
  char digits[20];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

std::string text_of(demo_shop_store_failure_t& failure) {
  std::string text = "closed";
  if (failure.tag == DEMO_SHOP_STORE_FAILURE_UNKNOWN_ITEM) {
    text = "unknown item " + std::string{view(failure.val.unknown_item)};
  } else if (failure.tag == DEMO_SHOP_STORE_FAILURE_OUT_OF_STOCK) {
    text = "only " + text_of(failure.val.out_of_stock) + " left";
  }
  demo_shop_store_failure_free(&failure);
  return text;
}

/// A cart of the store, dropped with this object unless it is given away.
class Cart {
 public:
  explicit Cart(std::string_view customer) {
    auto name = lend(customer);
    handle_ = demo_shop_store_constructor_cart(&name);
  }
  explicit Cart(demo_shop_store_own_cart_t handle) : handle_(handle) {}
  Cart(const Cart&) = delete;
  Cart& operator=(const Cart&) = delete;
  ~Cart() {
    if (handle_.__handle != 0) demo_shop_store_cart_drop_own(handle_);
  }

  demo_shop_store_borrow_cart_t borrow() const { return demo_shop_store_borrow_cart(handle_); }
  demo_shop_store_own_cart_t give() { return std::exchange(handle_, {0}); }

  std::string add(std::string_view item, std::uint32_t count) {
    auto name = lend(item);
    std::uint32_t held;
    demo_shop_store_failure_t failure;
    return demo_shop_store_method_cart_add(borrow(), &name, count, &held, &failure) ? text_of(held)
                                                                                    : text_of(failure);
  }

 private:
  demo_shop_store_own_cart_t handle_{};
};

std::string catalog() {
  demo_shop_store_list_item_t items;
  demo_shop_store_catalog(&items);
  std::string text;
  for (std::size_t i = 0; i < items.len; ++i) {
    const auto& item = items.ptr[i];
    text +=
        std::string{view(item.name)} + " " + text_of(item.price.amount) + " traits " + text_of(item.traits);
    if (item.weight.is_some) text += " grams " + text_of(static_cast<std::uint64_t>(item.weight.val * 1000));
    for (std::size_t tag = 0; tag < item.tags.len; ++tag)
      text += " #" + std::string{view(item.tags.ptr[tag])};
    text += "\n";
  }
  demo_shop_store_list_item_free(&items);
  return text;
}

std::string contents(const Cart& cart) {
  demo_shop_store_list_tuple2_item_u32_t items;
  demo_shop_store_method_cart_items(cart.borrow(), &items);
  std::string text;
  for (std::size_t i = 0; i < items.len; ++i) {
    text += text_of(items.ptr[i].f1) + " x " + std::string{view(items.ptr[i].f0.name)} + "\n";
  }
  demo_shop_store_list_tuple2_item_u32_free(&items);
  return text;
}

std::string total(const Cart& cart, demo_shop_store_currency_t currency) {
  demo_shop_store_price_t price;
  demo_shop_store_failure_t failure;
  return demo_shop_store_method_cart_total(cart.borrow(), currency, &price, &failure) ? text_of(price.amount)
                                                                                      : text_of(failure);
}

std::string errand(std::string_view customer) {
  std::string text = catalog();
  Cart first{customer};
  text += "add " + first.add("cup", 2) + "\n";
  text += "add " + first.add("anvil", 1000) + "\n";
  text += "add " + first.add("unicorn", 1) + "\n";

  Cart second{"second"}, third{"third"};
  second.add("milk", 1);
  third.add("anvil", 1);
  const bool same = demo_shop_store_method_cart_same_size(second.borrow(), third.borrow());
  text += std::string{"same size "} + (same ? "yes" : "no") + "\n";

  demo_shop_store_own_cart_t both[] = {second.give(), third.give()};
  demo_shop_store_list_own_cart_t list{both, 2};
  Cart merged{demo_shop_store_static_cart_merged(&list)};
  demo_shop_store_method_cart_take_over(first.borrow(), merged.give());

  consumer_string_t name;
  demo_shop_store_method_cart_customer(first.borrow(), &name);
  text += std::string{view(name)} + " has\n" + contents(first);
  consumer_string_free(&name);
  text += "total " + total(first, DEMO_SHOP_STORE_CURRENCY_EUR) + "\n";
  text += "in dollars " + total(first, DEMO_SHOP_STORE_CURRENCY_USD) + "\n";
  return text + "carts " + text_of(demo_shop_store_carts()) + "\n";
}

}  // namespace

void exports_demo_shop_errand_summary(consumer_string_t* customer, consumer_string_t* ret) {
  auto text = errand(view(*customer));
  text += "carts after " + text_of(demo_shop_store_carts()) + "\n";
  consumer_string_free(customer);
  consumer_string_dup_n(ret, text.data(), text.size());
}

demo_shop_store_own_cart_t exports_demo_shop_errand_started(consumer_string_t* customer) {
  Cart cart{view(*customer)};
  consumer_string_free(customer);
  return cart.give();
}

bool exports_demo_shop_errand_buy(demo_shop_store_borrow_cart_t cart, consumer_string_t* name,
                                  std::uint32_t count, std::uint32_t* ret, demo_shop_store_failure_t* err) {
  const bool ok = demo_shop_store_method_cart_add(cart, name, count, ret, err);
  consumer_string_free(name);
  demo_shop_store_cart_drop_borrow(cart);
  return ok;
}

std::uint32_t exports_demo_shop_errand_search(std::uint32_t times, std::uint32_t size) {
  const std::string name(size, 'x');
  std::uint32_t found = 0;
  for (std::uint32_t i = 0; i < times; ++i) {
    auto lent = lend(name);
    demo_shop_store_item_t item;
    if (!demo_shop_store_find(&lent, &item)) continue;
    demo_shop_store_item_free(&item);
    ++found;
  }
  return found;
}
