#pragma once

#include "base/result.hpp"
#include "net/http/message.hpp"
#include "wasi/system/quota.hpp"

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string_view>

namespace wisp::wasi::http {

/// Why a mutation of fields was refused.
enum class HeaderError : std::uint8_t { invalid_syntax, forbidden, immutable, size_exceeded };

/// Names that a guest may neither set nor see: they belong to one connection, or name the target (that is the
/// authority).
[[nodiscard]] bool is_forbidden_field(std::string_view name) noexcept;

/// A copy without forbidden fields, for what came from a peer.
[[nodiscard]] std::shared_ptr<const net::http::Fields> without_forbidden(const net::http::Fields& fields);
[[nodiscard]] std::shared_ptr<const net::http::Fields> without_forbidden(net::http::Fields&& fields);

/// without_forbidden() and counted().
[[nodiscard]] std::shared_ptr<const net::http::Fields> counted_without_forbidden(net::http::Fields&& fields,
                                                                                 Quota::Slot share);

/// The same fields, which nobody else holds; they count as bytes of `share` for as long as somebody does.
/// Null: the quota does not have those bytes.
[[nodiscard]] std::shared_ptr<const net::http::Fields> counted(
    std::shared_ptr<const net::http::Fields> fields, Quota::Slot share);

/// Header or trailer fields as guests handle them: mutable until they become part of a message. Immutable
/// ones share their storage. Every mutation either happens whole or not at all. What mutable ones hold counts
/// as bytes of their guest's quota for as long as anybody holds it.
///
/// A value that moves; lives on the shard of its guest.
class FieldMap {
 public:
  using Outcome = std::expected<void, HeaderError>;

  /// Bytes that one FieldMap may hold, names, values and net::http::Fields::kFieldOverhead for each field
  /// together.
  static constexpr std::size_t kMaxBytes = net::http::Fields::kDefaultMaxBytes;

  /// Empty and mutable.
  FieldMap() = default;

  /// The same; `share` becomes as large as what it holds.
  explicit FieldMap(Quota::Slot share) noexcept : share_(std::move(share)) {}

  /// Immutable.
  explicit FieldMap(std::shared_ptr<const net::http::Fields> fields) noexcept : shared_(std::move(fields)) {}

  [[nodiscard]] bool is_mutable() const noexcept { return shared_ == nullptr; }
  [[nodiscard]] const net::http::Fields& fields() const noexcept { return shared_ ? *shared_ : own_; }

  /// Replaces all values of `name`; none deletes it. The name is checked, each value too.
  Outcome set(std::string_view name, std::span<const std::span<const std::byte>> values);
  Outcome append(std::string_view name, std::span<const std::byte> value);
  Outcome remove(std::string_view name);

  /// A deep copy that is mutable, and holds bytes of `share`. Size exceeded: they are not there.
  [[nodiscard]] std::expected<FieldMap, HeaderError> clone(Quota::Slot share = {}) const;

  /// Makes it immutable and shares what it holds, without the space around values, which is no part of them
  /// (RFC 9110 §5.5).
  [[nodiscard]] std::shared_ptr<const net::http::Fields> freeze();

 private:
  [[nodiscard]] Outcome may_change(std::string_view name) const;
  void shrink();

  Quota::Slot share_;
  net::http::Fields own_{kMaxBytes};
  std::shared_ptr<const net::http::Fields> shared_;  // set: immutable
};

}  // namespace wisp::wasi::http
