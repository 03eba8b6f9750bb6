#include "process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

namespace wisp::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Usage, WrongCommandLinesEndWithStatus2) {
  struct Row {
    std::vector<std::string> arguments;
    std::string sentence, advice;
  };
  const Row rows[] = {
      {{"rnu", "x.wasm"}, "wisp has no command rnu", "meant       run?"},
      {{"--frobnicate"}, "wisp has no option --frobnicate", "wisp --help"},
      {{"run"}, "which file?", "wisp run FILE.wasm"},
      {{"run", "--evn", "A=B", "x.wasm"}, "wisp run has no option --evn", "meant       --env?"},
      {{"run", "--env"}, "--env", "wisp run --help"},
      {{"run", "--env", "=x", guest("cli")}, "--env =x has no name", "--env NAME=VALUE"},
      {{"run", "--dir", "/nonexistent::/x", guest("cli")},
       "--dir /nonexistent::/x",
       "a directory that exists"},
      {{"run", "--max-memory", "64M", guest("cli")}, "--max-memory: \"64M\" is no size", "64MiB"},
      {{"run", "--cpu-budget", "-1", guest("cli")}, "--cpu-budget", "wisp run --help"},
      {{"run", "--wasi", "telepathy", guest("cli")}, "there is no such feature", "clocks-timezone"},
      {{"run", "--features", "telepathy", guest("cli")}, "there is no such feature", "memory64"},
      {{"run", "--allow-host", "exa mple", guest("cli")}, "exa mple", ""},
      {{"run", "--invoke", "pass-u8(", guest("kitchen")}, "--invoke", ""},
      {{"run", "--invoke", "pass-u8(300)", guest("kitchen")}, "--invoke", ""},
      {{"run", "--invoke", "pas-u8(3)", guest("kitchen")},
       "exports no function pas-u8",
       "meant       pass-u8?"},
      {{"run", "--invoke", "pass-u8(1, 2)", guest("kitchen")}, "--invoke", ""},
      {{"run", ""}, "the name of a file is empty", "NAME.wasm"},
      {{"run", "--cpu-budget", "31536000001", guest("cli")}, "31536000001 is more than 31536000000", ""},
      {{"serve", "--drain-timeout", "18446744073709551615", guest("hello")}, "--drain-timeout", "--help"},
      {{"serve", "--idle-timeout", "0", guest("hello")}, "0 is less than 1", "wisp serve --help"},
      {{"serve"}, "FILE", "wisp serve --help"},
      {{"serve", "--addr", "8000", guest("hello")}, "--addr 8000 is no address", "127.0.0.1:8000"},
      {{"serve", "--shards", "0", guest("hello")}, "--shards", "wisp serve --help"},
      {{"serve", "--tls-cert", "x.pem", guest("hello")}, "--tls-cert", "wisp serve --help"},
      {{"serve", guest("hello"), "again"}, "takes no further argument again", "wisp serve --help"},
      {{"explain", "E9999"}, "there is no error E9999", "wisp explain lists them all"},
      {{"completion", "powershell"}, "powershell", "wisp completion --help"},
      {{"inspect", "-o", "yaml", guest("hello")}, "yaml", "wisp inspect --help"},
      {{"compile", guest("hello"), "-o", guest("hello")}, "would replace", "another file"},
      {{"compile", guest("hello"), "-o", "./" + guest("hello")}, "would replace", "another file"},
  };
  for (const auto& row : rows) {
    const auto outcome = wisp(row.arguments);
    EXPECT_EQ(outcome.status, 2) << row.sentence;
    EXPECT_EQ(outcome.out, "") << row.sentence;
    EXPECT_THAT(outcome.err, StartsWith("error[E0")) << row.sentence;
    EXPECT_THAT(outcome.err, HasSubstr(row.sentence));
    EXPECT_THAT(outcome.err, HasSubstr(row.advice));
  }
}

TEST(Usage, OutputThatIsLostIsAFailure) {
  for (const std::string command : {"--help", "--version", "explain", "completion bash"}) {
    const std::string line = std::string(WISP_BINARY) + " " + command + " > /dev/full 2> /dev/null";
    const int status = std::system(line.c_str());  // NOLINT(bugprone-command-processor): a shell redirects
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << command << " " << status;
    const std::string head = std::string(WISP_BINARY) + " " + command + " | true";
    EXPECT_EQ(std::system(head.c_str()), 0) << command;  // NOLINT(bugprone-command-processor)
  }
}

TEST(Usage, WhatIsGivenTwiceCountsTheLastTime) {
  const auto outcome = wisp({"run", "--cpu-budget", "1", "--cpu-budget", "50", guest("cli"), "spin"});
  EXPECT_EQ(outcome.status, 134);
  EXPECT_THAT(outcome.err, HasSubstr("50 ms"));
}

TEST(Usage, WrongCommandLinesAsJson) {
  const auto outcome = wisp({"run", "-o", "json", "--evn", "x", "y.wasm"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(boost::json::parse(outcome.err).at("error").at("name").as_string(), "usage");
}

TEST(Usage, HelpNamesOptionsWithTheirDefaults) {
  struct Row {
    std::vector<std::string> arguments;
    std::vector<std::string> texts;
  };
  const Row rows[] = {
      {{"--help"}, {"run  ", "serve  ", "compile  ", "inspect  ", "explain  ", "completion  ", "--version"}},
      {{"run", "--help"},
       {"Usage: wisp run [options] FILE [ARGUMENT]…", "--max-memory SIZE", "(default: 1GiB)",
        "--cpu-budget MS", "(default: 0)", "--with-max-invocations N", "(default: 1)", "--env K=V",
        "--invoke", "--no-cache", "--allow-precompiled"}},
      {{"serve", "-h"},
       {"--addr HOST:PORT", "(default: 127.0.0.1:8000)", "--max-invocations N", "--request-timeout MS",
        "(default: 300000)", "--max-memory SIZE", "(default: 256MiB)", "--cpu-budget MS", "(default: 10000)",
        "--tls-cert FILE", "--access-log"}},
  };
  for (const auto& row : rows) {
    const auto outcome = wisp(row.arguments);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.err, "");
    for (const auto& text : row.texts) EXPECT_THAT(outcome.out, HasSubstr(text));
  }
}

TEST(Usage, EveryOptionWithAValueHasADefault) {
  for (const auto* command : {"run", "serve", "compile", "inspect"}) {
    auto help = wisp({command, "--help"}).out;
    // An option begins at column 2 with dashes and ends where the next one begins.
    for (auto at = help.find("\n  --"); at != std::string::npos; at = help.find("\n  --", at + 1)) {
      const auto end = std::min(help.find("\n  --", at + 1), help.find("\n\n", at));
      EXPECT_NE(help.substr(at, end - at).find("default:"), std::string::npos)
          << command << help.substr(at, end - at);
    }
  }
}

TEST(Usage, WithoutACommandHelpGoesToStderr) {
  const auto outcome = wisp({});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("Usage: wisp [options] COMMAND"));
}

TEST(Usage, Version) {
  EXPECT_THAT(wisp({"--version"}).out,
              ::testing::MatchesRegex("wisp [0-9.]+ \\(wasmtime 48\\.0\\.[0-9]+\\)\n"));
  const auto json = boost::json::parse(wisp({"--version", "-o", "json"}).out);
  EXPECT_TRUE(json.at("version").is_string());
  EXPECT_TRUE(json.at("engine").is_string());
}

TEST(Explain, PrintsThePageOfACode) {
  for (const auto* code : {"E0207", "e0207", "207"}) {
    const auto outcome = wisp({"explain", code});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.out, read_file("docs/errors/E0207.md"));
  }
  const auto json = boost::json::parse(wisp({"explain", "E0207", "-o", "json"}).out);
  EXPECT_EQ(json.at("name").as_string(), "import_missing");
}

TEST(Explain, ListsAllCodes) {
  const auto list = wisp({"explain"}).out;
  EXPECT_THAT(list, HasSubstr("\nE0207  an import is not provided\n"));
  EXPECT_GT(boost::json::parse(wisp({"explain", "-o", "json"}).out).at("errors").as_array().size(), 50U);
}

TEST(Completion, KnowsCommandsAndOptions) {
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    const auto script = wisp({"completion", shell});
    EXPECT_EQ(script.status, 0);
    for (const auto* word : {"serve", "invoke", "max-invocations", "completion"})
      EXPECT_THAT(script.out, HasSubstr(word));
  }
}

TEST(Completion, OfBashWorks) {
  Folder folder;
  const auto script = folder.write("wisp.bash", wisp({"completion", "bash"}).out);
  const auto complete = [&](const std::string& words, int current) {
    const auto file = folder.path("out");
    const auto line = "bash -c 'source " + script + "; COMP_WORDS=(" + words +
                      "); COMP_CWORD=" + std::to_string(current) + "; _wisp; echo \"${COMPREPLY[@]}\"' > " +
                      file;
    EXPECT_EQ(std::system(line.c_str()), 0);  // NOLINT(bugprone-command-processor): bash is what is tested
    return read_file(file);
  };
  EXPECT_EQ(complete("wisp ser", 1), "serve\n");
  EXPECT_EQ(complete("wisp serve --max-inv", 2), "--max-invocations\n");
  EXPECT_EQ(complete("wisp completion z", 2), "zsh\n");
  EXPECT_EQ(complete("wisp run READ", 2), "README.md\n");
}

}  // namespace
}  // namespace wisp::e2e
