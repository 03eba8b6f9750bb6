// Guests that take without end: each is stopped by a limit of its own, with that limit's error, and nobody
// else notices.
#include "http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wisp::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Far more than a limit lets a guest make the process hold, far less than what it would without one.
constexpr std::size_t kMuchMemory = std::size_t{1} << 30;

/// The most memory that the process has ever had, in bytes.
std::size_t peak_memory(int process) {
  const auto status = read_file("/proc/" + std::to_string(process) + "/status");
  const auto at = status.find("VmHWM:");
  return at == std::string::npos ? 0 : std::stoul(status.substr(at + 6)) << 10;
}

TEST(Abuse, CommandsThatTakeWithoutEnd) {
  const Folder folder;
  folder.write("file", "x");
  struct Row {
    std::string kind;
    std::string said;  // what the host refuses with, or the sentence of the trap
  };
  const Row rows[] = {
      {"tcp", "had 256, then new-socket-limit\n"},
      {"udp", "had 256, then new-socket-limit\n"},
      {"connections", "had 127, then new-socket-limit\n"},
      {"lookups", "had 16, then temporary-resolver-failure\n"},
      {"directories", "had 1023, then quota\n"},
      {"files", "had 1023, then quota\n"},
      {"entries", "had 1024, then quota\n"},
      {"file-streams", "had 1024, then quota\n"},
      {"pollables", "error[E0409]: build/guests/hoard.wasm: the instance holds 100000 handles"},
      {"streams", "error[E0409]: build/guests/hoard.wasm: the instance holds 100000 handles"},
      {"preopens", "error[E0409]: build/guests/hoard.wasm: more open descriptors than this guest may hold"},
  };
  for (const auto& row : rows) {
    const auto outcome = wisp({"run", "--allow-dns", "--allow-listen", "--allow-host", "127.0.0.1", "--dir",
                               folder.path() + "::/data", guest("hoard"), row.kind});
    if (row.said.starts_with("had")) {
      EXPECT_EQ(outcome.status, 0) << row.kind;
      EXPECT_EQ(outcome.out, row.said) << row.kind << outcome.err;
    } else {
      EXPECT_EQ(outcome.status, 134) << row.kind;
      EXPECT_THAT(outcome.err, StartsWith(row.said)) << row.kind;
    }
  }
}

TEST(Abuse, HandlersThatTakeWithoutEnd) {
  const std::string kinds[] = {"handles", "fields", "clones", "emptied-fields", "bodies", "targets"};
  Server server({"--wasi", "informational-outbound-responses", guest("http-steps")});
  for (const auto& kind : kinds) {
    const auto target = "/trap/hoard-" + kind;
    EXPECT_EQ(get(server.port(), target).status, 502) << kind;
    EXPECT_EQ(get(server.port(), "/fields").body, "ok\n") << "after " << kind;
  }
  EXPECT_EQ(get(server.port(), "/trap/fields").status, 502);
  EXPECT_LT(peak_memory(server.process().id()), kMuchMemory);
  const auto err = server.stop().err;
  EXPECT_THAT(err, HasSubstr("error[E0409]: GET /trap/fields: "));
  for (const auto& kind : kinds) EXPECT_THAT(err, HasSubstr("error[E0409]: GET /trap/hoard-" + kind + ": "));
}

TEST(Abuse, RequestsSentWithoutEnd) {
  Server target({guest("http-echo")});
  const auto host = "127.0.0.1:" + std::to_string(target.port());
  Server server({"--wasi", "informational-outbound-responses", "--allow-host", host, guest("http-steps")});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(get(server.port(), "/hoard?host=" + host).body, "256\n");
    EXPECT_EQ(get(server.port(), "/fields").body, "ok\n");
    EXPECT_EQ(get(target.port(), "/instance").body, "1\n");
  }
}

}  // namespace
}  // namespace wisp::e2e
