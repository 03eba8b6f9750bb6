// What happens to a guest when a component behind it (--with) ends badly.
#include "process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wisp::e2e {
namespace {

using ::testing::HasSubstr;

struct CrashRow {
  std::string_view call;
  int status;
  std::string_view out;  // part of what is printed; of stderr when the status is not 0
};

TEST(Companions, CrashInTheInterfacesOwnErrorWhereItHasOne) {
  const CrashRow rows[] = {
      {"tell(optional-text, trap)", 0,
       "internal-error: the component build/guests/fault-provider.wasm trapped: wasm"},
      {"tell(optional-text, trap)", 0, "; then 1"},
      {"tell(text, nonsense)", 0, "trapped: invalid utf-8 in a string; then fine"},
      {"tell(label, trap)", 0, "internal-error; then 1"},
      {"tell(job, trap)", 0, "; then internal-error: "},
      {"tell(unrelated, refuse)", 0, "closed; then"},
      {"tell(unrelated, trap)", 134, "unreachable"},
      {"tell(plain, trap)", 134, "unreachable"},
  };
  for (const auto& row : rows) {
    const auto outcome = wisp({"run", "--with-max-invocations", "100", "--invoke", std::string(row.call),
                               "--with", guest("fault-provider"), guest("fault-consumer")});
    EXPECT_EQ(outcome.status, row.status) << row.call << "\n" << outcome.err;
    EXPECT_THAT(row.status == 0 ? outcome.out : outcome.err, HasSubstr(row.out)) << row.call;
  }
}

TEST(Companions, CrashWhereTheOperatorSeesIt) {
  struct Row {
    std::string_view call;
    std::vector<std::string> said;  // on stderr; none: nothing at all
  };
  const std::string provider = guest("fault-provider");
  const Row rows[] = {
      {"tell(optional-text, trap)",
       {"error[E0401]: " + provider + ": wasm `unreachable`", "  export      demo:fault/", "#optional-text\n",
        "  backtrace "}},
      {"tell(text, nonsense)", {"error[E0406]: " + provider + ": invalid utf-8", "#text\n"}},
      {"tell(job, trap)", {"error[E0401]: " + provider + ": wasm `unreachable`"}},
      {"tell(optional-text, answer)", {}},
      {"tell(optional-text, refuse)", {}},
  };
  for (const auto& row : rows) {
    const auto outcome = wisp({"run", "--with-max-invocations", "100", "--invoke", std::string(row.call),
                               "--with", provider, guest("fault-consumer")});
    EXPECT_EQ(outcome.status, 0) << row.call << "\n" << outcome.err;
    if (row.said.empty()) EXPECT_EQ(outcome.err, "") << row.call;
    for (const auto& part : row.said) EXPECT_THAT(outcome.err, HasSubstr(part)) << row.call;
  }
}

TEST(Companions, AreStoppedAtTheirOwnBudget) {
  const auto outcome = wisp({"run", "--cpu-budget", "50", "--invoke", "tell(optional-text, spin)", "--with",
                             guest("fault-provider"), guest("fault-consumer")});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("CPU budget of 50 ms; then 1"));
}

}  // namespace
}  // namespace wisp::e2e
