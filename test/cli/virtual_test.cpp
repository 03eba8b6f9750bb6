#include "process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

/// Components that stand before WASI for others, of the same version or the other one (`--with`).
namespace wisp::e2e {
namespace {

using ::testing::HasSubstr;

struct Row {
  std::string_view asker, provider, mode, verb;
  std::string_view said;  ///< on stdout; of a trap: in the error
  int status = 0;
};

std::ostream& operator<<(std::ostream& out, const Row& row) {
  return out << row.asker << " over " << row.provider << ", " << row.mode << ' ' << row.verb;
}

Outcome ask(const Row& row) {
  return wisp({"run", "--env", "MODE=" + std::string(row.mode), "--with", guest(row.provider),
               guest(row.asker), std::string(row.verb)});
}

TEST(BridgesVirtual, SameAnswersInEitherVersion) {
  struct Answer {
    std::string_view verb, said;
  };
  // Waits of minutes pass a thousand times faster there; those of years are given up.
  constexpr Answer kAnswers[] = {
      {"time", "monotonic 7000000000 by 1000\n"},
      {"wall", "wall 1234567890.500000000 by 2.000000005\n"},
      {"wait", "later, both\n"},
      {"leave", "left\n"},
      {"many", "300 waits\n"},
  };
  for (const std::string_view asker : {"p2-asks", "p3-asks"}) {
    for (const std::string_view provider : {"p2-virtual", "p3-virtual"}) {
      for (const auto& [verb, said] : kAnswers) {
        const Row row{.asker = asker, .provider = provider, .mode = "", .verb = verb, .said = said};
        const auto outcome = ask(row);
        EXPECT_EQ(outcome.status, 0) << row << "\n" << outcome.err;
        EXPECT_EQ(outcome.out, said) << row;
        EXPECT_EQ(outcome.err, "") << row;
      }
    }
  }
}

TEST(BridgesVirtual, AWaitThatIsCancelledIsOver) {
  for (const std::string_view provider : {"p2-virtual", "p3-virtual"}) {
    const auto outcome =
        ask({.asker = "p3-asks", .provider = provider, .mode = "", .verb = "cancel", .said = ""});
    EXPECT_EQ(outcome.status, 0) << provider << outcome.err;
    EXPECT_EQ(outcome.out, "cancelled 1\n") << provider;
  }
}

TEST(BridgesVirtual, RandomBytesComeInPieces) {
  constexpr Row kRows[] = {
      // 0.2 gets all it asks for, 0.3 what there is: the provider of 0.3 gives three at once.
      {"p2-asks", "p3-virtual", "", "random", "random 100 bytes, 100 of them 52, 42\n"},
      {"p3-asks", "p2-virtual", "", "random", "random 100 bytes, 100 of them 52, 42\n"},
      {"p3-asks", "p2-virtual", "few", "random", "random 3 bytes, 3 of them 52, 42\n"},
      {"p2-asks", "p3-virtual", "", "random", "insecure 10 bytes, 10 of them 49, 43\nseed 1 2\n"},
      {"p3-asks", "p2-virtual", "", "random", "insecure 10 bytes, 10 of them 49, 43\nseed 1 2\n"},
  };
  for (const auto& row : kRows) {
    const auto outcome = ask(row);
    EXPECT_EQ(outcome.status, 0) << row << "\n" << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(row.said)) << row;
  }
}

TEST(BridgesVirtual, EnvironmentIsTheProviders) {
  constexpr Row kRows[] = {
      {"p2-asks", "p2-virtual", "", "around", "VIRTUAL=p2 in /virtual: around more\n"},
      {"p2-asks", "p3-virtual", "", "around", "VIRTUAL=p3 in /virtual: around more\n"},
      {"p3-asks", "p2-virtual", "", "around", "VIRTUAL=p2 in /virtual: around more\n"},
      {"p3-asks", "p3-virtual", "", "around", "VIRTUAL=p3 in /virtual: around more\n"},
      // Through libc, and by streams.
      {"cli", "p3-virtual", "", "args", "args\nmore\n"},
      {"p3-cli", "p2-virtual", "", "args", "more\n"},
      {"cli", "p3-virtual", "", "clock", "wall 1234567890\nmonotonic ok\n"},
  };
  for (const auto& row : kRows) {
    const auto outcome = ask(row);
    EXPECT_EQ(outcome.status, 0) << row << "\n" << outcome.err;
    EXPECT_EQ(outcome.out, row.said) << row;
  }
}

TEST(BridgesVirtual, WhatAProviderSaysIsChecked) {
  constexpr int kTrap = 134;
  constexpr Row kRows[] = {
      // Before 1970: 0.2 cannot say it.
      {"p2-asks", "p3-virtual", "before", "wall", "wall 0.000000000 by 2.000000005\n"},
      {"p2-asks", "p3-virtual", "nanoseconds", "wall", "says what is no time", kTrap},
      {"p3-asks", "p2-virtual", "nanoseconds", "wall", "says what is no time", kTrap},
      {"p3-asks", "p2-virtual", "beyond", "wall", "says what is no time", kTrap},
      {"p3-asks", "p2-virtual", "coarse", "wall", "says what is no time", kTrap},
      {"p2-asks", "p3-virtual", "many", "random", "gave 1000 random bytes instead of 100", kTrap},
      {"p3-asks", "p2-virtual", "many", "random", "gave 101 random bytes instead of 100", kTrap},
      {"p2-asks", "p3-virtual", "none", "random", "has no more random bytes", kTrap},
      {"p2-asks", "p3-virtual", "trap", "wait", "unreachable", kTrap},
      {"p3-asks", "p2-virtual", "trap", "wait", "unreachable", kTrap},
      // While the caller sleeps in poll.
      {"p2-asks", "p3-virtual", "later", "wait", "go_on", kTrap},
      // Nobody waits for that one any more.
      {"p2-asks", "p3-virtual", "later", "leave", "left\n"},
  };
  for (const auto& row : kRows) {
    const auto outcome = ask(row);
    EXPECT_EQ(outcome.status, row.status) << row << "\n" << outcome.err;
    EXPECT_THAT(row.status == 0 ? outcome.out : outcome.err, HasSubstr(row.said)) << row;
  }
}

TEST(BridgesVirtual, TheVeryVersionComesFirst) {
  // Each stands before the host's own interfaces, not before the other one.
  for (const std::string_view version : {"p2", "p3"}) {
    const auto outcome = wisp({"run", "--with", guest("p2-virtual"), "--with", guest("p3-virtual"),
                               guest(std::string(version) + "-asks"), "around"});
    EXPECT_EQ(outcome.status, 0) << version << outcome.err;
    EXPECT_EQ(outcome.out, "VIRTUAL=" + std::string(version) + " in /virtual: around more\n");
  }
}

TEST(BridgesVirtual, APollableMayBeTheProvidersOwn) {
  constexpr Row kRows[] = {
      {"p2-asks", "p2-own-clock", "", "time", "monotonic 7 by 1\n"},
      {"p3-asks", "p2-own-clock", "", "time", "monotonic 7 by 1\n"},
      {"p3-asks", "p2-own-clock", "", "many", "300 waits\n"},
      {"p3-asks", "p2-own-clock", "", "cancel", "cancelled 1\n"},
      {"p3-asks", "p2-own-clock", "", "leave", "left\n"},
  };
  for (const auto& row : kRows) {
    const auto outcome = ask(row);
    EXPECT_EQ(outcome.status, 0) << row << outcome.err;
    EXPECT_EQ(outcome.out, row.said) << row;
    EXPECT_EQ(outcome.err, "") << row;
  }
  // An hour of the provider's.
  EXPECT_EQ(wisp({"run", "--with", guest("p2-own-clock"), guest("p3-cli"), "sleep", "3600000"}).out,
            "slept\n");
  const auto trapped = wisp({"run", "--with", guest("p2-own-clock"), guest("p3-cli"), "sleep", "77"});
  EXPECT_EQ(trapped.status, 134);
  EXPECT_THAT(trapped.err, HasSubstr("unreachable"));
}

// ---- standard streams: stdout and stderr of these providers are in each other's place

std::string lines(std::size_t bytes) {
  std::string all;
  for (std::size_t i = 0; all.size() < bytes; ++i) all += std::to_string(i * 7919) + "\n";
  return all;
}

TEST(BridgesStdio, StreamsGoThroughEitherVersion) {
  const std::string input = lines(2'000'000);
  for (const std::string_view provider : {"p2-stdio", "p3-stdio"}) {
    for (const auto& [command, verb] :
         {std::pair{"cli", "cat"}, {"p3-cli", "cat"}, {"p3-cli", "splice"}, {"p3-cli", "probe"}}) {
      const auto outcome = wisp({"run", "--with", guest(provider), guest(command), verb}, {.input = input});
      EXPECT_EQ(outcome.status, 0) << command << ' ' << verb << " over " << provider;
      EXPECT_EQ(outcome.out, "") << command << ' ' << verb << " over " << provider;
      EXPECT_TRUE(outcome.err == input) << command << ' ' << verb << " over " << provider;
    }
    for (const auto& [command, said] : {std::pair{"cli", "hello\n"}, {"p3-cli", "hello"}}) {
      const auto outcome = wisp({"run", "--with", guest(provider), guest(command), "err", "hello"});
      EXPECT_EQ(outcome.out, said) << command << " over " << provider;
      EXPECT_EQ(outcome.err, "") << command << " over " << provider;
    }
    // Nobody waits for the outcome.
    EXPECT_EQ(wisp({"run", "--with", guest(provider), guest("p3-cli"), "early"}).err, "left behind\n");
  }
}

TEST(BridgesStdio, AProvidersStreamsMayBeFiles) {
  const Folder folder;
  const std::string input = lines(500'000);
  for (const std::string_view verb : {"cat", "splice"}) {
    folder.write("in", input);
    const auto outcome = wisp({"run", "--env", "MODE=files", "--dir", folder.path() + "::/data", "--with",
                               guest("p2-stdio"), guest("p3-cli"), std::string(verb)});
    EXPECT_EQ(outcome.status, 0) << verb << outcome.err;
    EXPECT_TRUE(read_file(folder.path("out")) == input) << verb;
    std::filesystem::remove(folder.path("out"));
  }
  const auto denied =
      wisp({"run", "--env", "MODE=files", "--with", guest("p2-stdio"), guest("p3-cli"), "cat"});
  EXPECT_EQ(denied.status, 134) << "what nobody was given nobody has";
}

TEST(BridgesStdio, BytesOutOfAProvidersMemory) {
  const auto outcome =
      wisp({"run", "--env", "MODE=text", "--with", guest("p3-stdio"), guest("p2-asks"), "head"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "100000 read, 100000 of them T\n");
}

TEST(BridgesStdio, ErrorsAreCarriedOver) {
  struct Case {
    std::string_view command, provider, mode, verb;
    int status;
    std::string_view said;  ///< in what the process wrote, anywhere
  };
  constexpr Case kCases[] = {
      {"cli", "p3-stdio", "fail", "cat", 1, "read: I/O error"},
      {"cli", "p3-stdio", "pipe", "cat", 1, "write: I/O error"},
      {"p3-cli", "p3-stdio", "fail", "cat", 1, ""},
      {"cli", "p3-stdio", "trap", "cat", 134, "unreachable"},
      {"p3-cli", "p2-stdio", "trap", "cat", 134, "unreachable"},
  };
  for (const auto& row : kCases) {
    const auto outcome = wisp({"run", "--env", "MODE=" + std::string(row.mode), "--with", guest(row.provider),
                               guest(row.command), std::string(row.verb)},
                              {.input = "some text\n"});
    EXPECT_EQ(outcome.status, row.status) << row.command << " over " << row.provider << ' ' << row.mode;
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr(row.said)) << row.provider << ' ' << row.mode;
  }
}

TEST(BridgesStdio, StreamsMayBeOfResourcesOfTheProviders) {
  const auto over = [](std::string_view mode, std::vector<std::string> words, std::string input = {}) {
    words.insert(words.begin(), {"run", "--env", "MODE=" + std::string(mode), "--with", guest("p2-own-stdio"),
                                 guest("p3-cli")});
    return wisp(words, {.input = std::move(input)});
  };
  const std::string input = lines(500'000);
  for (const std::string verb : {"cat", "splice", "probe"}) {
    const auto outcome = over("", {verb}, input + "small\n");
    EXPECT_EQ(outcome.status, 0) << verb << outcome.err;
    EXPECT_TRUE(outcome.out == input + "SMALL\n") << verb;
  }
  EXPECT_EQ(over("", {"err", "hello"}).err, "HELLO");
  // Nobody waits for the outcome.
  EXPECT_EQ(over("", {"early"}).out, "LEFT BEHIND\n");
  for (const std::string_view mode : {"fail", "closed", "trap"}) {
    const auto outcome = over(mode, {"cat"}, "text\n");
    EXPECT_EQ(outcome.status, 1) << mode;
    EXPECT_EQ(outcome.out, "") << mode;
    EXPECT_EQ(outcome.err.contains(guest("p2-own-stdio") + ": wasm `unreachable`"), mode == "trap")
        << outcome.err;
  }
}

TEST(BridgesStdio, WhoWaitsForAReaderCanBeEnded) {
  // Five bytes are read and never another one: the command waits in its flush.
  Process process({"run", "--env", "MODE=little", "--with", guest("p3-stdio"), guest("cli"), "lines"});
  // Too early it ends just the same.
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait().status, 143);
}

// ---- folders

TEST(BridgesFolders, AProviderGivesLessThanItHas) {
  const Folder folder;
  std::filesystem::create_directory(folder.path("inner"));
  folder.write("inner/a", "inside");
  folder.write("b", "outside");
  struct Case {
    std::string_view command, verb, path;
    bool there;
    std::string_view said;
  };
  constexpr Case kCases[] = {
      {"cli", "read", "/virtual/a", true, "inside"}, {"cli", "list", "/virtual", true, "a\n"},
      {"cli", "read", "/virtual/../b", false, ""},   {"cli", "read", "/data/b", false, ""},
      {"p3-cli", "read", "a", true, "inside"},       {"p3-cli", "read", "b", false, ""},
      {"p3-cli", "read", "../b", false, ""},
  };
  for (const std::string_view provider : {"p2-folders", "p3-folders"}) {
    for (const auto& row : kCases) {
      const auto outcome = wisp({"run", "--dir", folder.path() + "::/data", "--with", guest(provider),
                                 guest(row.command), std::string(row.verb), std::string(row.path)});
      EXPECT_EQ(outcome.status == 0, row.there) << row.command << ' ' << row.path << " over " << provider;
      EXPECT_EQ(outcome.out, row.said) << row.command << ' ' << row.path << " over " << provider;
    }
  }
}

}  // namespace
}  // namespace wisp::e2e
