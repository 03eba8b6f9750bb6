#include "cli/access_log.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <boost/json/parse.hpp>

#include <filesystem>
#include <fstream>

namespace wisp::cli {
namespace {

net::http::AccessRecord record() {
  return {.method = "GET",
          .path_with_query = "/a?b=1",
          .authority = "localhost",
          .version = net::http::Version::http_1_1,
          .peer = {boost::asio::ip::make_address("127.0.0.1"), 54321},
          .status = 200,
          .response_bytes = 13,
          .duration = std::chrono::microseconds(1500)};
}

constexpr std::chrono::system_clock::time_point kTime{std::chrono::milliseconds(1'763'715'600'042)};

TEST(AccessLog, Line) {
  EXPECT_EQ(access_line(record(), kTime),
            "2025-11-21T09:00:00.042Z 127.0.0.1:54321 \"GET /a?b=1 HTTP/1.1\" 200 13 1.500\n");
}

TEST(AccessLog, AHostileTargetStaysOneField) {
  auto hostile = record();
  hostile.path_with_query = "/\" 500 0\n\x1b[31m";
  hostile.peer = {boost::asio::ip::make_address("::1"), 1};
  EXPECT_EQ(
      access_line(hostile, kTime),
      "2025-11-21T09:00:00.042Z [::1]:1 \"GET /\\x22\\x20500\\x200\\x0a\\x1b[31m HTTP/1.1\" 200 13 1.500\n");
}

TEST(AccessLog, Json) {
  const auto line = boost::json::parse(access_json(record(), kTime));
  EXPECT_EQ(line.at("time").as_string(), "2025-11-21T09:00:00.042Z");
  EXPECT_EQ(line.at("peer").as_string(), "127.0.0.1:54321");
  EXPECT_EQ(line.at("path").as_string(), "/a?b=1");
  EXPECT_EQ(line.at("status").as_int64(), 200);
  EXPECT_EQ(line.at("bytes").as_int64(), 13);
  EXPECT_EQ(line.at("duration_ms").as_double(), 1.5);
}

TEST(AccessLog, AppendsToAFile) {
  const auto path = std::filesystem::temp_directory_path() / ("wisp-access-" + std::to_string(getpid()));
  for (int round = 0; round < 2; ++round) {
    auto log = AccessLog::open(path.string(), OutputFormat::text);
    ASSERT_TRUE(log) << log.error().message();
    log->write(record());
  }
  std::ifstream file(path);
  std::string line;
  int lines = 0;
  while (std::getline(file, line)) ++lines;
  EXPECT_EQ(lines, 2);
  std::filesystem::remove(path);
  EXPECT_EQ(AccessLog::open("/nonexistent/log", OutputFormat::text).error().code(), Errc::system);
}

}  // namespace
}  // namespace wisp::cli
