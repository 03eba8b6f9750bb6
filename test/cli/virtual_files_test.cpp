#include "process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>

/// Components with descriptors of their own that stand before wasi:filesystem for others, of the other
/// version: what a program does with them is what it does with the host's files.
namespace wisp::e2e {
namespace {

using ::testing::HasSubstr;

std::string big() {
  std::string all;
  for (int i = 0; i < 30'000; ++i) {
    const auto number = std::to_string(i);
    all += std::string(9 - number.size(), '0') + number + '\n';
  }
  return all;
}

/// What the providers have in memory, as files of the host.
class Files {
 public:
  Files() {
    folder_.write("a", "hello");
    folder_.write("hello.txt", "hello from memory\n");
    folder_.write("big", big());
    std::filesystem::create_directory(folder_.path("inner"));
    folder_.write("inner/deep.txt", "deep\n");
  }
  [[nodiscard]] std::vector<std::string> grant() const {
    return {"run", "--dir", folder_.path() + "::/data"};
  }

 private:
  Folder folder_;
};

std::vector<std::string> over(std::string_view provider, std::string_view mode = {}) {
  return {"run", "--env", "MODE=" + std::string(mode), "--with", guest(provider)};
}

Outcome run(std::vector<std::string> grant, std::string_view command, const std::vector<std::string>& words,
            const Setting& setting = {}) {
  grant.push_back(guest(command));
  grant.insert(grant.end(), words.begin(), words.end());
  return wisp(grant, setting);
}

std::string sorted(std::string text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::ranges::sort(lines);
  std::string out;
  for (const auto& line : lines) out += line + '\n';
  return out;
}

struct Row {
  std::string_view command, provider;
};
constexpr Row kRows[] = {{"p3-cli", "p2-files"}, {"p3-cli", "p3-files"}, {"cli", "p3-files"}};

TEST(BridgesFiles, ProgramsSayWhatTheySayOfTheHostsFiles) {
  struct Words {
    std::string_view command;
    std::vector<std::string> words;
  };
  // Paths of libc begin with the folder's name.
  const Words all[] = {
      {"p3-cli", {"tour"}},
      {"p3-cli", {"read", "big"}},
      {"p3-cli", {"read", "big", "299990"}},
      {"p3-cli", {"read", "big", "300000"}},
      {"p3-cli", {"read", "inner/deep.txt"}},
      {"p3-cli", {"read", "none"}},
      {"p3-cli", {"read", "../a"}},
      {"p3-cli", {"list", "inner"}},
      {"p3-cli", {"list", "a"}},
      {"p3-cli", {"copy", "big", "other"}},
      {"p3-cli", {"append", "hello.txt", "more"}},
      {"cli", {"files", "/data"}},
      {"cli", {"read", "/data/big"}},
      {"cli", {"read", "/data/inner/deep.txt"}},
      {"cli", {"read", "/data/none"}},
      {"cli", {"list", "/data"}},
      {"wasi-steps", {"files"}},
      {"wasi-steps", {"streams"}},
  };
  for (const auto& [command, words] : all) {
    const auto host = run(Files().grant(), command, words);
    for (const auto& row : kRows) {
      if ((row.command == "p3-cli") != (command == "p3-cli")) continue;
      const auto outcome = run(over(row.provider), command, words);
      const auto name = ::testing::PrintToString(words) + " over " + std::string(row.provider);
      EXPECT_EQ(outcome.status, host.status) << name << outcome.err;
      EXPECT_TRUE(outcome.out == host.out) << name << "\n" << outcome.out.substr(0, 2000);
      EXPECT_EQ(outcome.err, host.err) << name;
    }
  }
  for (const auto& row : kRows) {
    if (row.command != "p3-cli") continue;
    // In the order of the system.
    EXPECT_EQ(sorted(run(over(row.provider), "p3-cli", {"list", "."}).out),
              sorted(run(Files().grant(), "p3-cli", {"list", "."}).out))
        << row.provider;
    EXPECT_EQ(run(over(row.provider), "p3-cli", {"save", "new"}, {.input = big()}).status, 0) << row.provider;
  }
}

TEST(BridgesFiles, AProvidersDescriptorsMayHaveTheHostsStreams) {
  const Files files;
  auto grant = files.grant();
  grant.insert(grant.end(), {"--with", guest("p2-shelf")});
  EXPECT_TRUE(run(grant, "p3-cli", {"read", "big"}).out == big());
  EXPECT_EQ(run(grant, "p3-cli", {"copy", "big", "other"}).status, 0);
  EXPECT_EQ(run(grant, "p3-cli", {"append", "other", "the end"}).status, 0);
  EXPECT_EQ(run(grant, "p3-cli", {"read", "other", "299990"}).out, "000029999\nthe end");
  EXPECT_EQ(run(grant, "p3-cli", {"list", "inner"}).out, "5 deep.txt\n");
  EXPECT_EQ(run(grant, "p3-cli", {"read", "inner"}).err, run(files.grant(), "p3-cli", {"read", "inner"}).err);
  EXPECT_EQ(run(grant, "p3-cli", {"read", "none"}).err, "none: error 19\n");
}

TEST(BridgesFiles, WhatAProviderDoesWrongIsBounded) {
  struct Case {
    std::string_view command, provider, mode;
    std::vector<std::string> words;
    int status;
    std::string_view said;    ///< on stderr
    std::size_t written = 0;  ///< to stdout
  };
  const Case cases[] = {
      // 12: io, 22: insufficient-space, 36: other
      {"p3-cli", "p2-files", "trap", {"read", "big"}, 1, "stream: error 12\n", 65'536},
      {"p3-cli", "p2-files", "trap", {"list", "."}, 1, "stream: error 12\n", 12},
      {"p3-cli", "p2-files", "trap", {"copy", "big", "other"}, 1, "stream: error 12\n"},
      {"p3-cli", "p2-files", "flood", {"read", "big"}, 1, "stream: error 12\n"},
      {"p3-cli", "p2-files", "empty", {"read", "big"}, 1, "stream: error 12\n"},
      {"p3-cli", "p2-files", "fail", {"read", "big"}, 1, "stream: error 22\n"},
      {"p3-cli", "p2-files", "fail", {"append", "a", "x"}, 1, "stream: error 22\n"},
      {"p3-cli", "p2-files", "names", {"list", "."}, 1, "stream: error 12\n", 12},
      {"p3-cli", "p2-files", "block", {"read", "big"}, 1, "big: error 36\n"},
      {"p3-cli", "p2-files", "time", {"tour"}, 134, "has a time that is none", 0},
      {"cli", "p3-files", "fail", {"files", "/data"}, 1, "write: No space left on device\n"},
      {"cli", "p3-files", "other", {"files", "/data"}, 1, "write: I/O error\n"},
      {"cli", "p3-files", "time", {"files", "/data"}, 134, "has a time that is none", 14},
      {"cli", "p3-files", "early", {"files", "/data"}, 0, "", 63},
      {"cli", "p3-files", "trap", {"read", "/data/big"}, 0, "unreachable", 100'000},
      {"cli", "p3-files", "trap", {"files", "/data"}, 134, "has trapped before", 14},
  };
  for (const auto& row : cases) {
    const auto outcome = run(over(row.provider, row.mode), row.command, row.words);
    const auto name = std::string(row.mode) + ' ' + ::testing::PrintToString(row.words);
    EXPECT_EQ(outcome.status, row.status) << name << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(row.said)) << name;
    if (row.words[0] != "tour") EXPECT_EQ(outcome.out.size(), row.written) << name;
    // The operator is told whose crash it was.
    EXPECT_EQ(outcome.err.contains(guest(row.provider) + ": wasm `unreachable`"), row.mode == "trap") << name;
  }
}

TEST(BridgesFiles, WhoWaitsForAProviderCanBeEnded) {
  const std::pair<std::string_view, std::vector<std::string>> cases[] = {{"p3-cli", {"read", "big"}},
                                                                         {"cli", {"files", "/data"}}};
  for (const auto& [command, words] : cases) {
    auto arguments = over(command == "cli" ? "p3-files" : "p2-files", "spin");
    arguments.push_back(guest(command));
    arguments.insert(arguments.end(), words.begin(), words.end());
    Process process(arguments);
    // Too early it ends just the same.
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    process.signal(SIGTERM);
    EXPECT_EQ(process.wait().status, 143) << command;
  }
}

TEST(BridgesFiles, WhoDropsWhatAProviderNeverReadsCanBeEnded) {
  auto arguments = over("p3-files", "idle");
  arguments.insert(arguments.end(), {guest("wasi-steps"), "streams"});
  Process process(arguments);
  // The write is under way, and the stream is dropped next.
  EXPECT_TRUE(process.wait_for_output("hell'\ncheck-write: room\nwrite: ok\n"));
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait().status, 143);
}

TEST(BridgesFiles, AFileWithoutAnEndEndsWithItsReader) {
  auto arguments = over("p3-files", "endless");
  arguments.insert(arguments.end(), {guest("cli"), "read", "/data/hello.txt"});
  Process process(arguments);
  EXPECT_TRUE(process.wait_for_output("hello from memory\nhello from memory\n"));
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait().status, 143);
}

TEST(BridgesFiles, TheVeryVersionComesFirst) {
  for (const std::string_view command : {"p3-cli"}) {
    const auto outcome = wisp({"run", "--env", "MODE=fail", "--with", guest("p2-shelf"), "--with",
                               guest("p3-files"), guest(command), "read", "a"});
    EXPECT_THAT(outcome.err, HasSubstr("stream: error 22")) << "p3-files knows the mode";
  }
}

}  // namespace
}  // namespace wisp::e2e
