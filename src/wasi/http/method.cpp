#include "wasi/http/method.hpp"

#include "net/http/message.hpp"

#include <array>
#include <utility>

namespace wisp::wasi::http {

namespace {

constexpr std::array<std::string_view, 9> kMethods{"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                   "CONNECT", "OPTIONS", "TRACE", "PATCH"};

template <class T, std::size_t... I>
void choose(T& variant, std::size_t index, std::index_sequence<I...>) {
  static_cast<void>(((index == I && (variant.template emplace<I>(), true)) || ...));
}

}  // namespace

Method to_method(std::string_view token) {
  Method out;
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    if (kMethods[i] != token) continue;
    choose(out.value, i, std::make_index_sequence<kMethods.size()>());
    return out;
  }
  out.value.emplace<kMethods.size()>(token);
  return out;
}

std::string to_token(Method method) {
  if (auto* other = std::get_if<kMethods.size()>(&method.value)) return std::move(*other);
  return std::string(kMethods[method.value.index()]);
}

Scheme to_scheme(std::string_view text) {
  Scheme out;
  if (net::http::same_name(text, "http")) {
    out.value.emplace<0>();
  } else if (net::http::same_name(text, "https")) {
    out.value.emplace<1>();
  } else {
    out.value.emplace<2>(text);
  }
  return out;
}

std::string to_text(Scheme scheme) {
  if (auto* other = std::get_if<2>(&scheme.value)) return std::move(*other);
  return scheme.value.index() == 0 ? "http" : "https";
}

}  // namespace wisp::wasi::http
