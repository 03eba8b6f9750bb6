#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wisp::net::http {

/// Whether `a` and `b` are the same field name (ASCII case does not count).
[[nodiscard]] bool same_name(std::string_view a, std::string_view b) noexcept;

/// A field name: 1*tchar (RFC 9110 §5.6.2).
[[nodiscard]] bool is_token(std::string_view text) noexcept;

/// A field value as we send and accept it: visible ASCII, space, tab and 0x80–0xFF; no other control, no
/// space at either end (RFC 9110 §5.5). Empty is fine.
[[nodiscard]] bool is_field_value(std::string_view text) noexcept;

/// `1*DIGIT` that fits 64 bits; nothing else, no sign, no list (RFC 9110 §8.6).
[[nodiscard]] std::optional<std::uint64_t> parse_content_length(std::string_view text) noexcept;

/// The fields of a head or of trailers: an ordered list of name and value, names in the casing they came
/// with, looked up without regard to it. All text lies in one buffer that clear() keeps, so that a list used
/// again allocates nothing.
///
/// Views handed out end at the next call that is not const. A plain value: copy and move freely.
class Fields {
 public:
  /// What one field counts for beyond its bytes, as HPACK counts (RFC 7541 §4.1).
  static constexpr std::size_t kFieldOverhead = 32;

  struct Field {
    std::string_view name;
    std::string_view value;
  };

  /// Iterates Fields in order.
  class Iterator {
   public:
    using value_type = Field;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Field operator*() const noexcept { return fields_->at(index_); }
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++index_;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.index_ == b.index_; }

   private:
    friend class Fields;
    Iterator(const Fields* fields, std::size_t index) noexcept : fields_(fields), index_(index) {}
    const Fields* fields_ = nullptr;
    std::size_t index_ = 0;
  };

  /// What max_bytes() is if nobody says.
  static constexpr std::size_t kDefaultMaxBytes = std::size_t{128} << 10;

  Fields() noexcept : Fields(kDefaultMaxBytes) {}
  /// `max_bytes` bounds size_bytes().
  explicit Fields(std::size_t max_bytes) noexcept : max_bytes_(max_bytes) {}

  /// Appends a field. Syntax is the caller's business (is_token, is_field_value); the HTTP/1 writer and
  /// nghttp2 refuse what they cannot send. Fails with Errc::http_limit when the budget would be exceeded.
  [[nodiscard]] Result<> add(std::string_view name, std::string_view value);

  /// Removes all fields of that name; returns how many there were.
  std::size_t remove(std::string_view name) noexcept;

  /// remove(), then add().
  [[nodiscard]] Result<> set(std::string_view name, std::string_view value);

  /// The first value of that name.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept;

  [[nodiscard]] bool contains(std::string_view name) const noexcept { return get(name).has_value(); }
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] Field at(std::size_t index) const noexcept;
  [[nodiscard]] Iterator begin() const noexcept { return {this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {this, entries_.size()}; }

  /// Names and values, plus kFieldOverhead for each field.
  [[nodiscard]] std::size_t size_bytes() const noexcept { return live_bytes_; }
  [[nodiscard]] std::size_t max_bytes() const noexcept { return max_bytes_; }

  /// Bytes of memory it holds, those that removed fields have left included.
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return text_.capacity() + entries_.capacity() * sizeof(Entry);
  }
  /// Makes room for that much more.
  void reserve(std::size_t bytes, std::size_t fields) {
    text_.reserve(text_.size() + bytes);
    entries_.reserve(entries_.size() + fields);
  }
  /// Gives back what it does not need.
  void compact();

  /// Forgets the fields and keeps the memory.
  void clear() noexcept;

 private:
  struct Entry {
    std::uint32_t offset;  // of the name in text_; the value follows it
    std::uint32_t name_size;
    std::uint32_t value_size;
  };

  /// Leaves no gaps in the text; returns the old one.
  std::string pack();

  std::string text_;
  std::vector<Entry> entries_;
  std::size_t live_bytes_ = 0;
  std::size_t max_bytes_;
};

enum class Version : std::uint8_t { http_1_0, http_1_1, http_2 };

/// "HTTP/1.1".
[[nodiscard]] std::string_view version_text(Version version) noexcept;

/// The head of a request. On the server side: what the fields Host, Connection, Expect, Keep-Alive,
/// Proxy-Connection, Transfer-Encoding, Upgrade and HTTP2-Settings said has been acted upon and they are not
/// in `fields`, nor are fields named by Connection, so the head looks the same over HTTP/1 and HTTP/2. On the
/// client side they are dropped if present.
struct RequestHead {
  std::string method;     ///< a token, case counts
  std::string scheme;     ///< "http" or "https"; server side: how the connection is made
  std::string authority;  ///< host[:port]; never empty on the server side except for HTTP/1.0 without Host
  std::string path_with_query;  ///< "/a?b"; "*" for OPTIONS *; the client takes "" as "/"
  Fields fields;
  Version version = Version::http_1_1;

  /// Forgets everything and keeps the memory.
  void clear() noexcept;
};

/// The head of a response. The fields named above are dropped when it is sent, and so is Content-Length,
/// which comes from BodySize. The server adds Date if there is none.
struct ResponseHead {
  std::uint16_t status = 200;
  Fields fields;
};

/// How a body is framed.
class BodySize {
 public:
  /// No body; the head says so where it must (Content-Length: 0).
  static constexpr BodySize none() noexcept { return known(0); }
  /// Exactly `bytes`: writing more fails, finishing with less aborts. For HEAD and 304 the length is only
  /// announced.
  static constexpr BodySize known(std::uint64_t bytes) noexcept { return BodySize(bytes, Kind::known); }
  /// Streamed: chunked in HTTP/1.1, until close in HTTP/1.0, frames in HTTP/2.
  static constexpr BodySize unknown() noexcept { return BodySize(0, Kind::unknown); }

  [[nodiscard]] constexpr bool is_known() const noexcept { return kind_ == Kind::known; }
  [[nodiscard]] constexpr std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  enum class Kind : std::uint8_t { known, unknown };
  constexpr BodySize(std::uint64_t bytes, Kind kind) noexcept : bytes_(bytes), kind_(kind) {}
  std::uint64_t bytes_;
  Kind kind_;
};

/// host[:port] of an authority: "a.b:80", "[::1]:80". Userinfo, an empty host, a port that is not 0–65535 or
/// characters a host cannot have make it invalid.
struct Authority {
  std::string host;  ///< without brackets
  std::optional<std::uint16_t> port;
  bool is_ipv6_literal = false;
};
/// Fails with Errc::http_protocol.
[[nodiscard]] Result<Authority> parse_authority(std::string_view text);

}  // namespace wisp::net::http
