#include "net/http/h2_server.hpp"

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

// The exchange of a stream of HTTP/2: the body of its request, and its response. How streams come and go is
// in h2_server.cpp.
namespace wisp::net::http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kCopyBelow = 16
                                   << 10;  // smaller bodies are copied, so that their handler need not wait

}  // namespace

// --- request body

std::optional<std::uint64_t> H2ServerStream::body_size() const noexcept {
  if (!has_body_) return 0;
  const auto text = head_.fields.get("content-length");
  return text ? parse_content_length(*text) : std::nullopt;
}

const Fields* H2ServerStream::trailers() const noexcept {
  return received_all_ && !trailers_.empty() ? &trailers_ : nullptr;
}

asio::awaitable<Result<std::span<const std::byte>>> H2ServerStream::read_body(std::size_t max) {
  const ServerLimits& limits = connection_.server().options.limits;
  if (std::exchange(continue_due_, false) && status_ == 0 && !received_all_) {
    CO_TRY(co_await send_informational({.status = 100}));
  }
  if (lost_ == Lost::timed_out || lost_ == Lost::shut_down) co_return gone();
  switch (co_await wait_for_bytes(limits.body_timeout)) {
    case More::end:
      co_return std::span<const std::byte>();
    case More::bytes:
      break;
    case More::closed:
      note_lost(Lost::client_left);
      co_return gone();
    case More::timed_out:
      if (status_ == 0) {
        answer(408, "the body took too long");
      } else {
        abort();
      }
      note_lost(Lost::timed_out);
      co_return fail(Errc::timeout, "the client sent nothing for {} ms", limits.body_timeout.count());
    case More::cancelled:
      if (lost_ != Lost::no) co_return gone();
      co_return fail(Errc::cancelled, "reading the request was cancelled");
  }
  const std::span<const std::byte> piece = next_piece(max);
  if (auto fits = count_body(piece.size(), limits); !fits) {
    if (status_ == 0) answer(413, "");
    co_return std::unexpected(std::move(fits).error());
  }
  co_return piece;
}

// --- response

Result<> H2ServerStream::submit_head(const ResponseHead& head, BodySize size) {
  return submit(head, size, nullptr);
}

Result<> H2ServerStream::submit_whole(const ResponseHead& head, std::span<const std::byte> body) {
  TRY(submit(head, BodySize::known(body.size()), &body));
  if (!bodiless_) response_bytes_ = body.size();
  return {};
}

Result<> H2ServerStream::submit(const ResponseHead& head, BodySize size,
                                const std::span<const std::byte>* whole) {
  TRY(may_begin(head));
  H2Fields fields;
  fields.pseudo(":status", fmt::format_int(head.status).c_str());
  TRY(fields.add(head.fields, H2Fields::Sizes::drop));
  if (!head.fields.contains("date")) fields.add("date", connection_.server().date.now());
  if (const auto length = announced_length(head.status, size))
    fields.add("content-length", fmt::format_int(*length).c_str());
  const bool no_body = is_bodiless(head.status, head_.method) || (size.is_known() && size.bytes() == 0);
  if (whole != nullptr && !no_body) preset_body(*whole);
  TRY(connection_.submit_response(*this, fields, no_body ? H2Session::Body::none : H2Session::Body::follows));
  begun(head.status, size);
  finished_ = whole != nullptr;
  return {};
}

asio::awaitable<Result<>> H2ServerStream::send(std::span<const std::byte> data) {
  if (data.empty()) co_return Result<>();
  Sent sent = Sent::cancelled;
  try {
    sent = co_await send_data(data, connection_.server().options.limits.write_timeout);
  } catch (...) {
    abort();
    throw;
  }
  switch (sent) {
    case Sent::all:
      co_return Result<>();
    case Sent::closed:
      note_lost(Lost::client_left);
      break;
    case Sent::timed_out:
      abort();
      note_lost(Lost::timed_out);
      break;
    case Sent::cancelled:
      abort();
      if (lost_ == Lost::no) co_return fail(Errc::cancelled, "writing was cancelled");
      break;
  }
  co_return gone();
}

asio::awaitable<Result<>> H2ServerStream::respond(const ResponseHead& head, std::span<const std::byte> body) {
  if (body.size() <= kCopyBelow || is_bodiless(head.status, head_.method)) co_return submit_whole(head, body);
  CO_TRY(submit_head(head, BodySize::known(body.size())));
  CO_TRY(admit(body));
  CO_TRY(co_await send(body));
  co_return co_await finish(nullptr);
}

asio::awaitable<Result<>> H2ServerStream::send_informational(const ResponseHead& head) {
  CO_TRY(may_inform(head));
  if (head.status == 100) continue_due_ = false;
  H2Fields fields;
  fields.pseudo(":status", fmt::format_int(head.status).c_str());
  CO_TRY(fields.add(head.fields, H2Fields::Sizes::drop));
  co_return connection_.submit_informational(*this, fields);
}

asio::awaitable<Result<>> H2ServerStream::send_head(const ResponseHead& head, BodySize size) {
  co_return submit_head(head, size);
}

asio::awaitable<Result<>> H2ServerStream::send_head_and_write(const ResponseHead& head, BodySize size,
                                                              std::span<const std::byte> data) {
  CO_TRY(check_first(size, data));
  CO_TRY(submit_head(head, size));
  const std::span<const std::byte> admitted = CO_TRY(admit(data));
  co_return co_await send(admitted);
}

asio::awaitable<Result<>> H2ServerStream::write(std::span<const std::byte> data) {
  const std::span<const std::byte> admitted = CO_TRY(admit(data));
  co_return co_await send(admitted);
}

asio::awaitable<Result<>> H2ServerStream::finish(const Fields* trailers) {
  CO_TRY(admit({}));
  CO_TRY(check_end());
  H2Fields to_send;
  if (trailers != nullptr) {
    if (auto added = to_send.add(*trailers, H2Fields::Sizes::keep);
        !added || trailers->contains("content-length")) {
      abort();
      co_return fail(Errc::http_protocol, "the trailers cannot be sent");
    }
  }
  finished_ = true;
  if (!bodiless_ && !(response_known_ && response_bytes_ == 0)) send_end(std::move(to_send));
  co_return Result<>();
}

void H2ServerStream::abort() noexcept {
  if (finished_ || aborted_) return;
  aborted_ = true;
  reset(NGHTTP2_INTERNAL_ERROR);
}

void H2ServerStream::answer(std::uint16_t status, std::string_view reason) noexcept {
  const std::string body = error_text(status, reason);
  ResponseHead head{.status = status};
  if (!head.fields.add("content-type", "text/plain")) return;
  if (!submit_whole(head, std::as_bytes(std::span(body)))) reset(NGHTTP2_INTERNAL_ERROR);
}

}  // namespace wisp::net::http
