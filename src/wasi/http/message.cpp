#include "wasi/http/message.hpp"

#include <algorithm>

namespace wisp::wasi::http {

net::http::Fields take(SharedFields fields) {
  if (!fields) return {};
  // All of them are made as mutable objects (FieldMap::freeze, without_forbidden).
  if (fields.use_count() == 1) return std::move(const_cast<net::http::Fields&>(*fields));
  return *fields;
}

std::expected<std::optional<std::uint64_t>, std::monostate> content_length(const net::http::Fields& fields) {
  std::optional<std::uint64_t> out;
  for (const auto& [name, value] : fields) {
    if (!net::http::same_name(name, "content-length")) continue;
    const auto length = net::http::parse_content_length(value);
    if (!length || (out && *out != *length)) return std::unexpected(std::monostate{});
    out = length;
  }
  return out;
}

bool OutgoingRequest::count_text() noexcept {
  std::size_t bytes = method.capacity();
  for (const auto* text : {&scheme, &authority, &path_with_query}) {
    if (*text) bytes += (*text)->capacity();
  }
  return share.resize(bytes);
}

bool is_path_with_query(std::string_view text) noexcept {
  if (text.empty() || text == "*") return true;
  if (text.front() != '/' && text.front() != '?') return false;
  // What RFC 3986 leaves out but everybody sends (brackets, pipes, UTF-8) passes; what would end the request
  // line, or the target, does not.
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7F && c != '#';
  });
}

bool is_relative_target(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7F && !std::string_view("#<>`").contains(c);
  });
}

bool is_authority(std::string_view text) noexcept {
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    constexpr std::string_view kOther = "-._~%!$&'()*+,;=:";
    const auto allowed = [&](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kOther.contains(c);
    };
    if (!std::ranges::all_of(text.substr(0, at), allowed)) return false;
    text.remove_prefix(at + 1);
  }
  return !text.ends_with(':') && net::http::parse_authority(text).has_value();
}

bool is_scheme(std::string_view text) noexcept {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || !letter(text.front())) return false;
  return std::ranges::all_of(
      text, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; });
}

const SharedFields& IncomingRequest::fields() {
  if (!fields_) fields_ = without_forbidden(head_->fields);
  return fields_;
}

SharedFields IncomingRequest::take_fields() {
  static_cast<void>(fields());
  return std::exchange(fields_, nullptr);
}

std::shared_ptr<IncomingBody> IncomingRequest::take_body() {
  if (!taken_ && !body_) body_ = std::make_shared<IncomingBody>(loop_, nullptr);
  return take_body_if_any();
}

std::shared_ptr<IncomingBody> IncomingRequest::take_body_if_any() {
  taken_ = true;
  return std::move(body_);
}

void IncomingRequest::detach() {
  if (own_) return;
  own_ = std::make_unique<net::http::RequestHead>(*head_);
  head_ = own_.get();
}

}  // namespace wisp::wasi::http
