#pragma once

#include "base/result.hpp"
#include "net/http/message.hpp"
#include "net/transport.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace wisp::net::http {

/// The Date of responses, formatted once a second. One a shard.
class DateCache {
 public:
  /// "Sun, 06 Nov 1994 08:49:37 GMT" of now.
  [[nodiscard]] std::string_view now() noexcept;

 private:
  std::int64_t second_ = -1;
  char text_[32] = {};
};

/// What a head says of its body and connection.
struct WireFraming {
  std::optional<std::uint64_t> length;  ///< Content-Length
  bool chunked = false;                 ///< Transfer-Encoding: chunked
  std::string_view connection;          ///< Connection, if not empty
};

/// The standard phrase of a status, or "".
[[nodiscard]] std::string_view reason_phrase(std::uint16_t status) noexcept;

/// Appends a response head. Fields that act on the connection and Content-Length are left out of head.fields
/// and come from `framing`; Date is added unless `date` is empty or there is one. Fails with
/// Errc::http_protocol on a name or value that cannot be sent, `out` then has no meaning.
[[nodiscard]] Result<> write_response_head(std::string& out, const ResponseHead& head,
                                           const WireFraming& framing, std::string_view date);

/// Appends a request head in origin form, Host first. Fails as above, and for a method, path or authority
/// that cannot be sent.
[[nodiscard]] Result<> write_request_head(std::string& out, const RequestHead& head,
                                          const WireFraming& framing);

/// Appends "1f4\r\n".
void write_chunk_size(std::string& out, std::size_t size);

/// Appends the last chunk, the trailers if not null, and the end. Fails as above, and for fields that frame
/// or route.
[[nodiscard]] Result<> write_last_chunk(std::string& out, const Fields* trailers);

/// Smaller pieces of a body are copied behind what stands before them: one buffer is cheaper to send.
inline constexpr std::size_t kAppendBelow = 4 << 10;

/// `out`, `data` and `tail` for one write. Valid while `out` does not change.
[[nodiscard]] WriteBuffers gather(std::string& out, std::span<const std::byte> data, std::string_view tail);

/// Leaves what follows the first `sent` bytes; whether nothing does.
[[nodiscard]] bool skip_sent(WriteBuffers& buffers, std::size_t sent) noexcept;

}  // namespace wisp::net::http
