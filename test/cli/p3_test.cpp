#include "process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

/// Commands of WASI 0.3, and of both versions at once.
namespace wisp::e2e {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> p3(const std::vector<std::string>& arguments, std::vector<std::string> options = {},
                            const char* name = "p3-cli") {
  options.insert(options.begin(), "run");
  options.push_back(guest(name));
  options.insert(options.end(), arguments.begin(), arguments.end());
  return options;
}

std::string pattern(std::size_t length) {
  std::string text(length, '\0');
  for (std::size_t i = 0; i < length; ++i) text[i] = static_cast<char>('!' + i * 7 % 90);
  return text;
}

TEST(P3, ACommandAnswersAsOneOf02Does) {
  struct Row {
    std::string what;
    std::vector<std::string> arguments;
    std::string input;
    int status;
    std::string out, err;
  };
  const std::string much = pattern(3'000'000);
  const Row rows[] = {
      {"arguments", {"args", "a", "größe", "--env"}, "", 0, "a\ngröße\n--env\n", ""},
      {"stdin to stdout", {"cat"}, "one\ntwo\n", 0, "one\ntwo\n", ""},
      {"empty stdin", {"cat"}, "", 0, "", ""},
      {"much", {"cat"}, much, 0, much, ""},
      {"stdin's stream is stdout's", {"splice"}, "one\ntwo\n", 0, "one\ntwo\n", ""},
      {"much of it", {"splice"}, much, 0, much, ""},
      {"stderr", {"err", "oh no"}, "", 0, "", "oh no"},
      {"a read that is cancelled takes nothing", {"probe"}, "whole\n", 0, "whole\n", ""},
      {"run answers with an error", {"no such verb"}, "", 1, "", ""},
      {"an exit code", {"exit", "77"}, "", 77, "", ""},
      {"a clock", {"sleep", "5"}, "", 0, "slept\n", ""},
      {"the outcome of a write is nobody's business", {"early"}, "", 0, "left behind\n", ""},
      {"a task that goes on after its answer", {"late"}, "", 0, "late\n", ""},
      {"randomness", {"random", "1000"}, "", 0, "1000\n", ""},
      {"more randomness than is given at once", {"random", "100000000000"}, "", 0, "67108864\n", ""},
  };
  for (const auto* name : {"p3-cli", "p3-cli-0.3.0"}) {
    for (const auto& row : rows) {
      const auto outcome = wisp(p3(row.arguments, {}, name), {.input = row.input});
      EXPECT_EQ(outcome.status, row.status) << name << ": " << row.what << outcome.err;
      EXPECT_EQ(outcome.out == row.out, true)
          << name << ": " << row.what << ": " << outcome.out.substr(0, 200);
      EXPECT_EQ(outcome.err, row.err) << name << ": " << row.what;
    }
  }
}

TEST(P3, FilesAreReadAndWrittenByStreams) {
  const Folder folder;
  const std::string much = pattern(1'000'000);
  folder.write("much", much);
  folder.write("empty", "");
  const std::string grant = folder.path() + "::/";
  const auto run = [&](const std::vector<std::string>& arguments, const std::string& input = "") {
    return wisp(p3(arguments, {"--dir", grant}), {.input = input});
  };
  EXPECT_EQ(run({"read", "much"}).out == much, true);
  EXPECT_EQ(run({"read", "much", "999990"}).out, much.substr(999'990));
  EXPECT_EQ(run({"read", "much", "1000000"}).out, "");
  EXPECT_EQ(run({"read", "empty"}).out, "");
  EXPECT_EQ(run({"copy", "much", "copy"}).status, 0);
  EXPECT_EQ(read_file(folder.path("copy")) == much, true);
  EXPECT_EQ(run({"save", "saved"}, much).status, 0);
  EXPECT_EQ(read_file(folder.path("saved")) == much, true);
  EXPECT_EQ(run({"append", "notes", "one, "}).status, 0);
  EXPECT_EQ(run({"append", "notes", "two"}).status, 0);
  EXPECT_EQ(read_file(folder.path("notes")), "one, two");

  // What is wrong comes with the future: 11 is invalid, 13 is-directory, 19 no-entry, 23 not-directory.
  EXPECT_EQ(run({"read", "much", "18446744073709551615"}).err, "stream: error 11\n");
  EXPECT_EQ(run({"read", "."}).err, "stream: error 13\n");
  EXPECT_EQ(run({"read", "missing"}).err, "missing: error 19\n");
  EXPECT_EQ(run({"read", "missing"}).status, 1);
}

TEST(P3, DirectoriesAreStreamsOfEntries) {
  const Folder folder;
  std::vector<std::string> names;
  // More than one batch of the host, and no multiple of what the guest reads at a time.
  for (int i = 0; i < 200; ++i) {
    names.push_back("file-" + std::to_string(i));
    folder.write(names.back(), "");
  }
  const auto outcome = wisp(p3({"list", "."}, {"--dir", folder.path() + "::/"}));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  for (auto& name : names) EXPECT_THAT(outcome.out, HasSubstr("5 " + name + "\n"));
  EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 200);
}

TEST(P3, ReadOnlyDirectoriesStaySo) {
  const Folder folder;
  folder.write("file", "content");
  const auto outcome = wisp(p3({"append", "file", "more"}, {"--dir", folder.path() + "::/:ro"}));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(read_file(folder.path("file")), "content");
}

TEST(P3, OutputComesOutWhenItIsWritten) {
  Process process(p3({"cat"}), {.input = "READY", .keep_input_open = true});
  EXPECT_TRUE(process.wait_for_output("READY"));
  process.close_input();
  EXPECT_EQ(process.wait().status, 0);
}

TEST(P3, CtrlCEndsACommandThatWaits) {
  struct Row {
    std::vector<std::string> arguments;
    std::string input;
    std::string first;  ///< of the output, before the signal
  };
  const Row rows[] = {{{"cat"}, "x", "x"}, {{"splice"}, "x", "x"}};
  for (const auto& row : rows) {
    Process process(p3(row.arguments), {.input = row.input, .keep_input_open = true});
    EXPECT_TRUE(process.wait_for_output(row.first));
    process.signal(SIGINT);
    EXPECT_EQ(process.wait().status, 130) << row.arguments[0];
  }
}

TEST(P3, BothVersionsInOneComponent) {
  const auto outcome = wisp({"run", guest("p3-mixed")});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "one, by libc\ntwo, by a stream\nthree, by libc\n");
}

}  // namespace
}  // namespace wisp::e2e
