#include "cli/file.hpp"

#include "cli/loader.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

namespace wisp::cli {
namespace {

using std::string_view_literals::operator""sv;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

class FileTest : public ::testing::Test {
 protected:
  FileTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "wisp-file-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~FileTest() override { std::filesystem::remove_all(folder_); }
  std::string path(std::string_view name) const { return folder_ / name; }

  std::filesystem::path folder_;
};

TEST_F(FileTest, ReadsBackWhatItWrote) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, std::size_t{300'001}}) {
    std::vector<std::byte> bytes(size, std::byte{7});
    bytes.back() = std::byte{9};
    ASSERT_TRUE(write_file(path("file"), bytes));
    const auto read = read_file(path("file"));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, bytes);
  }
  // Nothing temporary is left.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(FileTest, ReadsPipes) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const std::string content(200'000, 'x');
  std::thread writer([&] {
    FILE* file = std::fopen(path("pipe").c_str(), "w");
    std::fwrite(content.data(), 1, content.size(), file);
    std::fclose(file);
  });
  const auto read = read_file(path("pipe"));
  writer.join();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->size(), content.size());
}

TEST_F(FileTest, WritesToPipesAndDevicesWithoutReplacingThem) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  std::string got(5, '\0');
  std::thread reader([&] {
    FILE* file = std::fopen(path("pipe").c_str(), "r");
    EXPECT_EQ(std::fread(got.data(), 1, got.size(), file), got.size());
    std::fclose(file);
  });
  EXPECT_TRUE(write_file(path("pipe"), bytes_of("hello")));
  reader.join();
  EXPECT_EQ(got, "hello");
  EXPECT_TRUE(std::filesystem::is_fifo(path("pipe")));
  std::filesystem::create_symlink("/dev/null", path("null"));
  EXPECT_TRUE(write_file(path("null"), bytes_of("x")));
  EXPECT_TRUE(std::filesystem::is_symlink(path("null")));
}

TEST_F(FileTest, SaysWhyItCannot) {
  ASSERT_EQ(std::fclose(std::fopen(path("empty").c_str(), "w")), 0);
  for (const auto& name : {path("none"), folder_.string(), path("empty"), path("empty/below")}) {
    const auto read = read_file(name);
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(read.error().code(), Errc::file_unreadable) << name;
    EXPECT_EQ(read.error().details().front().label, "try") << name;
  }
  EXPECT_EQ(read_file("").error().code(), Errc::usage);
  EXPECT_EQ(write_file(path("none/file"), bytes_of("x")).error().code(), Errc::system);
  EXPECT_EQ(write_file(folder_.string(), bytes_of("x")).error().code(), Errc::system);
}

TEST(Guess, WhatAFileIs) {
  struct Row {
    std::string_view content, what;
  };
  const Row rows[] = {
      {"(component)", "WebAssembly text"},
      {"\n  (module\n", "WebAssembly text"},
      {";; comment", "WebAssembly text"},
      {"\x1f\x8b\x08", "a compressed archive"},
      {"PK\x03\x04", "a compressed archive"},
      {"\x7f"
       "ELF",
       "a native program"},
      {"package a:b;", "WIT, the description of interfaces"},
      {"Größe", "text"},
      {"\xff\xfe\0\0"sv, ""},
      {"a\0b"sv, ""},
  };
  for (const auto& row : rows) EXPECT_EQ(guess_kind(bytes_of(row.content)).what, row.what) << row.content;
}

TEST(Features, ByName) {
  EXPECT_EQ(parse_features({}).value(), 0U);
  EXPECT_EQ(parse_features({"memory64", "fixed-lists"}).value(),
            static_cast<unsigned>(WISP_FEATURE_MEMORY64) | static_cast<unsigned>(WISP_FEATURE_FIXED_LISTS));
  EXPECT_EQ(parse_features({"memory65"}).error().code(), Errc::usage);
}

}  // namespace
}  // namespace wisp::cli
