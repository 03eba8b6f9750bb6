#include "wasi/http/fields.hpp"

#include "net/http/exchange.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace wisp::wasi::http {

using net::http::Fields;

namespace {

constexpr std::array<std::string_view, 9> kForbidden{"connection",
                                                     "keep-alive",
                                                     "proxy-authenticate",
                                                     "proxy-authorization",
                                                     "proxy-connection",
                                                     "transfer-encoding",
                                                     "upgrade",
                                                     "host",
                                                     "http2-settings"};

/// Space around a value is no part of it (RFC 9110 §5.5), but guests get back what they gave.
std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

std::size_t cost(std::string_view name, std::string_view value) {
  return name.size() + value.size() + Fields::kFieldOverhead;
}

}  // namespace

bool is_forbidden_field(std::string_view name) noexcept {
  switch (name.size()) {
    case 4:
    case 7:
    case 10:
    case 14:
    case 16:
    case 17:
    case 18:
    case 19:
      return std::ranges::any_of(kForbidden,
                                 [&](std::string_view one) { return net::http::same_name(one, name); });
    default:
      return false;
  }
}

namespace {

bool is_clean(const Fields& fields) {
  return std::ranges::none_of(fields, [](const auto& field) { return is_forbidden_field(field.name); });
}

}  // namespace

std::shared_ptr<const Fields> without_forbidden(Fields&& fields) {
  if (is_clean(fields)) return std::make_shared<Fields>(std::move(fields));
  return without_forbidden(std::as_const(fields));
}

std::shared_ptr<const Fields> without_forbidden(const Fields& fields) {
  if (is_clean(fields)) return std::make_shared<Fields>(fields);
  auto kept = std::make_shared<Fields>(fields.max_bytes());
  for (const auto& [name, value] : fields) {
    // What came from `fields` fits again.
    if (!is_forbidden_field(name)) static_cast<void>(kept->add(name, value));
  }
  return kept;
}

std::shared_ptr<const Fields> counted(std::shared_ptr<const Fields> fields, Quota::Slot share) {
  if (!share.resize(fields->size_bytes())) return nullptr;
  struct Held {
    std::shared_ptr<const Fields> fields;
    Quota::Slot share;
  };
  const auto held = std::make_shared<const Held>(std::move(fields), std::move(share));
  return {held, held->fields.get()};
}

std::shared_ptr<const Fields> counted_without_forbidden(Fields&& fields, Quota::Slot share) {
  if (!is_clean(fields)) return counted(without_forbidden(std::as_const(fields)), std::move(share));
  if (!share.resize(fields.size_bytes())) return nullptr;
  struct Held {
    Fields fields;
    Quota::Slot share;
  };
  const auto held = std::make_shared<Held>(std::move(fields), std::move(share));
  return {held, &held->fields};
}

FieldMap::Outcome FieldMap::may_change(std::string_view name) const {
  if (!net::http::is_token(name)) return std::unexpected(HeaderError::invalid_syntax);
  if (is_forbidden_field(name)) return std::unexpected(HeaderError::forbidden);
  if (!is_mutable()) return std::unexpected(HeaderError::immutable);
  return {};
}

FieldMap::Outcome FieldMap::set(std::string_view name, std::span<const std::span<const std::byte>> values) {
  if (auto may = may_change(name); !may) return may;
  std::size_t bytes = own_.size_bytes();
  for (const auto& [other, value] : own_) {
    if (net::http::same_name(name, other)) bytes -= cost(other, value);
  }
  for (const auto& value : values) {
    const auto text = net::http::as_text(value);
    if (!net::http::is_field_value(trimmed(text))) return std::unexpected(HeaderError::invalid_syntax);
    bytes += cost(name, text);
  }
  if (bytes > own_.max_bytes() || !share_.resize(bytes)) return std::unexpected(HeaderError::size_exceeded);
  own_.remove(name);
  for (const auto& value : values) {
    if (!own_.add(name, net::http::as_text(value))) return std::unexpected(HeaderError::size_exceeded);
  }
  shrink();
  return {};
}

FieldMap::Outcome FieldMap::append(std::string_view name, std::span<const std::byte> value) {
  if (auto may = may_change(name); !may) return may;
  const auto text = net::http::as_text(value);
  if (!net::http::is_field_value(trimmed(text))) return std::unexpected(HeaderError::invalid_syntax);
  const std::size_t before = own_.size_bytes();
  if (!share_.resize(before + cost(name, text))) return std::unexpected(HeaderError::size_exceeded);
  if (own_.add(name, text)) return {};
  static_cast<void>(share_.resize(before));
  return std::unexpected(HeaderError::size_exceeded);
}

FieldMap::Outcome FieldMap::remove(std::string_view name) {
  if (auto may = may_change(name); !may) return may;
  own_.remove(name);
  shrink();
  return {};
}

/// After a removal: the quota counts what there is, so there must not be much more than that.
void FieldMap::shrink() {
  constexpr std::size_t kSlack = 256;
  static_cast<void>(share_.resize(own_.size_bytes()));
  if (own_.memory_bytes() > 2 * own_.size_bytes() + kSlack) own_.compact();
}

std::expected<FieldMap, HeaderError> FieldMap::clone(Quota::Slot share) const {
  if (!share.resize(fields().size_bytes())) return std::unexpected(HeaderError::size_exceeded);
  FieldMap out(std::move(share));
  // A peer's fields may be larger than what a guest can make; the copy then cannot grow.
  out.own_ = Fields(std::max(kMaxBytes, fields().size_bytes()));
  for (const auto& [name, value] : fields()) static_cast<void>(out.own_.add(name, value));
  return out;
}

std::shared_ptr<const Fields> FieldMap::freeze() {
  if (shared_) return shared_;
  if (std::ranges::any_of(own_, [](const auto& field) { return trimmed(field.value) != field.value; })) {
    Fields sent(own_.max_bytes());
    for (const auto& [name, value] : own_) static_cast<void>(sent.add(name, trimmed(value)));
    own_ = std::move(sent);
  }
  struct Held {
    Fields fields;
    Quota::Slot share;
  };
  const auto held = std::make_shared<Held>(std::move(own_), std::move(share_));
  shared_ = {held, &held->fields};
  return shared_;
}

}  // namespace wisp::wasi::http
