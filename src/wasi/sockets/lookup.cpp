#include "wasi/sockets/lookup.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <cstdint>

namespace wisp::wasi {

namespace ip = boost::asio::ip;

namespace {

// RFC 3492.
std::optional<std::string> punycode(const std::u32string& label) {
  constexpr std::uint32_t base = 36;
  constexpr std::uint32_t t_min = 1;
  constexpr std::uint32_t t_max = 26;
  std::string out;
  for (const char32_t c : label) {
    if (c < 0x80) out += static_cast<char>(c);
  }
  const auto basic = static_cast<std::uint32_t>(out.size());
  std::uint32_t handled = basic;
  if (basic > 0) out += '-';
  std::uint32_t n = 0x80;
  std::uint64_t delta = 0;
  std::uint32_t bias = 72;
  while (handled < label.size()) {
    std::uint32_t next = 0x110000;
    for (const char32_t c : label) {
      if (c >= n && c < next) next = c;
    }
    delta += static_cast<std::uint64_t>(next - n) * (handled + 1);
    if (delta > 0x7fffffff) return std::nullopt;
    n = next;
    for (const char32_t c : label) {
      if (c < n) ++delta;
      if (c != n) continue;
      std::uint64_t q = delta;
      for (std::uint32_t k = base;; k += base) {
        const std::uint32_t t = k <= bias ? t_min : std::min(k - bias, t_max);
        if (q < t) break;
        const auto digit = static_cast<std::uint32_t>(t + (q - t) % (base - t));
        out += static_cast<char>(digit < 26 ? 'a' + digit : '0' + digit - 26);
        q = (q - t) / (base - t);
      }
      out += static_cast<char>(q < 26 ? 'a' + q : '0' + q - 26);
      std::uint64_t d = handled == basic ? delta / 700 : delta / 2;
      d += d / (handled + 1);
      std::uint32_t k = 0;
      for (; d > ((base - t_min) * t_max) / 2; k += base) d /= base - t_min;
      bias = k + static_cast<std::uint32_t>((base - t_min + 1) * d / (d + 38));
      delta = 0;
      ++handled;
    }
    ++delta;
    ++n;
  }
  return out;
}

// One code point of valid UTF-8 (what a guest's string is).
char32_t decode(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) -> char32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0x80;
  };
  const char32_t first = byte(at);
  const std::size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
  char32_t value = more == 0 ? first : first & (0x3f >> more);
  for (std::size_t i = 1; i <= more; ++i) value = value << 6 | (byte(at + i) & 0x3f);
  at += more + 1;
  return value;
}

char lower(char32_t c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }

bool allowed(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

std::optional<std::string> ascii_label(std::string_view label) {
  std::u32string wide;
  bool ascii = true;
  for (std::size_t at = 0; at < label.size();) {
    const char32_t c = decode(label, at);
    ascii = ascii && c < 0x80;
    wide += c < 0x80 ? static_cast<char32_t>(lower(c)) : c;
  }
  for (const char32_t c : wide) {
    if (c < 0x80 && !allowed(static_cast<char>(c))) return std::nullopt;
  }
  std::string out(wide.begin(), wide.end());
  if (!ascii) {
    if (wide.size() > 63) return std::nullopt;
    auto encoded = punycode(wide);
    if (!encoded) return std::nullopt;
    out = "xn--" + *encoded;
  }
  if (out.empty() || out.size() > 63) return std::nullopt;
  return out;
}

std::optional<ip::address> literal(std::string_view name) {
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  boost::system::error_code error;
  auto address = ip::make_address(std::string(name), error);
  if (error) return std::nullopt;
  return address;
}

ip::address canonical(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  }
  return address;
}

SocketError lookup_error(Errc code) {
  switch (code) {
    case Errc::dns_not_found:
      return SocketError::name_unresolvable;
    case Errc::usage:
      return SocketError::invalid_argument;
    case Errc::dns:
    case Errc::no_capacity:
      return SocketError::temporary_resolver_failure;
    default:
      return SocketError::permanent_resolver_failure;
  }
}

}  // namespace

SocketResult<std::string> to_ascii_name(std::string_view name) {
  const auto bad = std::unexpected(SocketError::invalid_argument);
  if (name.empty() || name.size() > 1024 || name.find('\0') != name.npos) return bad;
  if (literal(name)) return std::string(name);
  std::string_view rest = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
  std::string out;
  std::string last;
  while (true) {
    const auto dot = rest.find('.');
    auto label = ascii_label(rest.substr(0, dot));
    if (!label) return bad;
    if (!out.empty()) out += '.';
    out += *label;
    last = std::move(*label);
    if (dot == rest.npos) break;
    rest.remove_prefix(dot + 1);
  }
  // "1.2.3" and "0x7f.1" are addresses to some resolvers; a name's last label is no number.
  const bool digits = std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
  if (digits || last.starts_with("0x") || out.size() > 253) return bad;
  return out;
}

SocketResult<std::shared_ptr<NameLookup>> NameLookup::start(boost::asio::io_context& loop,
                                                            std::shared_ptr<net::DnsPool> resolver,
                                                            std::shared_ptr<NetworkAccess> access,
                                                            std::string_view name) {
  auto ascii = to_ascii_name(name);
  if (!ascii) return std::unexpected(ascii.error());
  auto lookup = std::make_shared<NameLookup>();
  if (const auto address = literal(*ascii)) {
    // What is asked for is what is told: nobody learns anything by it.
    lookup->state_->result.emplace(Addresses{canonical(*address)});
    return lookup;
  }
  if (!access->may_look_up(*ascii)) return std::unexpected(SocketError::access_denied);
  if (!resolver) {
    lookup->state_->result.emplace(std::unexpected(SocketError::name_unresolvable));
    return lookup;
  }
  auto& pool = *resolver;
  auto finish = [state = lookup->state_, keep = std::move(resolver), access = std::move(access),
                 name = *ascii](std::exception_ptr failure, Result<std::vector<ip::address>> found) {
    if (failure) {
      state->result.emplace(std::unexpected(SocketError::permanent_resolver_failure));
    } else if (!found) {
      state->result.emplace(std::unexpected(lookup_error(found.error().code())));
    } else {
      for (auto& address : *found) address = canonical(address);
      access->learn(name, *found);
      state->result.emplace(std::move(*found));
    }
    state->changed.fire();
  };
  boost::asio::co_spawn(
      loop, pool.resolve(*ascii),
      boost::asio::bind_cancellation_slot(lookup->state_->cancel.slot(), std::move(finish)));
  return lookup;
}

NameLookup::~NameLookup() { state_->cancel.emit(boost::asio::cancellation_type::terminal); }

}  // namespace wisp::wasi
