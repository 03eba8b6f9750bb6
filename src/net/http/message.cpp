#include "net/http/message.hpp"

#include "net/http/syntax.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace wisp::net::http {

bool same_name(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool is_token(std::string_view text) noexcept { return !text.empty() && all_are(text, kToken); }

bool is_field_value(std::string_view text) noexcept {
  if (text.empty()) return true;
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  return !blank(text.front()) && !blank(text.back()) && all_are(text, kFieldValue);
}

std::optional<std::uint64_t> parse_content_length(std::string_view text) noexcept {
  if (text.empty() || !all_are(text, kDigit)) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

Result<> Fields::add(std::string_view name, std::string_view value) {
  // Sizes are compared one by one, so no sum can wrap; all offsets fit 32 bits because max_bytes_ is held
  // below 4 GiB.
  const std::size_t left = std::min<std::size_t>(max_bytes_, UINT32_MAX) - live_bytes_;
  if (left < kFieldOverhead || name.size() > left - kFieldOverhead ||
      value.size() > left - kFieldOverhead - name.size()) {
    return fail(Errc::http_limit, "the fields would exceed {} bytes", max_bytes_);
  }
  if (text_.size() + name.size() + value.size() > 2 * std::size_t{max_bytes_}) {  // gaps that remove() left
    // The new field may be a view of this list, so the old text lives until it is copied.
    // NOLINTNEXTLINE(bugprone-unused-local-non-trivial-variable)
    const std::string old = pack();
    return add(name, value);
  }
  const std::size_t offset = text_.size();
  const bool inside = !text_.empty() && std::less_equal<>()(text_.data(), value.data()) &&
                      std::less<>()(value.data(), text_.data() + text_.size());
  const bool name_inside = !text_.empty() && std::less_equal<>()(text_.data(), name.data()) &&
                           std::less<>()(name.data(), text_.data() + text_.size());
  if (inside || name_inside) {
    const std::string name_copy(name);
    const std::string value_copy(value);
    text_.append(name_copy).append(value_copy);
  } else {
    text_.append(name).append(value);
  }
  entries_.push_back({.offset = static_cast<std::uint32_t>(offset),
                      .name_size = static_cast<std::uint32_t>(name.size()),
                      .value_size = static_cast<std::uint32_t>(value.size())});
  live_bytes_ += name.size() + value.size() + kFieldOverhead;
  return {};
}

std::string Fields::pack() {
  std::size_t size = 0;
  for (const Entry& entry : entries_) size += std::size_t{entry.name_size} + entry.value_size;
  std::string packed;
  packed.reserve(size);
  for (Entry& entry : entries_) {
    const std::size_t offset = packed.size();
    packed.append(text_, entry.offset, std::size_t{entry.name_size} + entry.value_size);
    entry.offset = static_cast<std::uint32_t>(offset);
  }
  return std::exchange(text_, std::move(packed));
}

void Fields::compact() {
  pack();
  entries_.shrink_to_fit();
}

std::size_t Fields::remove(std::string_view name) noexcept {
  std::size_t removed = 0;
  const auto gone = std::remove_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    if (!same_name(name, std::string_view(text_).substr(entry.offset, entry.name_size))) return false;
    live_bytes_ -= std::size_t{entry.name_size} + entry.value_size + kFieldOverhead;
    ++removed;
    return true;
  });
  entries_.erase(gone, entries_.end());
  if (entries_.empty()) text_.clear();
  return removed;
}

Result<> Fields::set(std::string_view name, std::string_view value) {
  const std::string name_copy(name);  // either may be a view of this list
  const std::string value_copy(value);
  remove(name_copy);
  return add(name_copy, value_copy);
}

std::optional<std::string_view> Fields::get(std::string_view name) const noexcept {
  for (const Entry& entry : entries_) {
    if (entry.name_size == name.size() && same_name(name, {text_.data() + entry.offset, entry.name_size})) {
      return std::string_view(text_.data() + entry.offset + entry.name_size, entry.value_size);
    }
  }
  return std::nullopt;
}

std::size_t Fields::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(begin(), end(), [&](const Field& field) { return same_name(field.name, name); }));
}

std::vector<std::string_view> Fields::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto [field_name, value] : *this) {
    if (same_name(field_name, name)) values.push_back(value);
  }
  return values;
}

Fields::Field Fields::at(std::size_t index) const noexcept {
  const Entry& entry = entries_[index];
  return {.name = {text_.data() + entry.offset, entry.name_size},
          .value = {text_.data() + entry.offset + entry.name_size, entry.value_size}};
}

void Fields::clear() noexcept {
  text_.clear();
  entries_.clear();
  live_bytes_ = 0;
}

std::string_view version_text(Version version) noexcept {
  switch (version) {
    case Version::http_1_0:
      return "HTTP/1.0";
    case Version::http_1_1:
      return "HTTP/1.1";
    case Version::http_2:
      return "HTTP/2";
  }
  return "";
}

void RequestHead::clear() noexcept {
  method.clear();
  scheme.clear();
  authority.clear();
  path_with_query.clear();
  fields.clear();
  version = Version::http_1_1;
}

namespace {

bool is_ipv6_text(std::string_view text) noexcept {
  return text.size() >= 2 && text.size() <= 45 && text.contains(':') &&
         std::ranges::all_of(text, [](char c) { return is(c, kHex) || c == ':' || c == '.'; });
}

}  // namespace

Result<Authority> parse_authority(std::string_view text) {
  const auto invalid = [&] {
    return fail(Errc::http_protocol, "\"{}\" is not a host with an optional port", text);
  };
  Authority authority;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || !is_ipv6_text(text.substr(1, close - 1))) return invalid();
    authority.host = text.substr(1, close - 1);
    authority.is_ipv6_literal = true;
    rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return invalid();
  } else {
    const std::size_t colon = text.find(':');
    authority.host = text.substr(0, colon);
    if (authority.host.empty() || !all_are(authority.host, kHost)) return invalid();
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (!rest.empty() && rest.size() > 1) {  // "host:" has an empty port, which is no port
    const auto port = parse_content_length(rest.substr(1));
    if (!port || *port > 65535) return invalid();
    authority.port = static_cast<std::uint16_t>(*port);
  }
  return authority;
}

}  // namespace wisp::net::http
