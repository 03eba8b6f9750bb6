#include "base/result.hpp"

#include <gtest/gtest.h>

namespace wisp {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return fail(Errc::usage, "{} is odd", value);
  return value / 2;
}

Result<int> quarter(int value) {
  const auto once = TRY(half(value));
  return TRY(half(once));
}

TEST(Result, TryYieldsTheValueOrPassesTheErrorUp) {
  EXPECT_EQ(quarter(8), 2);
  const auto failed = quarter(6);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "3 is odd");
  EXPECT_EQ(failed.error().code(), Errc::usage);
}

TEST(Error, CarriesCodeContextAndDetails) {
  Error error = Error(Errc::import_missing, "x").in("a.wasm").with("try", "less");
  EXPECT_EQ(code_text(error.code()), "E0207");
  EXPECT_EQ(error.message(), "a.wasm: x");
  EXPECT_EQ(name(error.code()), "import_missing");
  ASSERT_EQ(error.details().size(), 1U);
  const Error copy = error;
  error.add("try", "more");
  EXPECT_EQ(copy.details()[0].text, "less");
}

}  // namespace
}  // namespace wisp
