#pragma once

#include "net/http/server_state.hpp"

#include <chrono>
#include <cstdint>
#include <span>

namespace wisp::net::http {

/// Whether a response has no body, whatever its handler writes (RFC 9110 §6.4.1).
[[nodiscard]] constexpr bool is_bodiless(std::uint16_t status, std::string_view method) noexcept {
  return status == 204 || status == 304 || method == "HEAD";
}

/// The Content-Length of a response: none for 204, for a body of unknown size, and for a 304 that announces
/// nothing.
[[nodiscard]] constexpr std::optional<std::uint64_t> announced_length(std::uint16_t status,
                                                                      BodySize size) noexcept {
  if (!size.is_known() || status == 204 || (size.bytes() == 0 && status == 304)) return std::nullopt;
  return size.bytes();
}

/// What both protocols know of a request they serve: what the response may still send, who is still there,
/// what the access log wants to know.
///
/// A connection of HTTP/1 is the exchange of one request after the other, a stream of HTTP/2 that of one.
class ServerExchange : public Exchange {
 public:
  const RequestHead& head() const noexcept final { return head_; }
  bool head_sent() const noexcept final { return status_ != 0; }
  Lost lost() const noexcept final { return lost_; }
  Signal& disconnected() noexcept final { return disconnected_; }

 protected:
  ServerExchange() = default;
  ~ServerExchange() = default;

  /// Forgets the response before.
  void start_over() noexcept;

  /// Whether nothing that is written can reach the client.
  [[nodiscard]] virtual bool unreachable() const noexcept = 0;

  /// Whether `head` can be a final response's now.
  [[nodiscard]] Result<> may_begin(const ResponseHead& head) const;
  /// Whether `head` can be an interim response's now.
  [[nodiscard]] Result<> may_inform(const ResponseHead& head) const;
  /// The final head is on its way.
  void begun(std::uint16_t status, BodySize size) noexcept;

  /// What of `data` is to be sent: all, nothing where a body has no place, or an error beyond a known size.
  [[nodiscard]] Result<std::span<const std::byte>> admit(std::span<const std::byte> data);
  /// Whether `data` fits a body of `size`, before its head is sent.
  [[nodiscard]] static Result<> check_first(BodySize size, std::span<const std::byte> data);
  /// Whether all that was announced has been written; fails, and aborts, if not.
  [[nodiscard]] Result<> check_end();

  /// Counts bytes of the request's body. Errc::http_limit beyond `limits`.
  [[nodiscard]] Result<> count_body(std::size_t bytes, const ServerLimits& limits);

  /// Nobody waits any more, the first reason counts. False if that was known.
  bool note_lost(Lost why) noexcept;
  /// The error that says why nobody waits.
  [[nodiscard]] Unexpected gone() const;

  void log(const ServerOptions& options) const;

  RequestHead head_;
  std::uint64_t body_bytes_ = 0;     // read of the request
  std::uint64_t response_left_ = 0;  // of a known size
  std::uint64_t response_bytes_ = 0;
  std::chrono::steady_clock::time_point began_;
  std::uint16_t status_ = 0;  // of the head that was sent; 0: none yet
  Lost lost_ = Lost::no;
  bool response_known_ = false;
  bool bodiless_ = false;  // bytes are swallowed
  bool finished_ = false;
  bool aborted_ = false;
  bool continue_due_ = false;  // the client waits for "100 Continue"

 private:
  Signal disconnected_;
};

}  // namespace wisp::net::http
