// Core modules for WASI preview 1 (the .wat files here), run through the adapter.
#include "process.hpp"

#include <gtest/gtest.h>

namespace wisp::e2e {
namespace {

std::string module(std::string_view name) {
  return std::string(WISP_WAT_DIR "/").append(name).append(".wasm");
}

TEST(Preview1, AModuleMayTakeAllItsMemoryForItsOwn) {
  const auto outcome =
      wisp({"run", "--adapter", "--env", "NAME=value", module("preview1_memory"), "argument", "2nd"},
           {.input = "input"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "argument\nNAME=value\ninput\npassive\n");
}

TEST(Preview1, WhatIsOutOfBoundsTraps) {
  for (const char place : std::string_view("abcdefghi")) {
    const auto outcome = wisp({"run", "--adapter", module("preview1_bounds"), std::string(1, place)});
    EXPECT_EQ(outcome.status, 134) << place << outcome.err;
  }
  EXPECT_EQ(wisp({"run", "--adapter", module("preview1_bounds"), "j"}).status, 0);
}

TEST(Preview1, ReadsAndWritesOfNothingLookAtTheDescriptor) {
  const auto outcome = wisp({"run", "--adapter", module("preview1_buffers")}, {.input = "input"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
}

}  // namespace
}  // namespace wisp::e2e
