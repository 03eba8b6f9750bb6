#include "wasi/http/field_views.hpp"

#include <algorithm>

namespace wisp::wasi::http {

namespace {

/// Lists that are compared each with each: shorter than sorting them, and without memory.
constexpr std::size_t kShort = 24;

std::string_view& name_of(FieldEntry& entry) { return std::get<0>(entry); }

}  // namespace

void spell_as_first(std::vector<FieldEntry>& entries) {
  if (entries.size() <= kShort) {
    for (auto one = entries.begin(); one != entries.end(); ++one) {
      const auto first = std::find_if(entries.begin(), one, [&](FieldEntry& other) {
        return net::http::same_name(name_of(other), name_of(*one));
      });
      if (first != one) name_of(*one) = name_of(*first);
    }
    return;
  }
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  std::vector<std::string_view*> names;
  names.reserve(entries.size());
  for (auto& entry : entries) names.push_back(&name_of(entry));
  std::ranges::stable_sort(names, [&](const auto* a, const auto* b) {
    return std::ranges::lexicographical_compare(*a, *b, {}, lower, lower);
  });
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (net::http::same_name(*names[i - 1], *names[i])) *names[i] = *names[i - 1];
  }
}

}  // namespace wisp::wasi::http
