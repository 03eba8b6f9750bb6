#include "net/http/server_exchange.hpp"

namespace wisp::net::http {

void ServerExchange::start_over() noexcept {
  body_bytes_ = 0;
  response_bytes_ = 0;
  status_ = 0;
  lost_ = Lost::no;
  finished_ = false;
  aborted_ = false;
}

Result<> ServerExchange::may_begin(const ResponseHead& head) const {
  if (unreachable()) return gone();
  if (status_ != 0 || aborted_) return fail(Errc::http_protocol, "a response head was sent before");
  if (head.status < 200 || head.status > 999)
    return fail(Errc::http_protocol, "{} is no final status", head.status);
  return {};
}

Result<> ServerExchange::may_inform(const ResponseHead& head) const {
  if (head.status < 100 || head.status > 199 || head.status == 101)
    return fail(Errc::http_protocol, "{} is no interim status", head.status);
  if (unreachable()) return gone();
  if (status_ != 0 || aborted_) return fail(Errc::http_protocol, "a response head was sent before");
  return {};
}

void ServerExchange::begun(std::uint16_t status, BodySize size) noexcept {
  status_ = status;
  bodiless_ = is_bodiless(status, head_.method);
  response_known_ = size.is_known();
  response_left_ = size.bytes();
}

Result<std::span<const std::byte>> ServerExchange::admit(std::span<const std::byte> data) {
  if (status_ == 0) return fail(Errc::http_protocol, "the response head has not been sent");
  if (unreachable()) return gone();
  if (finished_ || aborted_) {
    if (lost_ != Lost::no) return gone();
    return fail(Errc::http_protocol, "the response has ended");
  }
  if (bodiless_) return std::span<const std::byte>();
  if (response_known_) {
    if (data.size() > response_left_) {
      return fail(Errc::http_protocol, "the response body exceeds the announced size by {} bytes",
                  data.size() - response_left_);
    }
    response_left_ -= data.size();
  }
  response_bytes_ += data.size();
  return data;
}

Result<> ServerExchange::check_first(BodySize size, std::span<const std::byte> data) {
  if (!size.is_known() || data.size() <= size.bytes()) return {};
  return fail(Errc::http_protocol, "the response body exceeds the announced size by {} bytes",
              data.size() - size.bytes());
}

Result<> ServerExchange::check_end() {
  if (!response_known_ || bodiless_ || response_left_ == 0) return {};
  abort();
  return fail(Errc::http_protocol, "the response body is {} bytes shorter than announced", response_left_);
}

Result<> ServerExchange::count_body(std::size_t bytes, const ServerLimits& limits) {
  body_bytes_ += bytes;
  if (limits.body_bytes == 0 || body_bytes_ <= limits.body_bytes) return {};
  return fail(Errc::http_limit, "the request body is larger than {} bytes", limits.body_bytes);
}

bool ServerExchange::note_lost(Lost why) noexcept {
  if (lost_ != Lost::no) return false;
  lost_ = why;
  disconnected_.fire();
  return true;
}

Unexpected ServerExchange::gone() const {
  switch (lost_) {
    case Lost::timed_out:
      return fail(Errc::connection, "the request took too long");
    case Lost::shut_down:
      return fail(Errc::connection, "the server shuts down");
    case Lost::no:
    case Lost::client_left:
      break;
  }
  return fail(Errc::connection, "the client has gone");
}

void ServerExchange::log(const ServerOptions& options) const {
  if (!options.access_log) return;
  options.access_log({.method = head_.method,
                      .path_with_query = head_.path_with_query,
                      .authority = head_.authority,
                      .version = head_.version,
                      .peer = peer(),
                      .status = status_ != 0 ? status_ : std::uint16_t{499},
                      .response_bytes = response_bytes_,
                      .duration = std::chrono::steady_clock::now() - began_});
}

}  // namespace wisp::net::http
