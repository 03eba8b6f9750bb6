#include "wasi/http/field_views.hpp"

#include <gtest/gtest.h>

#include <string>

namespace wisp::wasi::http {
namespace {

TEST(FieldViews, ANameIsSpelledAsItsFirstEntry) {
  // Both ways to find that out: short lists, and long ones.
  for (const int others : {0, 4, 100}) {
    std::vector<std::string> names{"x-one", "X-Two", "X-ONE"};
    std::vector<std::string> spelled{"x-one", "X-Two", "x-one"};
    for (int i = 0; i < others; ++i) spelled.push_back(names.emplace_back("Other-" + std::to_string(i)));
    names.insert(names.end(), {"x-two", "X-one", "OTHER-0"});
    spelled.insert(spelled.end(), {"X-Two", "x-one", others == 0 ? "OTHER-0" : "Other-0"});
    std::vector<FieldEntry> entries;
    for (const auto& name : names) entries.emplace_back(name, bytes_of("v"));
    spell_as_first(entries);
    for (std::size_t i = 0; i < spelled.size(); ++i) EXPECT_EQ(std::get<0>(entries[i]), spelled[i]) << i;
  }
  std::vector<FieldEntry> none;
  spell_as_first(none);
}

}  // namespace
}  // namespace wisp::wasi::http
