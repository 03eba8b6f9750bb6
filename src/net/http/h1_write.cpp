#include "net/http/h1_write.hpp"

#include "net/http/h1_head.hpp"
#include "net/http/syntax.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace wisp::net::http {
namespace {

void write_number(std::string& out, std::uint64_t number, int base) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number, base);
  (void)error;  // twenty digits hold any 64-bit number
  out.append(digits, end);
}

Result<> write_field(std::string& out, std::string_view name, std::string_view value) {
  if (!is_token(name)) return fail(Errc::http_protocol, "\"{}\" is not a field name", name);
  if (!is_field_value(value)) return fail(Errc::http_protocol, "the value of {} cannot be sent", name);
  out.append(name).append(": ").append(value).append("\r\n");
  return {};
}

/// Returns whether Date was among them.
Result<bool> write_fields(std::string& out, const Fields& fields) {
  bool has_date = false;
  for (const auto [name, value] : fields) {
    if (same_name(name, "content-length") || is_connection_field(name)) continue;
    if (auto written = write_field(out, name, value); !written)
      return std::unexpected(std::move(written).error());
    has_date = has_date || same_name(name, "date");
  }
  return has_date;
}

void write_framing(std::string& out, const WireFraming& framing) {
  if (framing.length) {
    out.append("Content-Length: ");
    write_number(out, *framing.length, 10);
    out.append("\r\n");
  }
  if (framing.chunked) out.append("Transfer-Encoding: chunked\r\n");
  if (!framing.connection.empty()) out.append("Connection: ").append(framing.connection).append("\r\n");
}

}  // namespace

std::string_view DateCache::now() noexcept {
  timespec clock{};
  clock_gettime(CLOCK_REALTIME_COARSE, &clock);
  if (clock.tv_sec != second_) {
    second_ = clock.tv_sec;
    std::tm utc{};
    gmtime_r(&clock.tv_sec, &utc);
    static constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
    static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const auto text =
        fmt::format_to_n(text_, sizeof text_, "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                         kDays.substr(static_cast<std::size_t>(utc.tm_wday) * 3, 3), utc.tm_mday,
                         kMonths.substr(static_cast<std::size_t>(utc.tm_mon) * 3, 3), utc.tm_year + 1900,
                         utc.tm_hour, utc.tm_min, utc.tm_sec);
    (void)text;
  }
  return {text_, 29};
}

std::string_view reason_phrase(std::uint16_t status) noexcept {
  switch (status) {
    case 100:
      return "Continue";
    case 102:
      return "Processing";
    case 103:
      return "Early Hints";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 418:
      return "I'm a teapot";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 425:
      return "Too Early";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 451:
      return "Unavailable For Legal Reasons";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

Result<> write_response_head(std::string& out, const ResponseHead& head, const WireFraming& framing,
                             std::string_view date) {
  if (head.status == 200) {
    out.append("HTTP/1.1 200 OK\r\n");
  } else {
    if (head.status < 100 || head.status > 999)
      return fail(Errc::http_protocol, "{} is not a status", head.status);
    out.append("HTTP/1.1 ");
    write_number(out, head.status, 10);
    out.append(" ").append(reason_phrase(head.status)).append("\r\n");
  }
  const bool has_date = TRY(write_fields(out, head.fields));
  if (!has_date && !date.empty()) out.append("Date: ").append(date).append("\r\n");
  write_framing(out, framing);
  out.append("\r\n");
  return {};
}

Result<> write_request_head(std::string& out, const RequestHead& head, const WireFraming& framing) {
  if (!is_token(head.method)) return fail(Errc::http_protocol, "\"{}\" is not a method", head.method);
  if (head.method == "CONNECT") return fail(Errc::http_protocol, "CONNECT is not supported");
  const std::string_view path = head.path_with_query.empty() ? "/" : std::string_view(head.path_with_query);
  const bool rooted = path.front() == '/' || path.front() == '?' || (path == "*" && head.method == "OPTIONS");
  if (!rooted || !all_are(path, kTarget)) return fail(Errc::http_protocol, "\"{}\" is not a path", path);
  TRY(parse_authority(head.authority));
  out.append(head.method).append(" ");
  if (path.front() == '?') out.append("/");
  out.append(path).append(" HTTP/1.1\r\nHost: ").append(head.authority).append("\r\n");
  TRY(write_fields(out, head.fields));
  write_framing(out, framing);
  out.append("\r\n");
  return {};
}

void write_chunk_size(std::string& out, std::size_t size) {
  write_number(out, size, 16);
  out.append("\r\n");
}

Result<> write_last_chunk(std::string& out, const Fields* trailers) {
  out.append("0\r\n");
  if (trailers != nullptr) {
    for (const auto [name, value] : *trailers) {
      if (same_name(name, "content-length") || is_connection_field(name)) {
        return fail(Errc::http_protocol, "{} cannot be a trailer", name);
      }
      TRY(write_field(out, name, value));
    }
  }
  out.append("\r\n");
  return {};
}

WriteBuffers gather(std::string& out, std::span<const std::byte> data, std::string_view tail) {
  namespace asio = boost::asio;
  if (data.size() + tail.size() > kAppendBelow)
    return {asio::buffer(out), asio::buffer(data.data(), data.size()), asio::buffer(tail)};
  out.append(reinterpret_cast<const char*>(data.data()), data.size()).append(tail);
  return {asio::buffer(out)};
}

bool skip_sent(WriteBuffers& buffers, std::size_t sent) noexcept {
  bool all = true;
  for (auto& buffer : buffers) {
    const std::size_t step = std::min(sent, buffer.size());
    buffer += step;
    sent -= step;
    all = all && buffer.size() == 0;
  }
  return all;
}

}  // namespace wisp::net::http
