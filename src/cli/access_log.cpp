#include "cli/access_log.hpp"

#include "cli/address.hpp"
#include "cli/json.hpp"
#include "cli/text.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <unistd.h>
#include <boost/json/object.hpp>

#include <cerrno>
#include <system_error>

namespace wisp::cli {
namespace {

std::string timestamp(std::chrono::system_clock::time_point time) {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  return fmt::format("{:%FT%T}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(seconds.count())),
                     (since - seconds).count());
}

double milliseconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

/// A request target holds no quotes, spaces or line breaks by its grammar; what breaks that must not look
/// like another field.
std::string field(std::string_view text) {
  std::string out;
  for (const char character : printable(text)) {
    if (character == '"' || character == ' ' || character == '\n') {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(character));
    } else {
      out += character;
    }
  }
  return out;
}

std::string peer_text(const boost::asio::ip::tcp::endpoint& peer) {
  return fmt::format("{}:{}", url_host(peer.address().to_string()), peer.port());
}

}  // namespace

std::string access_line(const net::http::AccessRecord& record, std::chrono::system_clock::time_point time) {
  return fmt::format("{} {} \"{} {} {}\" {} {} {:.3f}\n", timestamp(time), peer_text(record.peer),
                     field(record.method), field(record.path_with_query), version_text(record.version),
                     record.status, record.response_bytes, milliseconds(record.duration));
}

std::string access_json(const net::http::AccessRecord& record, std::chrono::system_clock::time_point time) {
  return json_line(boost::json::object{{"time", timestamp(time)},
                                       {"peer", peer_text(record.peer)},
                                       {"method", json_text(record.method)},
                                       {"path", json_text(record.path_with_query)},
                                       {"authority", json_text(record.authority)},
                                       {"version", version_text(record.version)},
                                       {"status", record.status},
                                       {"bytes", record.response_bytes},
                                       {"duration_ms", milliseconds(record.duration)}});
}

Result<AccessLog> AccessLog::open(const std::string& path, OutputFormat format) {
  const int descriptor = path == "-" ? ::dup(STDOUT_FILENO)
                                     : ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0)
    return fail(Errc::system, "the access log {} cannot be written: {}", path,
                std::generic_category().message(errno));
  return AccessLog(descriptor, format);
}

AccessLog::AccessLog(AccessLog&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), format_(other.format_) {}

AccessLog::~AccessLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void AccessLog::write(const net::http::AccessRecord& record) const {
  const auto now = std::chrono::system_clock::now();
  const auto line = format_ == OutputFormat::json ? access_json(record, now) : access_line(record, now);
  // A log that cannot be written must not stop the service.
  static_cast<void>(Terminal(descriptor_, false, Colour::off).write(line));
}

}  // namespace wisp::cli
