// Whatever is given instead of a component gets one clear sentence and what to do, with status 3.
#include "process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/json/parse.hpp>

namespace wisp::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using std::string_literals::operator""s;

/// A core module that imports one function of WASI preview 1.
std::string preview1_module() {
  return "\0asm\1\0\0\0"s + "\1\4\1\x60\0\0"s + "\2\x26\1\x16wasi_snapshot_preview1\x0bsched_yield\0\0"s;
}

class WrongFile : public ::testing::Test {
 protected:
  struct Row {
    std::string what, file, code, sentence, advice;
  };
  void check(const Row& row, const std::vector<std::string>& arguments) {
    const auto outcome = wisp(arguments);
    EXPECT_EQ(outcome.status, 3) << row.what;
    EXPECT_EQ(outcome.out, "") << row.what;
    EXPECT_THAT(outcome.err, StartsWith("error[" + row.code + "]: " + row.file)) << row.what;
    EXPECT_THAT(outcome.err, HasSubstr(row.sentence)) << row.what;
    EXPECT_THAT(outcome.err, HasSubstr("  try         " + row.advice)) << row.what;
    EXPECT_THAT(outcome.err, HasSubstr("  more        wisp explain " + row.code + "\n")) << row.what;
  }
  Folder folder_;
};

TEST_F(WrongFile, GetsASentenceAndAdvice) {
  const auto kitchen = read_file(guest("kitchen"));
  const Row rows[] = {
      {"missing", folder_.path("none.wasm"), "E0101", "does not exist", "check the path"},
      {"directory", folder_.path(), "E0101", "is a directory", "give the path of a component"},
      {"empty", folder_.write("empty.wasm", ""), "E0101", "is empty", "build it again"},
      {"text", folder_.write("readme.txt", "just some words\n"), "E0102", "but text",
       "build it into a component"},
      {"wat", folder_.write("c.wat", "(component)"), "E0102", "but WebAssembly text",
       "turn it into a binary"},
      {"wit", folder_.write("w.wit", "package a:b;\nworld w {}\n"), "E0102", "but WIT", "build a component"},
      {"gzip", folder_.write("c.gz", "\x1f\x8b\x08\0\0\0"s), "E0102", "archive", "unpack it"},
      {"native", WISP_BINARY, "E0102", "a native program", "compile for WebAssembly"},
      {"noise", folder_.write("noise", "\xff\xfe\xfd\0\1\2"s), "E0102", "not WebAssembly", "give the path"},
      {"half a preamble", folder_.write("half.wasm", "\0as"s), "E0102", "not WebAssembly", "give the path"},
      {"cut in the preamble", folder_.write("pre.wasm", "\0asm\x0d\0\1"s), "E0106",
       "ends after 7 bytes, within its preamble", "copy or build it"},
      {"core module", folder_.write("core.wasm", "\0asm\1\0\0\0"s), "E0103", "core WebAssembly module",
       "build a component"},
      {"preview 1", folder_.write("p1.wasm", preview1_module()), "E0104", "preview 1",
       "run it again with --adapter"},
      {"future version", folder_.write("future.wasm", "\0asm\x0e\0\1\0"s), "E0105", "version",
       "a newer wisp"},
      {"cut off", folder_.write("cut.wasm", kitchen.substr(0, kitchen.size() / 2)), "E0106", "",
       "copy or build it"},
      {"missing import", guest("shop-consumer"), "E0207", "imports demo:shop/store@1.2.0",
       "name a component that exports it with --with FILE"},
      {"no command", guest("kitchen"), "E0211", "is no command", "serve it if it answers HTTP"},
  };
  for (const auto& row : rows) check(row, {"run", row.file});
}

TEST_F(WrongFile, OfServeAndInspectToo) {
  const auto text = folder_.write("readme.txt", "just some words\n");
  const Row row{"text", text, "E0102", "but text", "build it into a component"};
  check(row, {"serve", text, "--addr", "127.0.0.1:0"});
  check(row, {"inspect", text});
  check(row, {"compile", text, "-o", folder_.path("x.cwasm")});
  check({"no handler", guest("cli"), "E0211", "", ""}, {"serve", guest("cli"), "--addr", "127.0.0.1:0"});
}

TEST_F(WrongFile, UnreadableOne) {
  if (::geteuid() == 0) GTEST_SKIP() << "SKIP: root reads everything";
  const auto file = folder_.write("secret.wasm", "\0asm\x0d\0\1\0"s);
  ::chmod(file.c_str(), 0);
  check({"unreadable", file, "E0101", "Permission denied", "check its permissions"}, {"run", file});
}

TEST_F(WrongFile, OfACompanionIsNamed) {
  const auto text = folder_.write("readme.txt", "just some words\n");
  check({"companion", text, "E0102", "but text", "build it"},
        {"run", "--with", text, guest("shop-consumer")});
}

TEST_F(WrongFile, AsJson) {
  const auto outcome = wisp({"run", "-o", "json", guest("shop-consumer")});
  EXPECT_EQ(outcome.status, 3);
  const auto error = boost::json::parse(outcome.err).at("error");
  EXPECT_EQ(error.at("code").as_string(), "E0207");
  EXPECT_EQ(error.at("name").as_string(), "import_missing");
  EXPECT_EQ(error.at("exit_status").as_int64(), 3);
  EXPECT_FALSE(error.at("details").as_array().empty());
}

TEST_F(WrongFile, NamesCannotSteerTheTerminal) {
  const auto outcome = wisp({"run", "no\x1b[2Jsuch.wasm"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(outcome.err.find('\x1b'), std::string::npos);
}

TEST_F(WrongFile, APreview1ModuleRunsWithTheAdapter) {
  // (module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
  //   (memory (export "memory") 1) (func (export "_start") call 0 drop))
  const auto module =
      folder_.write("command.wasm", "\0asm\1\0\0\0"s + "\1\x08\2\x60\0\1\x7f\x60\0\0"s +
                                        "\2\x26\1\x16wasi_snapshot_preview1\x0bsched_yield\0\0"s +
                                        "\3\2\1\1"s + "\5\3\1\0\1"s + "\7\x13\2\6memory\2\0\6_start\0\1"s +
                                        "\x0a\7\1\5\0\x10\0\x1a\x0b"s);
  EXPECT_EQ(wisp({"run", module}).status, 3);
  const auto outcome = wisp({"run", "--adapter", module});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

}  // namespace
}  // namespace wisp::e2e
