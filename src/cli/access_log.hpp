#pragma once

#include "base/result.hpp"
#include "cli/terminal.hpp"
#include "net/http/server.hpp"

#include <chrono>
#include <string>

namespace wisp::cli {

/// `2026-11-21T09:00:00.123Z 127.0.0.1:54321 "GET /path HTTP/1.1" 200 13 0.412`: time, peer, request, status
/// (499: the client left), body bytes, milliseconds. Ends with a line break.
[[nodiscard]] std::string access_line(const net::http::AccessRecord& record,
                                      std::chrono::system_clock::time_point time);

/// The same as JSON; the keys are listed in docs/cli.md.
[[nodiscard]] std::string access_json(const net::http::AccessRecord& record,
                                      std::chrono::system_clock::time_point time);

/// Where lines about requests go: one write a line, so that those of several shards do not mix. Owned by
/// main(); used by all shards.
class AccessLog {
 public:
  /// `path`: "-" for stdout, else a file that is appended to. Errc::system.
  [[nodiscard]] static Result<AccessLog> open(const std::string& path, OutputFormat format);
  AccessLog(AccessLog&& other) noexcept;
  AccessLog& operator=(AccessLog&&) = delete;
  ~AccessLog();

  void write(const net::http::AccessRecord& record) const;

 private:
  AccessLog(int descriptor, OutputFormat format) : descriptor_(descriptor), format_(format) {}
  int descriptor_;  // -1: moved from
  OutputFormat format_;
};

}  // namespace wisp::cli
