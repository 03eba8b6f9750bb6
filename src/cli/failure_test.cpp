#include "cli/failure.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

namespace wisp::cli {
namespace {

Error missing_import() {
  return Error(Errc::import_missing, "broken.wasm imports a:b/c@1.0.0, which nothing here provides")
      .with("needed by", "a:b/c@1.0.0, function get")
      .with("try", "name a component\nthat exports it");
}

TEST(Failure, ReadsAsTheDesignSays) {
  EXPECT_EQ(render(missing_import(), Colour::off),
            "error[E0207]: broken.wasm imports a:b/c@1.0.0, which nothing here provides\n"
            "  needed by   a:b/c@1.0.0, function get\n"
            "  try         name a component\n"
            "              that exports it\n"
            "  more        wisp explain E0207\n");
}

TEST(Failure, HasColourOnATerminalOnly) {
  EXPECT_EQ(render(missing_import(), Colour::off).find('\x1b'), std::string::npos);
  EXPECT_TRUE(render(missing_import(), Colour::on).starts_with("\x1b[1;31merror[E0207]\x1b[0m: "));
}

TEST(Failure, WhatStrangersNamedCannotSteerTheTerminal) {
  Error error(Errc::trap, "call of \x1b]0;title\x07 failed");
  error.add("na\rme", "te\x1b[2Jxt");
  error.set_backtrace("  0: 0x1 - \x1b[31mred\n");
  const auto text = render(error, Colour::off);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_NE(text.find("\\x1b[31mred"), std::string::npos);
}

TEST(Failure, JsonCarriesAllOfIt) {
  Error error(Errc::trap_unreachable, "quote \" backslash \\ control \x01 no utf-8 \xff");
  error.add("try", "line\nbreak");
  error.set_backtrace("0: f\n1: g\n");
  const auto line = render_json(error);
  ASSERT_TRUE(line.ends_with("\n"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto body = boost::json::parse(line).at("error");
  EXPECT_EQ(body.at("code").as_string(), "E0401");
  EXPECT_EQ(body.at("name").as_string(), "trap_unreachable");
  EXPECT_EQ(body.at("title").as_string(), "unreachable code was executed");
  EXPECT_EQ(body.at("message").as_string(), "quote \" backslash \\ control \x01 no utf-8 \xEF\xBF\xBD");
  EXPECT_EQ(body.at("details").at(0).at("label").as_string(), "try");
  EXPECT_EQ(body.at("details").at(0).at("text").as_string(), "line\nbreak");
  EXPECT_EQ(body.at("backtrace").as_string(), "0: f\n1: g");
  EXPECT_EQ(body.at("exit_status").as_int64(), 134);
}

TEST(Failure, ExitStatuses) {
  Error left(Errc::guest_exit, "");
  left.set_exit_status(7);
  struct Row {
    Error error;
    int status;
  };
  const Row rows[] = {
      {left, 7},
      {Error(Errc::usage, ""), 2},
      {Error(Errc::wave_syntax, ""), 2},
      {Error(Errc::file_unreadable, ""), 3},
      {Error(Errc::precompiled_refused, ""), 3},
      {Error(Errc::import_missing, ""), 3},
      {Error(Errc::no_capacity, ""), 1},
      {Error(Errc::memory_limit, ""), 134},
      {Error(Errc::trap_unreachable, ""), 134},
      {Error(Errc::deadline, ""), 134},
      {Error(Errc::listen, ""), 1},
      {Error(Errc::cache, ""), 1},
      {Error(Errc::internal, ""), 1},
  };
  for (const auto& row : rows) EXPECT_EQ(exit_status(row.error), row.status) << code_text(row.error.code());
}

TEST(Failure, NamesTheFile) {
  struct Row {
    std::string message, named;
  };
  const Row rows[] = {
      {"the component imports a:b/c", "x.wasm imports a:b/c"},
      {"the file is empty", "x.wasm is empty"},
      {"unexpected end", "x.wasm: unexpected end"},
      {"x.wasm is a directory", "x.wasm is a directory"},
  };
  for (const auto& row : rows) {
    Error error(Errc::malformed, row.message);
    error.add("try", "again");
    error.set_backtrace("0: f");
    error.set_exit_status(4);
    const auto named = about("x.wasm", error);
    EXPECT_EQ(named.message(), row.named);
    EXPECT_EQ(named.code(), Errc::malformed);
    EXPECT_EQ(named.details().size(), 1U);
    EXPECT_EQ(named.backtrace(), "0: f");
    EXPECT_EQ(named.exit_status(), 4);
  }
}

}  // namespace
}  // namespace wisp::cli
