#include "expectation.hpp"

#include <gtest/gtest.h>

namespace wisp::wast {
namespace {

TEST(Expectation, IsMetByCodeAndMessage) {
  const struct {
    std::string_view expected;
    Errc code;
    const char* message;
    bool met;
  } rows[] = {
      {"cannot leave component instance", Errc::trap_leave, "may not be left now", true},
      {"cannot leave component instance", Errc::trap_reentrance, "may not be entered now", false},
      {"wasm trap: cannot enter component instance", Errc::trap_reentrance, "x", true},
      {"wasm trap: wasm `unreachable` instruction executed", Errc::trap_unreachable, "wasm trap: unreachable",
       true},
      {"unreachable", Errc::trap_memory, "x", false},
      {"cannot enter component instance", Errc::trap_poisoned, "trapped before", true},
      {"string pointer/length out of bounds of memory", Errc::trap_memory, "out-of-bounds: 3 bytes", true},
      {"string pointer/length out of bounds of memory", Errc::trap_memory, "something smaller", false},
      {"unknown handle index 1", Errc::trap_handle, "unknown handle index 1", true},
      {"unknown handle index 1", Errc::trap_handle, "unknown handle index 12", false},
      {"unknown handle index 1", Errc::trap_handle, "handle 1 is of another type", false},
      {"realloc return: beyond end of memory", Errc::trap_memory, "realloc return: 4 bytes at 0xffffffff",
       true},
      {"realloc return: beyond end of memory", Errc::trap_memory, "out-of-bounds", false},
      {"unaligned pointer", Errc::trap_abi, "unaligned pointer: 0x3 is not a multiple of 4", true},
      {"handle index 1 used with the wrong type, expected a but found b", Errc::trap_handle,
       "handle index 1 used with the wrong type", true},
      {"something else", Errc::trap_abi, "well, something else happened", true},
      {"something else", Errc::trap_abi, "nothing", false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(meets(row.expected, Error(row.code, row.message)), row.met) << row.expected;
}

}  // namespace
}  // namespace wisp::wast
